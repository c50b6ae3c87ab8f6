"""When a channel is told what of an incident: pure, of what is so and what the channel was told.

The law: for each fingerprint a channel is told `firing` and then `resolved`, in turns; what it was not told
yet, or has to be told anew, follows at any time from the incident as it is now and from the channel's row of
the outbox, so that nothing is lost by forgetting anything else. A channel that was away for long is told
how it is now, and not all that it missed.
"""

from typing import NamedTuple

from touchline.alerts.rules import AlertRule
from touchline.tables import AlertRow, OutboxRow

FIRST_RETRY = 1_000
LONGEST_RETRY = 300_000
FAILING = 120_000
"""A channel that has taken nothing for so long (ms) is reported as failing."""


class Cadence(NamedTuple):
    """How often a channel is told of an incident, in ms; see the rule's fields of these names."""

    wait: int
    interval: int
    repeat: int


def cadence(rule: AlertRule | None, resend: int | None) -> Cadence:
    """A rule's, or that of a channel which wants to be told again every `resend` ms and repeats itself.

    Where there is no such rule any more its incidents are over, and nothing is told again.
    """
    if rule is None:
        return Cadence(0, 0, 0)
    if resend is None:
        return Cadence(rule.wait, rule.interval, rule.repeat)
    return Cadence(rule.wait, min(resend, rule.interval), min(resend, rule.repeat))


class Telling(NamedTuple):
    """What to tell, `firing` or `resolved`, and not before when (ms)."""

    what: str
    at: int


def telling(current: AlertRow, row: OutboxRow, pace: Cadence) -> Telling | None:
    """What a channel has to be told next, if nothing changes; None if nothing.

    Args:
        current: The newest incident of the fingerprint; a retracted one where there is no other.
        row: The channel's row of the outbox for the fingerprint.
        pace: How often.
    """
    told = _told(current, row, pace)
    return None if told is None else Telling(told.what, max(told.at, row.next_at or 0))


def _told(current: AlertRow, row: OutboxRow, pace: Cadence) -> Telling | None:
    if row.told == "firing":
        if current.status != "firing":
            return Telling("resolved", 0)
        changed = current.version != row.told_version or current.id != row.alert
        return Telling("firing", (row.told_at or 0) + (pace.interval if changed else pace.repeat))
    # What it has to be told first is written down by naming the incident.
    if row.alert != current.id or row.told == "resolved":
        return None
    if current.status == "firing":
        return Telling("firing", current.opened_at + pace.wait)
    if current.status == "resolved" and (current.resolved_at or 0) >= current.opened_at + pace.wait:
        # It was due while it fired, and the channel did not take it: it is told that there was one.
        return Telling("firing", 0)
    return None


def expected(current: AlertRow, row: OutboxRow | None, channel: str) -> OutboxRow | None:
    """The row that a channel needs so that it is told of an incident that fires; None if it has it."""
    if row is None:
        return OutboxRow(channel=channel, fingerprint=current.fingerprint, alert=current.id)
    if row.told == "firing" or (row.alert == current.id and row.told == "nothing"):
        return None
    return OutboxRow(
        channel=channel, fingerprint=current.fingerprint, alert=current.id, version=row.version + 1
    )


def taken(row: OutboxRow, current: AlertRow, what: str, now: int) -> OutboxRow:
    """The row after the channel took a message."""
    return OutboxRow(
        channel=row.channel,
        fingerprint=row.fingerprint,
        alert=current.id,
        told=what,
        told_at=now,
        told_version=current.version,
        version=row.version + 1,
    )


def refused(row: OutboxRow, error: str, now: int, retry_after: int = 0) -> OutboxRow:
    """The row after a failed attempt; the next is twice as far away as the one before, within a limit."""
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
