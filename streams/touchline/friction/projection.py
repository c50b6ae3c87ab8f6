"""The fields of events and anchors that the second layer reads; no others are kept."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from touchline.friction.kinds import Projection
from touchline.rules.conditions import references
from touchline.rules.rule import ExpectRule, RepeatRule, Rule, SelectorModel
from touchline.vocabulary.event import Event

_NOTHING: dict[str, Any] = {}


class Fields:
    """A selection of an event's fields, by their paths."""

    def __init__(self, paths: set[str]) -> None:
        self.ids = "id" in paths
        self.names = sorted({path.split(".")[1] for path in paths if path.startswith("data.")})
        self.identifiers = any(path.startswith("identifiers.") for path in paths)
        self.context = any(path.startswith("context.") for path in paths)
        self.producer = "producer" in paths

    def data(self, event: Event) -> dict[str, Any]:
        """The selected fields of the data."""
        if not self.names:
            return _NOTHING
        return {name: event.data[name] for name in self.names if name in event.data}


def fields_of_frictions(above: Sequence[Rule]) -> Fields:
    """The fields that rules of the second layer read of a friction; its data are those of its anchor."""
    return Fields({path for rule in above for path in _paths(rule, _names_frictions)})


def fields_of_events(above: Sequence[Rule]) -> Fields:
    """The fields that rules of the second layer read of an event."""
    return Fields({path for rule in above for path in _paths(rule, lambda selector: True)})


def projector(fields: Fields) -> Callable[[Event], Projection] | None:
    """A function that projects an anchor to the fields; None if no field is selected."""
    if not fields.names and not fields.identifiers:
        return None
    return lambda event: Projection(event.identifiers if fields.identifiers else (), fields.data(event))


def projected(event: Event, fields: Fields) -> Event:
    """The event with the selected fields only."""
    return Event(
        id=event.id,
        type=event.type,
        time=event.time,
        channel=event.channel,
        source=event.source,
        identifiers=event.identifiers if fields.identifiers else (),
        data=fields.data(event),
        context=event.context if fields.context else {},
        producer=event.producer if fields.producer else "",
    )


def _names_frictions(selector: SelectorModel) -> bool:
    return any(name.startswith("friction.") for name in selector.types or ())


def _paths(rule: Rule, reads: Callable[[SelectorModel], bool]) -> Iterator[str]:
    yield from rule.key
    for selector in rule.selectors:
        if reads(selector):
            for path, wanted in selector.where.items():
                yield path
                yield from references(wanted)
    if isinstance(rule, RepeatRule) and rule.distinct:
        yield rule.distinct
    if isinstance(rule, ExpectRule) and rule.by:
        yield rule.by
