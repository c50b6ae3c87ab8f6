"""The next notification of an incident for a channel: a pure function of the incident and the outbox row.

For each fingerprint a channel receives `firing` and `resolved` in turns. The next notification follows from
the current incident and the channel's last outbox row alone, so a restart loses nothing. A channel that was
unavailable receives the current state, not every state that it missed. `Terms` say what is held, and what
people did.
"""

from typing import NamedTuple

from msgspec.structs import replace

from touchline.alerts.life.holds import free_at
from touchline.alerts.life.situation import Terms
from touchline.alerts.rules import AlertRule
from touchline.tables import AlertRow, OutboxRow

FIRST_RETRY = 1_000
LONGEST_RETRY = 300_000
FAILING = 120_000
"""A channel that has failed for this long (ms) is reported as failing."""


class Cadence(NamedTuple):
    """How often a channel is notified of an incident, in ms; the rule's fields of these names.

    `resent` is whether the channel repeats messages itself and forgets an incident that is not resent.
    """

    wait: int
    interval: int
    repeat: int
    resent: bool = False


def cadence(rule: AlertRule | None, resend: int | None) -> Cadence:
    """The rule's cadence; `resend` (ms) shortens it for a channel that repeats messages itself.

    The incidents of a deleted rule (None) are resolved, and nothing is repeated.
    """
    if rule is None:
        return Cadence(0, 0, 0)
    if resend is None:
        return Cadence(rule.wait, rule.interval, rule.repeat)
    return Cadence(rule.wait, min(resend, rule.interval), min(resend, rule.repeat), resent=True)


class Notification(NamedTuple):
    """`firing` or `resolved`, and the earliest time (ms) to send it."""

    status: str
    at: int


def is_settled(current: AlertRow, row: OutboxRow) -> bool:
    """Whether a channel needs no more notification, whatever applies to the incident."""
    return row.told == "resolved" or (row.told == "nothing" and row.alert != current.id)


def next_notification(
    current: AlertRow, row: OutboxRow, pace: Cadence, terms: Terms | None = None, now: int = 0
) -> Notification | None:
    """The next notification if nothing changes; None if there is none, or it is held without an end.

    Args:
        current: The newest incident of the fingerprint; a retracted one if there is no other.
        row: The channel's outbox row for the fingerprint.
        pace: How often the channel is notified.
        terms: What applies to the incident on the channel; None if nobody did anything and nothing is held.
        now: The time (ms): what was due before a hold, and could not be sent then, waits for its end.
    """
    terms = Terms(current.opened_at + pace.wait) if terms is None else terms
    following = _following(current, row, pace, terms, now)
    if following is None or following.at > 0:
        following = _follow_up(row, terms, now) or following
    return None if following is None else Notification(following.status, max(following.at, row.next_at or 0))


def _following(
    current: AlertRow, row: OutboxRow, pace: Cadence, terms: Terms, now: int
) -> Notification | None:
    if row.told == "firing":
        if current.status != "firing":
            # Never held: whoever heard of the beginning hears of the end.
            return Notification("resolved", 0)
        if terms.acted_at > row.told_act:
            # What a colleague does is news, even that the incident is held from now on.
            return Notification("firing", 0)
        return _unless_held("firing", _update_at(current, row, pace, terms), terms, now)
    # A row that names the incident asks for its first notification.
    if is_settled(current, row) or terms.first_at is None:
        return None
    if current.status == "firing":
        return _unless_held("firing", terms.first_at, terms, now)
    if current.status == "resolved" and (current.resolved_at or 0) >= terms.first_at:
        # The notification was due while the incident fired, but the channel failed: still report it.
        return _unless_held("firing", 0, terms, now)
    return None


def _unless_held(status: str, at: int | None, terms: Terms, now: int) -> Notification | None:
    """A notification at a time (ms); if it is due by `now`, not before the hold ends that covers `now`."""
    if at is None or at > now:
        return None if at is None else Notification(status, at)
    free = free_at(now, terms.holds)
    return None if free is None else Notification(status, at if free == now else free)


def _update_at(current: AlertRow, row: OutboxRow, pace: Cadence, terms: Terms) -> int | None:
    """When an incident that fires is notified again (ms); None if never, or held without an end."""
    changed = current.version != row.told_version or current.id != row.alert
    repeat = pace.repeat if terms.remind is None else min(pace.repeat, terms.remind)
    after = pace.interval if changed else repeat
    if terms.acknowledged and not pace.resent:
        if not changed:
            return None
        after = max(pace.interval, pace.repeat)
    return free_at((row.told_at or 0) + after, terms.holds)


def _follow_up(row: OutboxRow, terms: Terms, now: int) -> Notification | None:
    """The next report on what became of the incident, for a channel that was ever told of it."""
    number = followed(row, terms)
    if number >= len(terms.followups) or (row.told == "nothing" and not row.told_act):
        return None
    return _unless_held("followup", free_at(terms.followups[number].at, terms.holds), terms, now)


def followed(row: OutboxRow, terms: Terms) -> int:
    """How many reports on what became of the incident the channel got since the change was named."""
    return 0 if terms.expected_at > row.told_act else row.followed


def first_row(current: AlertRow, row: OutboxRow | None, channel: str) -> OutboxRow | None:
    """The outbox row that asks for the first notification of a firing incident; None if it exists."""
    if row is None:
        return OutboxRow(channel=channel, fingerprint=current.fingerprint, alert=current.id)
    if row.told == "firing" or (row.alert == current.id and row.told == "nothing"):
        return None
    return OutboxRow(
        channel=channel,
        fingerprint=current.fingerprint,
        alert=current.id,
        version=row.version + 1,
        told_act=row.told_act,
        followed=row.followed,
    )


def after_delivery(
    row: OutboxRow,
    current: AlertRow,
    status: str,
    now: int,
    reference: str = "",
    terms: Terms | None = None,
) -> OutboxRow:
    """The row after a delivered message, which the receiver names `reference`.

    It told of all acts in `terms`; a report on what became of the incident changes nothing else.
    """
    acted_at = 0 if terms is None else max(terms.acted_at, terms.expected_at)
    reports = row.followed if terms is None else followed(row, terms)
    if status == "followup":
        return replace(
            row,
            attempts=0,
            failing_since=None,
            next_at=None,
            error="",
            version=row.version + 1,
            reference=reference,
            told_act=max(acted_at, row.told_act),
            followed=reports + 1,
        )
    return OutboxRow(
        channel=row.channel,
        fingerprint=row.fingerprint,
        alert=current.id,
        told=status,
        told_at=now,
        told_version=current.version,
        version=row.version + 1,
        reference=reference,
        told_act=max(acted_at, row.told_act),
        followed=reports,
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
        reference=row.reference,
        told_act=row.told_act,
        followed=row.followed,
    )
