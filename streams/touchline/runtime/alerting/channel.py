"""A channel with its own thread, so that a slow or dead channel delays no other.

    1. compute the next message from the incidents and from the channel's rows of the outbox
    2. send it
    3. record the delivery

If step 3 is lost, the message is sent again with the same fingerprint: delivery is at least once.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

import structlog

from touchline.alerts import AlertRule
from touchline.alerts.addresses import Address
from touchline.alerts.channels import RESENT, Undelivered, send
from touchline.alerts.life.links import links_of
from touchline.alerts.life.notice import life_notice
from touchline.alerts.life.situation import Situation, Terms
from touchline.alerts.messages.message import Message, Notice, Origin, message
from touchline.alerts.policy import (
    FAILING,
    LONGEST_RETRY,
    after_delivery,
    after_failure,
    cadence,
    followed,
    is_settled,
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
        situation: Returns the incidents, and what applies to them.
        origin: The installation, for links and labels.
        on_attempt: Called after each attempt with the channel's name, and whether it took the message.
        owns: Whether this process may send.
        clock: Seconds since 1970.
        link_key: What links to act are signed with; empty for none.
    """

    rules: Mapping[str, AlertRule]
    outbox: Outbox
    situation: Callable[[], Situation]
    origin: Origin
    on_attempt: Callable[[str, bool], None]
    owns: Callable[[], bool]
    clock: Callable[[], float] = time.time
    link_key: bytes = b""


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
        self._paused_until = 0
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
        """Send all due notifications; return when the next is due (ms), or None if there is none.

        The incident that began first is sent first.
        """
        situation = self._delivery.situation()
        waiting = [
            (alert, row)
            for row in self._outbox.of(self.name)
            if (alert := situation.newest.get(row.fingerprint))
            and (row.fingerprint in situation.followups or not is_settled(alert, row))
        ]
        next_at: int | None = None
        for alert, row in sorted(waiting, key=lambda pair: pair[0].opened_at):
            # An incident of a deleted rule is resolved: it needs no cadence.
            pace = cadence(self._delivery.rules.get(alert.rule), RESENT.get(self._address.kind))
            terms = situation.terms(alert, self.name, pace.wait)
            while (notification := next_notification(alert, row, pace, terms, self._now())) is not None:
                at = max(notification.at, self._paused_until)
                if at > self._now() or self._stopping.is_set() or not self._delivery.owns():
                    next_at = at if next_at is None else min(next_at, at)
                    break
                row = self._attempt(situation, alert, row, notification.status)
        return next_at

    def _attempt(self, situation: Situation, alert: AlertRow, row: OutboxRow, status: str) -> OutboxRow:
        now = self._now()
        terms = situation.terms(alert, self.name, 0)
        try:
            notice = self._notice(situation, alert, row, status, terms)
            reference = send(self._address, self._message(alert, status, now, notice), row.reference)
        except Undelivered as error:
            row = after_failure(row, str(error), now, error.retry_after)
            # The receiver limits the sender, not this message.
            self._paused_until = now + min(error.retry_after, LONGEST_RETRY)
        except Exception as error:
            # Log the type alone, as the text may hold a secret, and go on: other messages wait.
            row = after_failure(row, f"{type(error).__name__} while sending", now)
        else:
            row = after_delivery(row, alert, status, now, reference, terms)
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

    def _notice(
        self, situation: Situation, alert: AlertRow, row: OutboxRow, status: str, terms: Terms
    ) -> Notice:
        now = self._now()
        origin, key = self._delivery.origin, self._delivery.link_key
        notice = life_notice(alert, situation.life(alert), terms, row, origin.zone, now)
        if status == "followup":
            text = terms.followups[followed(row, terms)].text
            notice = replace(notice, story=(text, *notice.story))
        links = links_of(alert, origin.url, self.name, key, now) if origin.url and key else ()
        return replace(notice, actions=links)

    def _message(self, alert: AlertRow, status: str, now: int, notice: Notice) -> Message:
        shared = self._delivery
        return message(alert, status, shared.origin, now, shared.rules.get(alert.rule), notice)

    def _now(self) -> int:
        return int(self._delivery.clock() * 1000)
