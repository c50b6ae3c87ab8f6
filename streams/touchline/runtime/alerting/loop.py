"""The loop of alerting: one thread evaluates the alert rules, and each channel has its own thread.

It reads the store alone, so neither the loop nor a worker waits for the other. It evaluates soon after a
write, and again after a pause; each rule at its own pace, and all of them for at most a third of the time.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from touchline.alerts import AlertsFile
from touchline.alerts.addresses import routed
from touchline.alerts.detection import pace
from touchline.alerts.life.outgrown import ends_of_outgrown
from touchline.alerts.life.reading import acts_about
from touchline.alerts.life.situation import Situation
from touchline.alerts.messages.message import Origin
from touchline.alerts.policy import first_row
from touchline.engine.batch import columns
from touchline.runtime.alerting.causes import Causes, Explain
from touchline.runtime.alerting.channel import ChannelThread, Delivery
from touchline.runtime.alerting.evaluation import Evaluation
from touchline.runtime.alerting.followups import FollowUps
from touchline.runtime.alerting.ledger import Ledger
from touchline.runtime.alerting.outbox import Outbox
from touchline.runtime.alerting.queries import Queryable, query_of
from touchline.store import StoreError, StoreUnavailable
from touchline.tables import AlertRow
from touchline.vocabulary.moments import UTC

logger = structlog.get_logger(__name__)

PAUSE_SECONDS = 2.0
IDLE_SECONDS = 30.0
FIRING_SECONDS = 5.0
"""The longest pause while an incident fires: it may be over."""

REST = 2.0
"""The pause after an evaluation, as a multiple of its duration."""

LONGEST_REST = 60.0


class AlertStore(Queryable, Protocol):
    """What alerting needs of a store: queries and inserts."""

    def insert(self, table: str, columns: dict[str, Sequence[object]], token: str) -> None: ...


class Metrics(Protocol):
    """What alerting counts; see `AlertMetrics`."""

    def evaluated(self, alerts: Sequence[AlertRow], seconds: float) -> None: ...
    def failed(self) -> None: ...
    def attempted(self, channel: str, taken: bool) -> None: ...


class Alerting:
    """Evaluates rules and notifies channels until it is stopped.

    Args:
        store: Holds events and frictions; alerting writes incidents and the outbox.
        file: Rules, channels and routes.
        zone: The time zone of texts.
        url: The address of the live page as receivers reach it; empty for notifications without links.
        link_key: What links to act are signed with; empty for notifications without such links.
        known: Returns the time (ms) up to which all received events are stored; None if unknown.
        metrics: Counts evaluations and notifications.
        owns: Whether this process may write and notify.
        idle: The longest pause (s) without a call of `touched`.
        explain: Explains incidents in a thread of its own; None to leave causes out.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        store: AlertStore,
        file: AlertsFile,
        *,
        url: str,
        zone: str = UTC,
        link_key: bytes = b"",
        known: Callable[[], int | None],
        metrics: Metrics,
        owns: Callable[[], bool] = lambda: True,
        idle: float = IDLE_SECONDS,
        explain: Explain | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._idle = idle
        self._store, self._file, self._known = store, file, known
        self._origin = Origin(
            url.rstrip("/"), file.labels, zone, explains=explain is not None, templates=file.messages
        )
        self._link_key = link_key
        self._metrics, self._owns, self._clock = metrics, owns, clock
        self._query = query_of(store)
        self._causes = None if explain is None else Causes(explain, self._take_causes)
        self._evaluation = Evaluation(self._query, self._insert, file.rules, zone, causes=self._causes)
        self._rules = {rule.id: rule for rule in file.rules}
        self._due: dict[str, float] = {}
        self._followups = FollowUps(self._query, self._rules, zone)
        self._ledger = Ledger(self._query, self._insert, self._rules)
        self._situation = Situation(self._rules, file.routes, file.plan, (), (), 0)
        self._channels: list[ChannelThread] = []
        self._outbox: Outbox | None = None
        self._stopping, self._wake = threading.Event(), threading.Event()
        self._hurry = threading.Event()
        """Set if the next evaluation does not wait until a rule is due."""
        self._thread = threading.Thread(target=self._run, name="touchline-alerts", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        if self._file.channels and not self._origin.url:
            logger.warning("alerts.without_links", write="set public_url to the address of the live page")
        self._thread.start()

    def touched(self) -> None:
        """Evaluate soon: the store was written."""
        self._wake.set()

    def stop(self, timeout: float) -> None:
        """Stop after the current evaluation and messages; wait at most `timeout` seconds."""
        self._stopping.set()
        self._wake.set()
        self._hurry.set()
        if self._causes is not None:
            self._causes.stop()
        give_up_at = time.monotonic() + timeout
        for channel in self._channels:
            channel.request_stop()
        if self._thread.ident is not None:
            self._thread.join(max(0.0, give_up_at - time.monotonic()))
        for channel in self._channels:
            channel.join(max(0.0, give_up_at - time.monotonic()))

    def evaluate(self, now: int, known: int | None = None) -> None:
        """Update the incidents of the rules that are due, and wake the channels.

        Args:
            now: The evaluation time (ms).
            known: The time (ms) up to which all received events are stored; `now` if None.

        Raises:
            StoreError: the store does not answer or takes no rows.
        """
        outbox = self._outbox = self._outbox or Outbox(self._query, self._insert)
        began = time.monotonic()
        due = [rule.id for rule in self._file.rules if self._due.get(rule.id, began) <= began]
        found = self._evaluation.evaluate(
            now,
            self._now(),
            known=known,
            due=due,
            announce=lambda firing: self._announce(outbox, firing),
            unfinished=sorted({*outbox.unfinished(self._file.channels), *self._followups.fingerprints}),
        )
        self._due |= {rule.id: began + pace(rule) / 1000 for rule in self._file.rules if rule.id in due}
        self._situation = self._situation_of(found.alerts, now)
        self._ledger.update(self._situation)
        self._metrics.evaluated(found.alerts, time.monotonic() - began)
        if not self._channels and not self._stopping.is_set():
            self._open_channels(outbox)
        for channel in self._channels:
            channel.wake()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            self._hurry.clear()
            began = time.monotonic()
            try:
                if (known := self._known()) is not None:
                    self.evaluate(self._now(), known)
            except StoreError as error:
                self._metrics.failed()
                logger.warning("alerts.retry", why=str(error))
            except Exception:
                # It must not stop the process around it. The next evaluation starts from the store alone.
                self._metrics.failed()
                logger.exception("alerts.failed")
            rest = min(max(PAUSE_SECONDS, REST * (time.monotonic() - began)), LONGEST_REST)
            self._stopping.wait(rest)
            firing = any(row.status == "firing" for row in self._situation.alerts)
            self._wake.wait(min(self._idle, FIRING_SECONDS) if firing else self._idle)
            self._hurry.wait(min(self._due.values(), default=0.0) - time.monotonic())

    def _take_causes(self) -> None:
        """Evaluate soon: causes of an incident are there to be notified."""
        self._hurry.set()
        self._wake.set()

    def _insert(self, table: str, columns: dict[str, Sequence[object]], token: str) -> None:
        if not self._owns():
            raise StoreUnavailable("another process evaluates the alert rules now")
        self._store.insert(table, columns, token)

    def _now(self) -> int:
        return int(self._clock() * 1000)

    def _announce(self, outbox: Outbox, firing: Sequence[AlertRow]) -> None:
        """Store which channels expect a notification of firing incidents."""
        rows = []
        for alert in firing:
            for channel in sorted(routed(alert.rule, alert.severity, self._file.routes, self._file.channels)):
                row = first_row(alert, outbox.get(channel, alert.fingerprint), channel)
                if row is not None:
                    rows.append(row)
        if rows:
            outbox.expect(rows)

    def _situation_of(self, alerts: Sequence[AlertRow], now: int) -> Situation:
        """What applies to the incidents. Snoozes of incidents that have outgrown them are ended first."""
        acts = acts_about(self._query, {str(alert.fingerprint) for alert in alerts}, now)
        due = self._followups.due(acts, alerts, now)
        situation = Situation(self._rules, self._file.routes, self._file.plan, alerts, acts, now, due)
        ends = ends_of_outgrown(situation)
        for act in ends:
            self._insert("alert_acts", columns([act]), f"alert_acts:{act.id}")
        if not ends:
            return situation
        return Situation(self._rules, self._file.routes, self._file.plan, alerts, [*acts, *ends], now, due)

    def _open_channels(self, outbox: Outbox) -> None:
        delivery = Delivery(
            rules=self._rules,
            outbox=outbox,
            situation=lambda: self._situation,
            origin=self._origin,
            on_attempt=self._metrics.attempted,
            owns=self._owns,
            clock=self._clock,
            link_key=self._link_key,
        )
        self._channels = [
            ChannelThread(name, address, delivery) for name, address in self._file.channels.items()
        ]
        for channel in self._channels:
            channel.start()
