"""What is said of an incident, in words that hold no harm: one line, bounded, without control characters."""

import unicodedata
from datetime import UTC, datetime

from touchline.alerts.rules import Absence, AlertRule, StrikeOut
from touchline.vocabulary.durations import exact_duration
from touchline.vocabulary.wording import counted

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
        span, what = rule.longer_than, "event"
    elif isinstance(rule, StrikeOut):
        whom = counted(customers, "customer")
        told = f"{rule.title}{where}: {whom} with {rule.strikes} strikes since {since}"
        span, what = rule.within, "customer"
    else:
        times = "once" if count == 1 else f"{count:,} times"
        told = f"{rule.title}{where}: {counted(customers, 'customer')} met it {times} since {since}"
        span, what = rule.within, "customer" if rule.kind == "threshold" else "time"
    compared = (
        "what is usual is not known: the data do not go back a week"
        if usual is None
        else f"usual at this hour: {counted(usual, what)} in {exact_duration(span)}"
    )
    return plain(f"{told}; {compared}", LONGEST_SENTENCE)


def moment(ms: int) -> str:
    """A time (ms) for people, UTC."""
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"


def rfc3339(ms: int) -> str:
    """A time (ms) for programs."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
