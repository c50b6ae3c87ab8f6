"""The next notification of an incident for a channel: a pure function of the incident and the outbox row.

For each fingerprint a channel receives `firing` and `resolved` in turns. The next notification follows from
the current incident and the channel's last outbox row alone, so a restart loses nothing. A channel that was
unavailable receives the current state, not every state that it missed.
"""

from typing import NamedTuple

from touchline.alerts.rules import AlertRule
from touchline.tables import AlertRow, OutboxRow

FIRST_RETRY = 1_000
LONGEST_RETRY = 300_000
FAILING = 120_000
"""A channel that has failed for this long (ms) is reported as failing."""


class Cadence(NamedTuple):
    """How often a channel is notified of an incident, in ms; the rule's fields of these names."""

    wait: int
    interval: int
    repeat: int


def cadence(rule: AlertRule | None, resend: int | None) -> Cadence:
    """The rule's cadence; `resend` (ms) shortens it for a channel that repeats messages itself.

    The incidents of a deleted rule (None) are resolved, and nothing is repeated.
    """
    if rule is None:
        return Cadence(0, 0, 0)
    if resend is None:
        return Cadence(rule.wait, rule.interval, rule.repeat)
    return Cadence(rule.wait, min(resend, rule.interval), min(resend, rule.repeat))


class Notification(NamedTuple):
    """`firing` or `resolved`, and the earliest time (ms) to send it."""

    status: str
    at: int


def next_notification(current: AlertRow, row: OutboxRow, pace: Cadence) -> Notification | None:
    """The next notification if nothing changes; None if there is none.

    Args:
        current: The newest incident of the fingerprint; a retracted one if there is no other.
        row: The channel's outbox row for the fingerprint.
        pace: How often the channel is notified.
    """
    following = _following(current, row, pace)
    return None if following is None else Notification(following.status, max(following.at, row.next_at or 0))


def _following(current: AlertRow, row: OutboxRow, pace: Cadence) -> Notification | None:
    if row.told == "firing":
        if current.status != "firing":
            return Notification("resolved", 0)
        changed = current.version != row.told_version or current.id != row.alert
        return Notification("firing", (row.told_at or 0) + (pace.interval if changed else pace.repeat))
    # A row that names the incident asks for its first notification.
    if row.alert != current.id or row.told == "resolved":
        return None
    if current.status == "firing":
        return Notification("firing", current.opened_at + pace.wait)
    if current.status == "resolved" and (current.resolved_at or 0) >= current.opened_at + pace.wait:
        # The notification was due while the incident fired, but the channel failed: still report it.
        return Notification("firing", 0)
    return None


def first_row(current: AlertRow, row: OutboxRow | None, channel: str) -> OutboxRow | None:
    """The outbox row that asks for the first notification of a firing incident; None if it exists."""
    if row is None:
        return OutboxRow(channel=channel, fingerprint=current.fingerprint, alert=current.id)
    if row.told == "firing" or (row.alert == current.id and row.told == "nothing"):
        return None
    return OutboxRow(
        channel=channel, fingerprint=current.fingerprint, alert=current.id, version=row.version + 1
    )


def after_delivery(row: OutboxRow, current: AlertRow, status: str, now: int) -> OutboxRow:
    """The row after a delivered message."""
    return OutboxRow(
        channel=row.channel,
        fingerprint=row.fingerprint,
        alert=current.id,
        told=status,
        told_at=now,
        told_version=current.version,
        version=row.version + 1,
    )


def after_failure(row: OutboxRow, error: str, now: int, retry_after: int = 0) -> OutboxRow:
    """The row after a failed attempt; the pause doubles each time, up to a limit."""
    pause = min(FIRST_RETRY * 2 ** min(row.attempts, 20), LONGEST_RETRY)
    return OutboxRow(
        channel=row.channel,
        fingerprint=row.fingerprint,
        alert=row.alert,
        told=row.told,
        told_at=row.told_at,
        told_version=row.told_version,
        attempts=row.attempts + 1,
        failing_since=now if row.failing_since is None else row.failing_since,
        next_at=now + max(pause, min(retry_after, LONGEST_RETRY)),
        error=error,
        version=row.version + 1,
    )
