"""The texts of an incident: single lines of limited length without control characters."""

import unicodedata
from datetime import UTC, datetime
from typing import NamedTuple

from touchline.alerts.rules import Absence, AlertRule, StrikeOut
from touchline.vocabulary.durations import exact_duration
from touchline.vocabulary.moments import in_words
from touchline.vocabulary.wording import counted

LONGEST_VALUE = 80
LONGEST_SENTENCE = 500


class Counts(NamedTuple):
    """Frictions or events of an incident, its customers, and the usual number or None."""

    number: int
    customers: int
    usual: float | None


def plain(text: str, longest: int = LONGEST_VALUE) -> str:
    """A text of unknown origin as one line without control or formatting characters, cut at `longest`."""
    kept = "".join(
        " " if character.isspace() else character
        for character in text[: longest * 8]
        if character.isspace() or unicodedata.category(character)[0] != "C"
    )
    line = " ".join(kept.split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def place(labels: tuple[str, ...]) -> str:
    """The labels as text: `source webshop, channel web`; empty without labels."""
    parts = (label.partition("=") for label in labels)
    return ", ".join(f"{name} {plain(value) or '(none)'}" for name, _, value in parts)


def sentence(
    rule: AlertRule,
    labels: tuple[str, ...],
    opened_at: int,
    counts: Counts,
    zone: str,
) -> str:
    """One sentence: what happened, where, since when (in a time zone), how often, and how often usually."""
    count, customers, usual = counts
    where = f" ({place(labels)})" if labels else ""
    since = in_words(opened_at, zone, seconds=True)
    if isinstance(rule, Absence):
        last = in_words(opened_at - rule.longer_than, zone, seconds=True)
        text = f"{rule.title}{where}: no event since {last}"
        span, noun = rule.longer_than, "event"
    elif isinstance(rule, StrikeOut):
        text = (
            f"{rule.title}{where}: {counted(customers, 'customer')} with {rule.strikes} strike points since "
            f"{since}"
        )
        span, noun = rule.within, "customer"
    else:
        times = counted(count, "time")
        text = f"{rule.title}{where}: {times} since {since}, {counted(customers, 'customer')} affected"
        span, noun = rule.within, "customer" if rule.kind == "threshold" else "time"
    baseline = (
        "no baseline yet: less than a week of data"
        if usual is None
        else f"usual at this hour: {counted(usual, noun)} in {exact_duration(span)}"
    )
    return plain(f"{text}; {baseline}", LONGEST_SENTENCE)


def rfc3339(ms: int) -> str:
    """A time (ms) for programs."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
