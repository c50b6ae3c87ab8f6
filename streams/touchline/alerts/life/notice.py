"""What a notification says about the life of an incident."""

from touchline.alerts.life.acts import MAX_COMMENT
from touchline.alerts.life.holds import Hold
from touchline.alerts.life.situation import Life, Terms
from touchline.alerts.messages.message import Notice
from touchline.tables import AlertActRow, AlertRow, OutboxRow
from touchline.vocabulary.durations import rounded_duration
from touchline.vocabulary.moments import in_words
from touchline.vocabulary.wording import plain

LONGEST_NAME = 80


def life_notice(alert: AlertRow, life: Life, terms: Terms, row: OutboxRow, zone: str, now: int) -> Notice:
    """What the next notification says about the life of an incident.

    Args:
        alert: The incident.
        life: What people said about it.
        terms: What applies to it on the channel.
        row: The channel's outbox row before the notification.
        zone: The time zone of texts.
        now: The time (ms).
    """
    firing = alert.status == "firing"
    first = row.told != "firing"
    acknowledged = life.acknowledged
    unchanged = row.alert == alert.id and row.told_version == alert.version
    reminder = firing and not first and unchanged and acknowledged is None and terms.acted_at <= row.told_act
    escalated = firing and first and terms.escalated_after is not None
    lines: list[str] = []
    if escalated:
        within = rounded_duration(terms.escalated_after or 0)
        lines.append(f"Escalated: nobody acknowledged it within {within}")
    if reminder:
        lines.append("Reminder: nobody has acknowledged it yet")
    if first and (hold := _late_by(alert, terms, now)) is not None and hold.end is not None:
        lines.append(f"Held until {in_words(hold.end, zone)}: {hold_words(hold.reason, hold.name)}")
    lines += story(life, zone)
    return Notice(tuple(lines), "" if acknowledged is None else plain(acknowledged.author, LONGEST_NAME))


def story(life: Life, zone: str) -> list[str]:
    """What people said about an incident, a line each; times in a zone."""
    lines = []
    if life.acknowledged is not None:
        lines.append(f"Acknowledged by {_said(life.acknowledged, zone)}")
    if life.snoozed is not None:
        lines.append(f"Snoozed {snooze_end(life.snoozed.act, zone)} by {_said(life.snoozed.act, zone)}")
    if life.verdict is not None:
        lines.append(f"Verdict {life.verdict.verdict}, by {_said(life.verdict, zone)}")
    if life.expected is not None:
        change = plain(life.expected.change)
        lines.append(f"The change {change} should end it, says {_said(life.expected, zone)}")
    return lines


def hold_words(reason: str, of: str) -> str:
    """Why an incident is held, in words: `window release`, `muted by Kim`. `of` is the name of the hold."""
    name = plain(of)
    match reason:
        case "window":
            return f"window {name}"
        case "inhibit":
            return f"while the rule {name} fires"
        case "flapping":
            return "it comes and goes"
        case "acknowledged":
            return f"acknowledged by {name}"
    return f"{'muted' if reason == 'mute' else 'snoozed'} by {name}"


def snooze_end(act: AlertActRow, zone: str) -> str:
    """When a snooze ends, in words."""
    times = f"{act.times:g} times the customers" if act.times else ""
    until = "" if act.ends_at is None else in_words(act.ends_at, zone)
    return f"until {' or '.join(part for part in (until, times) if part)}"


def _late_by(alert: AlertRow, terms: Terms, now: int) -> Hold | None:
    """The hold that ended last before a first notification."""
    ended = [hold for hold in terms.holds if hold.end is not None and alert.opened_at < hold.end <= now]
    return max(ended, key=lambda hold: hold.end or 0, default=None)


def _said(act: AlertActRow, zone: str) -> str:
    who = f"{plain(act.author, LONGEST_NAME)} at {in_words(act.written_at, zone)}"
    return f"{who}: {plain(act.comment, MAX_COMMENT)}" if act.comment else who
