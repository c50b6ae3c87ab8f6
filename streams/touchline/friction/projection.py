"""What the second layer reads of events and of anchors: no more than that is kept of them."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from touchline.friction.kinds import Told
from touchline.rules.rule import ExpectRule, RepeatRule, Rule, SelectorModel
from touchline.vocabulary.event import Event

_NOTHING: dict[str, Any] = {}


class Fields:
    """Some fields of an event, by their paths."""

    def __init__(self, paths: set[str]) -> None:
        self.ids = "id" in paths
        self.names = sorted({path.split(".")[1] for path in paths if path.startswith("data.")})
        self.who = any(path.startswith("identifiers.") for path in paths)
        self.context = any(path.startswith("context.") for path in paths)
        self.producer = "producer" in paths

    def data(self, event: Event) -> dict[str, Any]:
        """Those of the data."""
        if not self.names:
            return _NOTHING
        return {name: event.data[name] for name in self.names if name in event.data}


def read_of_frictions(above: Sequence[Rule]) -> Fields:
    """What rules of the second layer read of a friction, which has the data of its anchor."""
    return Fields({path for rule in above for path in _paths(rule, _names_frictions)})


def read_of_events(above: Sequence[Rule]) -> Fields:
    """What rules of the second layer read of an event."""
    return Fields({path for rule in above for path in _paths(rule, lambda selector: True)})


def telling(fields: Fields) -> Callable[[Event], Told] | None:
    """Keeps of an anchor what is read of it; None where that is nothing."""
    if not fields.names and not fields.who:
        return None
    return lambda event: Told(event.identifiers if fields.who else (), fields.data(event))


def trimmed(event: Event, fields: Fields) -> Event:
    """The event, with what is read of it alone."""
    return Event(
        id=event.id,
        type=event.type,
        time=event.time,
        channel=event.channel,
        source=event.source,
        identifiers=event.identifiers if fields.who else (),
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
            yield from selector.where
    if isinstance(rule, RepeatRule) and rule.distinct:
        yield rule.distinct
    if isinstance(rule, ExpectRule) and rule.by:
        yield rule.by
