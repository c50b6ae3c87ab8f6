"""Finds the events that came before, and compares them with what came first.

Only a duplicate costs a comparison. The first event with its id came in the same flush, or the store holds
it. If the store does not hold it under the same strongest identifier, the content differs.
"""

from itertools import islice
from operator import attrgetter
from typing import NamedTuple

from touchline.engine.ports import Store
from touchline.vocabulary.event import Event, same_content

COMPARED_TOGETHER = 500
"""Stored events that are read for one comparison; each has at most 32 KB."""

_id = attrgetter("id")


class Placed(NamedTuple):
    """Events, and the offset of the record that brought each; those of one record lie together."""

    events: list[Event]
    offsets: list[int]

    def add(self, event: Event, offset: int) -> None:
        """Append an event."""
        self.events.append(event)
        self.offsets.append(offset)

    def extend(self, others: "Placed") -> None:
        """Append the events of other records."""
        self.events.extend(others.events)
        self.offsets.extend(others.offsets)


class Once(NamedTuple):
    """Admitted events, each id once.

    Attributes:
        new: Events that are not stored yet.
        repeated: Events that their own record had stored before the worker was cut off.
        kept: Both, in their order; the other events are duplicates.
        conflicting: Duplicates whose content differs from the first event with the id.
    """

    new: Placed
    repeated: list[Event]
    kept: Placed
    conflicting: Placed


def each_once(admitted: Placed, store: Store) -> Once:
    """Tell new events from duplicates; the store says which it holds."""
    nothing = Placed([], [])
    if not admitted.events:
        return Once(admitted, [], admitted, nothing)
    ids = list(map(_id, admitted.events))
    stored = store.stored_ids(ids)
    if not stored and len(set(ids)) == len(ids):
        return Once(admitted, [], admitted, nothing)
    once = Once(Placed([], []), [], Placed([], []), Placed([], []))
    first: dict[str, Event] = {}
    elsewhere = Placed([], [])
    for event, offset in zip(*admitted, strict=True):
        if event.id in first:
            if not same_content(event, first[event.id]):
                once.conflicting.add(event, offset)
        elif event.id not in stored:
            first[event.id] = event
            once.new.add(event, offset)
            once.kept.add(event, offset)
        elif stored[event.id] == offset:
            first[event.id] = event
            once.repeated.append(event)
            once.kept.add(event, offset)
        else:
            elsewhere.add(event, offset)
    once.conflicting.extend(_conflicting(elsewhere, store))
    return once


def _conflicting(duplicates: Placed, store: Store) -> Placed:
    """The duplicates of stored events whose content differs from those."""
    found = Placed([], [])
    pairs = zip(*duplicates, strict=True)
    while portion := list(islice(pairs, COMPARED_TOGETHER)):
        events = [event for event, _ in portion]
        entities = list({event.entity for event in events})
        held = {event.id: event for event in store.events_named(entities, list(map(_id, events)))}
        for event, offset in portion:
            if event.id not in held or not same_content(event, held[event.id]):
                found.add(event, offset)
    return found
