"""Internal events: what staff did about a friction, and what a walked audit found.

They are stored and deleted like all events, under the identifier that they name. They are no touchpoints of a
customer: no fold takes them, and no figure counts them (docs/semantics.md#internal-events).
"""

from collections.abc import Iterable
from typing import Final

from touchline.vocabulary.event import Event
from touchline.vocabulary.registry import EVENT_TYPES

INTERNAL_TYPES: Final = frozenset(name for name, about in EVENT_TYPES.items() if about.internal)
"""The types of internal events."""

IS_TOUCHPOINT: Final = "type NOT IN ({})".format(", ".join(f"'{name}'" for name in sorted(INTERNAL_TYPES)))
"""SQL: whether a row of `events` is a touchpoint, from its column `type`."""


def touchpoints(events: Iterable[Event]) -> list[Event]:
    """The events without internal ones, in their order."""
    return [event for event in events if event.type not in INTERNAL_TYPES]
