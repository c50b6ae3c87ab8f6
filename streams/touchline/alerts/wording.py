"""What is said of an incident, in words that hold no harm: one line, bounded, without control characters."""

import unicodedata
from datetime import UTC, datetime

from touchline.alerts.rules import Absence, AlertRule, StrikeOut

LONGEST_VALUE = 80
LONGEST_SENTENCE = 500


def plain(text: str, longest: int = LONGEST_VALUE) -> str:
    """A text of unknown origin as one line without control or formatting characters, cut at `longest`."""
    kept = "".join(
        " " if one.isspace() else one
        for one in text[: longest * 8]
        if one.isspace() or unicodedata.category(one)[0] != "C"
    )
    line = " ".join(kept.split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def place(labels: tuple[str, ...]) -> str:
    """Where it is: `source webshop, channel web`; empty without labels."""
    parts = (label.partition("=") for label in labels)
    return ", ".join(f"{name} {plain(value) or '(none)'}" for name, _, value in parts)


def sentence(
    rule: AlertRule, labels: tuple[str, ...], opened_at: int, count: int, customers: int, usual: float | None
) -> str:
    """What, where, since when, how many, and against what is usual, in one sentence."""
    where = f" ({place(labels)})" if labels else ""
    since = moment(opened_at)
    if isinstance(rule, Absence):
        told = f"{rule.title}{where}: nothing since {moment(opened_at - rule.longer_than)}"
        span, what = rule.longer_than, "events"
    elif isinstance(rule, StrikeOut):
        whom = _counted(customers, "customer")
        told = f"{rule.title}{where}: {whom} with {rule.strikes} strikes since {since}"
        span, what = rule.within, "customers"
    else:
        told = f"{rule.title}{where}: {_counted(customers, 'customer')} met, {count:,} times, since {since}"
        span, what = rule.within, "customers" if rule.kind == "threshold" else "times"
    compared = "" if usual is None else f"; usually {usual:g} {what} in {lasting(span)}"
    return plain(told + compared, LONGEST_SENTENCE)


def moment(ms: int) -> str:
    """A time (ms) for people, UTC."""
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"


def rfc3339(ms: int) -> str:
    """A time (ms) for programs."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def lasting(ms: int) -> str:
    """A duration as rules write it: `5m`."""
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000)):
        if ms >= size and ms % size == 0:
            return f"{ms // size}{unit}"
    return f"{ms / 1000:g}s"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
