"""A channel at work, in a thread of its own: what blocks here blocks nothing else.

    1. what the channel has to be told follows from the alerts and its rows of the outbox
    2. it is sent
    3. that it was taken is written down

Where the third is missing it is sent once more, with the same fingerprint: at least once.
"""

import threading
import time
from collections.abc import Callable, Mapping
from uuid import UUID

import structlog

from touchline.alerts import AlertRule
from touchline.alerts.addresses import Address
from touchline.alerts.channels import RESENT, Undelivered, send
from touchline.alerts.message import message
from touchline.alerts.policy import FAILING, cadence, refused, taken, telling
from touchline.runtime.alerting.outbox import Outbox
from touchline.tables import AlertRow, OutboxRow

logger = structlog.get_logger(__name__)

IDLE_SECONDS = 60.0

Told = Callable[[str, bool], None]
"""Told of each attempt: the channel's name, and whether it took the message."""


class ChannelThread:
    """Sends what one channel has to be told.

    Args:
        name: The channel's.
        address: Where it is.
        rules: The alert rules, by id.
        outbox: What it was told.
        current: Gives the incident of each fingerprint that counts now.
        url: The address of the live page.
        told: Told of each attempt.
        owns: Whether it is for this process to tell anything.
        clock: Seconds since 1970.
    """

    def __init__(
        self,
        name: str,
        address: Address,
        rules: Mapping[str, AlertRule],
        outbox: Outbox,
        current: Callable[[], Mapping[UUID, AlertRow]],
        url: str,
        told: Told,
        owns: Callable[[], bool],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.name = name
        self._address, self._rules, self._outbox, self._current = address, rules, outbox, current
        self._url, self._told, self._owns, self._clock = url, told, owns, clock
        self._stopping, self._wake = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"touchline-alerts-{name}", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def wake(self) -> None:
        """Look again at what has to be told."""
        self._wake.set()

    def ask_to_stop(self) -> None:
        """End after what is under way."""
        self._stopping.set()
        self._wake.set()

    def join(self, timeout: float) -> None:
        """Wait for the end, at most `timeout` seconds."""
        self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            next_at = self.send_due()
            pause = IDLE_SECONDS if next_at is None else (next_at - self._now()) / 1000
            self._wake.wait(min(max(pause, 0.05), IDLE_SECONDS))

    def send_due(self) -> int | None:
        """Send all that is due; says when the next will be (ms), None if nothing is to come."""
        current = self._current()
        next_at: int | None = None
        for row in self._outbox.of(self.name):
            alert = current.get(row.fingerprint)
            # A rule that is gone was resolved; it has no cadence any more, and needs none.
            while alert is not None and (what := self._next(alert, row)) is not None:
                if what[1] > self._now() or self._stopping.is_set() or not self._owns():
                    next_at = what[1] if next_at is None else min(next_at, what[1])
                    break
                row = self._attempt(alert, row, what[0])
        return next_at

    def _next(self, alert: AlertRow, row: OutboxRow) -> tuple[str, int] | None:
        rule = self._rules.get(alert.rule)
        resend = RESENT.get(self._address.kind)
        pace = cadence(rule, resend)
        return telling(alert, row, pace)

    def _attempt(self, alert: AlertRow, row: OutboxRow, what: str) -> OutboxRow:
        now = self._now()
        try:
            send(self._address, message(alert, what, self._url, now))
        except Undelivered as error:
            row = refused(row, str(error), now, error.retry_after)
        except Exception as error:
            # Its text may hold a secret; whatever it is, the other messages have to go on.
            row = refused(row, f"{type(error).__name__} while sending", now)
        else:
            row = taken(row, alert, what, now)
        self._told(self.name, row.attempts == 0)
        if row.attempts:
            failing = row.failing_since is not None and now - row.failing_since >= FAILING
            log = logger.error if failing else logger.warning
            log(
                "alerts.undelivered", channel=self.name, rule=alert.rule, attempts=row.attempts, why=row.error
            )
        else:
            logger.info("alerts.told", channel=self.name, rule=alert.rule, what=what, incident=str(alert.id))
        self._outbox.record(row)
        return row

    def _now(self) -> int:
        return int(self._clock() * 1000)
