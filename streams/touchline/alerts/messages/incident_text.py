"""The texts of an incident: single lines of limited length without control characters."""

from datetime import UTC, datetime
from typing import NamedTuple

from touchline.alerts.rules import Absence, AlertRule, Loss, Measured, StrikeOut, Unusual
from touchline.vocabulary.durations import exact_duration
from touchline.vocabulary.moments import in_words
from touchline.vocabulary.names import plain_name, touchpoint_name
from touchline.vocabulary.wording import counted, plain

LONGEST_SENTENCE = 500


class Counts(NamedTuple):
    """Frictions or events of an incident, its customers, the usual number or None, and the loss."""

    number: int
    customers: int
    usual: float | None
    lost: float = 0.0
    currency: str = ""


def place(labels: tuple[str, ...]) -> str:
    """The labels as text: `source webshop, channel Web`; empty without labels."""
    parts = (label.partition("=") for label in labels)
    return ", ".join(f"{name} {plain(plain_name(name, value)) or '(none)'}" for name, _, value in parts)


def sentence(
    rule: AlertRule,
    labels: tuple[str, ...],
    opened_at: int,
    counts: Counts,
    zone: str,
) -> str:
    """One sentence: what happened, where, since when (in a time zone), how often, and how often usually."""
    count, customers, usual, lost, currency = counts
    where = f" ({place(labels)})" if labels else ""
    since = in_words(opened_at, zone, seconds=True)
    if isinstance(rule, Absence):
        last = in_words(opened_at - rule.longer_than, zone, seconds=True)
        text = f"{rule.title}{where}: no event since {last}"
        span, noun = rule.longer_than, "event"
    elif isinstance(rule, StrikeOut):
        worth = f", each with orders of at least {rule.worth:,.10g}," if rule.worth else ""
        text = (
            f"{rule.title}{where}: {counted(customers, 'customer')} with {rule.strikes} strike points{worth} "
            f"since {since}"
        )
        span, noun = rule.within, "customer"
    elif isinstance(rule, Measured):
        observed = rule.observations
        span, noun = rule.within, observed.noun
        limit = f"{rule.worse_than * 100:g} %" if observed.is_share else f"{rule.worse_than:g}"
        side = "below" if observed.higher_is_better else "above"
        text = (
            f"{rule.title}{where}: {observed.title} {side} {limit} since {since}; "
            f"{counted(count, noun)}{' against it' if observed.is_share else ''}, "
            f"{counted(customers, 'customer')} affected"
        )
    elif isinstance(rule, Loss):
        text = (
            f"{rule.title}{where}: associated loss about {lost:,.0f} {currency} since {since}; "
            f"{counted(count, 'time')}, {counted(customers, 'customer')} affected"
        )
        span, noun = rule.within, ""
    elif isinstance(rule, Unusual) and rule.refused:
        text = f"{rule.title}{where}: {counted(count, 'event')} refused since {since}"
        span, noun = rule.within, "event"
    else:
        times = counted(count, "time")
        text = f"{rule.title}{where}: {times} since {since}, {counted(customers, 'customer')} affected"
        span, noun = rule.within, "customer" if rule.kind == "threshold" else "time"
    baseline = (
        "no baseline yet: too little data before"
        if usual is None
        else f"usual at this hour: {counted(usual, noun) if noun else f'{usual:,.0f} {currency}'} "
        f"in {exact_duration(span)}"
    )
    return plain(f"{text}; {baseline}", LONGEST_SENTENCE)


def change_sentence(at: int, title: str, touchpoint: tuple[str, str], zone: str) -> str:
    """A change that was deployed at a time (ms), with the touchpoint (channel, source) that reported it."""
    where = plain(touchpoint_name(*touchpoint))
    return f"Deployed {in_words(at, zone)}: {plain(title, 160)} ({where})"


def cost_sentence(
    customers: int, lost: float, low: float, high: float, currency: str, elsewhere: int = 0
) -> str:
    """The associated loss of customers with its 95 % interval; that of `elsewhere` is in another currency."""
    amount = f"{lost:,.0f} {plain(currency)} ({low:,.0f} to {high:,.0f})"
    said = f"Associated loss: about {amount} for {counted(customers, 'customer')}"
    if not elsewhere:
        return said
    return f"{said}; not counted: losses of {counted(elsewhere, 'customer')} in another currency"


def rfc3339(ms: int) -> str:
    """A time (ms) for programs."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
