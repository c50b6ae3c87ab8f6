"""Alerting beside a worker, or beside a store that workers elsewhere write: one thread evaluates.

It looks at what the store holds, at each rule as often as is worth it, and at all of them for no more than a
third of the time: soon after something was written, and again after a while. It asks nothing of the worker
and takes nothing from it, so that neither waits for the other.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol
from uuid import UUID

import structlog

from touchline.alerts import AlertsFile
from touchline.alerts.addresses import routed
from touchline.alerts.policy import expected
from touchline.alerts.watch import pace
from touchline.runtime.alerting.channel import ChannelThread
from touchline.runtime.alerting.evaluation import Evaluation
from touchline.runtime.alerting.outbox import Outbox
from touchline.runtime.alerting.queries import Ask, Replying, asking
from touchline.store import StoreError, StoreUnavailable
from touchline.tables import AlertRow

logger = structlog.get_logger(__name__)

PAUSE_SECONDS = 2.0
IDLE_SECONDS = 30.0
FIRING_SECONDS = 5.0
"""How long the store is left alone while something fires, which may be over."""

REST = 2.0
"""It rests at least this many times as long as an evaluation took."""

LONGEST_REST = 60.0


class AlertStore(Replying, Protocol):
    """What alerting needs of a store: answers, and a way to append rows."""

    def insert(self, table: str, columns: dict[str, Sequence[object]], token: str) -> None: ...


class Watching(Protocol):
    """What alerting counts; see `metrics`."""

    def evaluated(self, alerts: Sequence[AlertRow], seconds: float) -> None: ...
    def failed(self) -> None: ...
    def told(self, channel: str, taken: bool) -> None: ...


class Alerting:
    """Evaluates and tells until it is stopped.

    Args:
        store: Read and written; workers write its frictions and events.
        file: Rules, channels and routes.
        url: The address of the live page, for links.
        known: Up to when (ms) all that came is in the store; None while that is not known.
        watching: Counts what is done.
        owns: Whether it is for this process to write and to tell anything.
        idle: How long (s) the store is left alone where nobody says that it was written.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        store: AlertStore,
        file: AlertsFile,
        *,
        url: str,
        known: Callable[[], int | None],
        watching: Watching,
        owns: Callable[[], bool] = lambda: True,
        idle: float = IDLE_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._idle = idle
        self._store, self._file, self._url, self._known = store, file, url.rstrip("/"), known
        self._watching, self._owns, self._clock = watching, owns, clock
        self._ask: Ask = asking(store)
        self._evaluation = Evaluation(self._ask, self._insert, file.rules)
        self._due: dict[str, float] = {}
        self._current: Mapping[UUID, AlertRow] = {}
        self._channels: list[ChannelThread] = []
        self._outbox: Outbox | None = None
        self._stopping, self._wake = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="touchline-alerts", daemon=True)

    def start(self) -> None:
        """Begin to evaluate."""
        self._thread.start()

    def touched(self) -> None:
        """Something was written to the store."""
        self._wake.set()

    def stop(self, timeout: float) -> None:
        """End after what is under way, at most `timeout` seconds later."""
        self._stopping.set()
        self._wake.set()
        give_up_at = time.monotonic() + timeout
        for channel in self._channels:
            channel.ask_to_stop()
        if self._thread.ident is not None:
            self._thread.join(max(0.0, give_up_at - time.monotonic()))
        for channel in self._channels:
            channel.join(max(0.0, give_up_at - time.monotonic()))

    def evaluate(self, now: int, known: int | None = None) -> None:
        """Bring the alerts of the rules that are due up to date, and have the channels told.

        Args:
            now: The evaluation time (ms).
            known: Up to when (ms) all that came is stored; `now` if not given.

        Raises:
            StoreError: the store does not answer, or takes nothing.
        """
        outbox = self._outbox = self._outbox or Outbox(self._ask, self._insert)
        began = time.monotonic()
        due = [rule.id for rule in self._file.rules if self._due.get(rule.id, began) <= began]
        found = self._evaluation.evaluate(
            now,
            self._now(),
            known=known,
            due=due,
            announce=lambda firing: self._announce(outbox, firing),
            unfinished=outbox.unfinished(self._file.channels),
        )
        self._due |= {rule.id: began + pace(rule) / 1000 for rule in self._file.rules if rule.id in due}
        current: dict[UUID, AlertRow] = {}
        for row in sorted(found.alerts, key=lambda row: (row.status != "retracted", row.opened_at)):
            current[row.fingerprint] = row
        self._current = current
        self._watching.evaluated(found.alerts, time.monotonic() - began)
        if not self._channels and not self._stopping.is_set():
            self._open_channels(outbox)
        for channel in self._channels:
            channel.wake()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            began = time.monotonic()
            try:
                if (known := self._known()) is not None:
                    self.evaluate(self._now(), known)
            except StoreError as error:
                self._watching.failed()
                logger.warning("alerts.retry", why=str(error))
            except Exception:
                # It must not end what takes events in, and the next evaluation begins from the store alone.
                self._watching.failed()
                logger.exception("alerts.failed")
            rest = min(max(PAUSE_SECONDS, REST * (time.monotonic() - began)), LONGEST_REST)
            self._stopping.wait(rest)
            firing = any(row.status == "firing" for row in self._current.values())
            self._wake.wait(min(self._idle, FIRING_SECONDS) if firing else self._idle)
            self._stopping.wait(min(self._due.values(), default=0.0) - time.monotonic())

    def _insert(self, table: str, columns: dict[str, Sequence[object]], token: str) -> None:
        if not self._owns():
            raise StoreUnavailable("another process evaluates the alert rules by now")
        self._store.insert(table, columns, token)

    def _now(self) -> int:
        return int(self._clock() * 1000)

    def _announce(self, outbox: Outbox, firing: Sequence[AlertRow]) -> None:
        """Write down which channels have to be told of what fires."""
        rows = []
        for alert in firing:
            for channel in sorted(routed(alert.rule, alert.severity, self._file.routes, self._file.channels)):
                row = expected(alert, outbox.get(channel, alert.fingerprint), channel)
                if row is not None:
                    rows.append(row)
        if rows:
            outbox.expect(rows)

    def _open_channels(self, outbox: Outbox) -> None:
        rules = {rule.id: rule for rule in self._file.rules}
        self._channels = [
            ChannelThread(
                name,
                address,
                rules,
                outbox,
                lambda: self._current,
                self._url,
                self._watching.told,
                self._owns,
                self._clock,
            )
            for name, address in self._file.channels.items()
        ]
        for channel in self._channels:
            channel.start()
