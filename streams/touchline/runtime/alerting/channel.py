"""A channel with its own thread, so that a slow or dead channel delays no other.

    1. compute the next message from the incidents and from the channel's rows of the outbox
    2. send it
    3. record the delivery

If step 3 is lost, the message is sent again with the same fingerprint: delivery is at least once.
"""

import threading
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple
from uuid import UUID

import structlog

from touchline.alerts import AlertRule
from touchline.alerts.addresses import Address
from touchline.alerts.channels import RESENT, Undelivered, send
from touchline.alerts.message import Origin, message
from touchline.alerts.policy import (
    FAILING,
    Notification,
    after_delivery,
    after_failure,
    cadence,
    next_notification,
)
from touchline.runtime.alerting.outbox import Outbox
from touchline.tables import AlertRow, OutboxRow

logger = structlog.get_logger(__name__)

IDLE_SECONDS = 60.0


class Delivery(NamedTuple):
    """What all channels of a process share.

    Args:
        rules: The alert rules, by id.
        outbox: The last notification of each channel and fingerprint.
        current: Returns the current incident of each fingerprint.
        origin: The installation, for links and labels.
        on_attempt: Called after each attempt with the channel's name, and whether it took the message.
        owns: Whether this process may send.
        clock: Seconds since 1970.
    """

    rules: Mapping[str, AlertRule]
    outbox: Outbox
    current: Callable[[], Mapping[UUID, AlertRow]]
    origin: Origin
    on_attempt: Callable[[str, bool], None]
    owns: Callable[[], bool]
    clock: Callable[[], float] = time.time


class ChannelThread:
    """Sends the notifications of one channel.

    Args:
        name: The channel's name.
        address: Where messages go.
        delivery: What it shares with the other channels.
    """

    def __init__(self, name: str, address: Address, delivery: Delivery) -> None:
        self.name = name
        self._address, self._delivery, self._outbox = address, delivery, delivery.outbox
        self._stopping, self._wake = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"touchline-alerts-{name}", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def wake(self) -> None:
        """Look for due notifications now."""
        self._wake.set()

    def request_stop(self) -> None:
        """Stop after the current message."""
        self._stopping.set()
        self._wake.set()

    def join(self, timeout: float) -> None:
        """Wait at most `timeout` seconds for the end of the thread."""
        self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            next_at = self.send_due()
            pause = IDLE_SECONDS if next_at is None else (next_at - self._now()) / 1000
            self._wake.wait(min(max(pause, 0.05), IDLE_SECONDS))

    def send_due(self) -> int | None:
        """Send all due notifications; return when the next is due (ms), or None if there is none."""
        current = self._delivery.current()
        next_at: int | None = None
        for row in self._outbox.of(self.name):
            alert = current.get(row.fingerprint)
            # An incident of a deleted rule is resolved: it needs no cadence.
            while alert is not None and (notification := self._next(alert, row)) is not None:
                due = notification.at <= self._now()
                if not due or self._stopping.is_set() or not self._delivery.owns():
                    next_at = notification.at if next_at is None else min(next_at, notification.at)
                    break
                row = self._attempt(alert, row, notification.status)
        return next_at

    def _next(self, alert: AlertRow, row: OutboxRow) -> Notification | None:
        rule = self._delivery.rules.get(alert.rule)
        return next_notification(alert, row, cadence(rule, RESENT.get(self._address.kind)))

    def _attempt(self, alert: AlertRow, row: OutboxRow, status: str) -> OutboxRow:
        now = self._now()
        try:
            send(self._address, message(alert, status, self._delivery.origin, now))
        except Undelivered as error:
            row = after_failure(row, str(error), now, error.retry_after)
        except Exception as error:
            # Log the type alone, as the text may hold a secret, and go on: other messages wait.
            row = after_failure(row, f"{type(error).__name__} while sending", now)
        else:
            row = after_delivery(row, alert, status, now)
        self._delivery.on_attempt(self.name, row.attempts == 0)
        if row.attempts:
            failing = row.failing_since is not None and now - row.failing_since >= FAILING
            log = logger.error if failing else logger.warning
            log(
                "alerts.undelivered", channel=self.name, rule=alert.rule, attempts=row.attempts, why=row.error
            )
        else:
            logger.info(
                "alerts.delivered", channel=self.name, rule=alert.rule, what=status, incident=str(alert.id)
            )
        self._outbox.record(row)
        return row

    def _now(self) -> int:
        return int(self._delivery.clock() * 1000)
