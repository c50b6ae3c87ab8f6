"""Which rules read an event type, or a field of it."""

from collections.abc import Iterable, Iterator, Mapping

from touchline.rules.conditions import references
from touchline.rules.known_types import KnownTypes
from touchline.rules.rule import ExpectRule, RepeatRule, Rule, SelectorModel
from touchline.vocabulary.registry import EventType


def rules_reading(
    rules: Iterable[Rule], types: Mapping[str, EventType], event_type: str, field: str = ""
) -> list[str]:
    """The ids of the rules that name the type, or that read the field of its data if one is given."""
    known = KnownTypes(types)
    return [
        rule.id
        for rule in rules
        if any(
            _reads(rule, selector, field) if field else _names(selector, event_type, known)
            for _, selector in rule.parts
            if not field or selector.types is None or _names(selector, event_type, known)
        )
    ]


def _names(selector: SelectorModel, event_type: str, known: KnownTypes) -> bool:
    return any(event_type in known.named(name) for name in selector.types or ())


def _reads(rule: Rule, selector: SelectorModel, field: str) -> bool:
    path = f"data.{field}"
    return any(read == path or read.startswith(f"{path}.") for read in _paths(rule, selector))


def _paths(rule: Rule, selector: SelectorModel) -> Iterator[str]:
    yield from rule.key
    for path, wanted in selector.where.items():
        yield path
        yield from references(wanted)
    if isinstance(rule, ExpectRule) and rule.by is not None and selector is rule.after:
        yield rule.by
    if isinstance(rule, RepeatRule) and rule.distinct is not None:
        yield rule.distinct
