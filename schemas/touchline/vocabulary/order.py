"""The order of events: `(time, phase, id)`.

Many systems stamp whole seconds, or one time for a whole row, so the events of one contact often share a
millisecond. The phase of their types then puts them in the order in which they happen: queued before
abandoned. Frictions, as events of the second layer, come after all events of their millisecond.
"""

from collections.abc import Iterable
from operator import attrgetter
from typing import Final

from touchline.vocabulary.event import Event
from touchline.vocabulary.registry import EVENT_TYPES

OWN_PHASE: Final = 5
"""The phase of a team's own types."""

_PHASES: Final = {name: event_type.phase for name, event_type in EVENT_TYPES.items()}

_time = attrgetter("time")


def phase(event_type: str) -> int:
    """The phase of an event type, 0 to 9."""
    return _PHASES.get(event_type, OWN_PHASE)


def place(event: Event) -> tuple[int, int, str]:
    """The sort key of events: `(time, phase, id)`."""
    return (event.time, _PHASES.get(event.type, OWN_PHASE), event.id)


def in_order(events: Iterable[Event]) -> list[Event]:
    """Events sorted by `place`, which is read only if two of them share a time: few do."""
    ordered = sorted(events, key=_time)
    last = None
    for event in ordered:
        time = event.time
        if time == last:
            return sorted(ordered, key=place)
        last = time
    return ordered


def phase_sql(types: Iterable[str] = EVENT_TYPES) -> str:
    """SQL: the phase of a row of `events`, from its column `type`.

    Name the `types` if the query reads no others: the expression is then short.
    """
    known = {name: _PHASES[name] for name in types if _PHASES[name] != OWN_PHASE}
    names = ", ".join(f"'{name}'" for name in known)
    return f"transform(type, [{names}], [{', '.join(map(str, known.values()))}], {OWN_PHASE})"


def place_sql(types: Iterable[str]) -> str:
    """SQL: a number that orders rows of `events` of these types by time and phase."""
    return f"toUnixTimestamp64Milli(time) * 16 + {phase_sql(types)}"
