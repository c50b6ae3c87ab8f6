"""The order of events: `(time, phase, id)`.

Many systems stamp whole seconds, or one time for a whole row, so the events of one contact often share a
millisecond. The phase of their types then puts them in the order in which they happen: queued before
abandoned. Frictions, as events of the second layer, come after all events of their millisecond.
"""

from collections.abc import Iterable, Mapping
from operator import attrgetter
from types import MappingProxyType
from typing import Final

from touchline.vocabulary.event import Event
from touchline.vocabulary.registry import EVENT_TYPES, OWN_PHASE, EventType

Phases = Mapping[str, int]
"""Type → phase; types that are not in it have `OWN_PHASE`."""


def phases_of(types: Mapping[str, EventType]) -> Phases:
    """The phases of event types."""
    return MappingProxyType({name: event_type.phase for name, event_type in types.items()})


PHASES: Final = phases_of(EVENT_TYPES)
"""The phases of the vocabulary."""

_time = attrgetter("time")


def place(event: Event, phases: Phases = PHASES) -> tuple[int, int, str]:
    """The sort key of events: `(time, phase, id)`."""
    return (event.time, phases.get(event.type, OWN_PHASE), event.id)


def in_order(events: Iterable[Event], phases: Phases = PHASES) -> list[Event]:
    """Events sorted by `place`, which is read only if two of them share a time: few do."""
    ordered = sorted(events, key=_time)
    last = None
    for event in ordered:
        time = event.time
        if time == last:
            phase = phases.get
            return sorted(ordered, key=lambda event: (event.time, phase(event.type, OWN_PHASE), event.id))
        last = time
    return ordered


def own_phases(phases: Phases) -> dict[str, int]:
    """The phases of a team's own types that matter: all but `OWN_PHASE`, which is that of any other type."""
    return {
        name: phase for name, phase in sorted(phases.items()) if name not in PHASES and phase != OWN_PHASE
    }


def phase_sql(types: Iterable[str] = (), phases: Phases = PHASES) -> str:
    """SQL: the phase of a row of `events`, from its column `type`.

    Name the `types` if the query reads no others: the expression is then short.
    """
    known = {name: phases[name] for name in types or phases if phases[name] != OWN_PHASE}
    names = ", ".join(f"'{name}'" for name in known)
    return f"transform(type, [{names}], [{', '.join(map(str, known.values()))}], {OWN_PHASE})"


def place_sql(types: Iterable[str]) -> str:
    """SQL: a number that orders rows of `events` of these types by time and phase."""
    return f"toUnixTimestamp64Milli(time) * 16 + {phase_sql(types)}"


def order_sql(types: Iterable[str]) -> str:
    """SQL: a text that orders rows of `events` of these types by time, phase and id.

    Aggregates hold it in less memory than a tuple.
    """
    # With this added, every time from 1900 to 2299 has 16 digits, so texts compare as the numbers do.
    return f"concat(toString({place_sql(types)} + 2000000000000000), id)"
