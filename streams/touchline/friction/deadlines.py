"""Deadlines of obligations: a time span after the starting event, or a time that this event names."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from touchline.rules.calendar import EARLIEST, LATEST, BusinessClock
from touchline.rules.conditions import field
from touchline.rules.rule import ExpectRule
from touchline.vocabulary.envelope import milliseconds
from touchline.vocabulary.event import Event


def due(rule: ExpectRule) -> Callable[[Event], int | None] | None:
    """The function from a starting event to its deadline in ms (None if it names no time, or an earlier one).

    None if the deadline is always `within` ms after the event.
    """
    within = rule.within
    if rule.calendar is not None and within is not None:
        clock = BusinessClock(rule.calendar)
        return lambda event: clock.deadline(event.time, within)
    if within is not None:
        return None
    read = field(rule.by or "")

    def named(event: Event) -> int | None:
        deadline = _milliseconds(read(event))
        return None if deadline is None or deadline < event.time else deadline

    return named


def _milliseconds(value: Any) -> int | None:
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        return None
    if time.tzinfo is None:
        return None
    due = milliseconds(time)
    return due if EARLIEST <= due < LATEST else None  # 9999-12-31 is how some systems write "never"
