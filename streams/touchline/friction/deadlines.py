"""When an obligation is due: a time after the event that starts it, or the time which that event names."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from touchline.rules.calendar import EARLIEST, LATEST, BusinessClock
from touchline.rules.conditions import field
from touchline.rules.rule import ExpectRule
from touchline.vocabulary.envelope import milliseconds
from touchline.vocabulary.event import Event


def due(rule: ExpectRule) -> Callable[[Event], int | None] | None:
    """Who tells the deadline, in ms, of an obligation that an event starts (None where it names no time).

    Nobody has to where it lies just as many ms after the event.
    """
    within = rule.within
    if rule.calendar is not None and within is not None:
        clock = BusinessClock(rule.calendar)
        return lambda event: clock.deadline(event.time, within)
    if within is not None:
        return None
    read = field(rule.by or "")
    return lambda event: _milliseconds(read(event))


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
