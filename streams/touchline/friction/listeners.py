"""Compiled rules, and the listeners among them to one event type, grouped by the fields that they read."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from touchline.friction.kinds import BITS, STARTS, Terms
from touchline.rules.conditions import Condition, condition, field, key, texts
from touchline.rules.rule import Rule, SelectorModel
from touchline.vocabulary.event import Event

MANY = 8
"""From this number on, listeners that compare one field with texts are looked up by its text."""


class Plan(NamedTuple):
    """A compiled rule with its selectors."""

    terms: Terms
    parts: tuple["Part", ...]


class Part(NamedTuple):
    """One selector of a rule. With `types` None, it matches every event and no signal."""

    bit: int
    types: tuple[str, ...] | None
    conditions: tuple[Condition, ...]
    texts: Mapping[str, frozenset[str]]
    """Field → the texts of which it must equal one, for fields that must."""

    def names(self, event_type: str, is_friction: bool) -> bool:
        """Whether the selector includes the event type; its conditions are checked per event."""
        if self.types is None:
            return not is_friction
        for name in self.types:
            if is_friction:
                if name in ("friction.*", event_type):
                    return True
            elif name.startswith("friction."):
                continue
            elif name in ("*", event_type) or (name.endswith(".*") and event_type.startswith(name[:-1])):
                return True
        return False


class Listener(NamedTuple):
    """A rule that listens to an event type.

    `unconditional` has the bits of the selectors that match every event of the type; `conditional` has
    the others, with their conditions. `starts` is true if one of them can start something; if not, the
    listener needs an existing state.
    """

    slot: int
    terms: Terms
    starts: bool
    unconditional: int
    conditional: tuple[tuple[int, tuple[Condition, ...]], ...]


class Groups(NamedTuple):
    """The listeners to an event type, grouped by key, so that each key is read once per event.

    Attributes:
        starts: Whether any of them can start something.
        customer: Listeners without a key.
        fields: Name of a field of the data → the listeners with that key. Most keys are of this form.
        others: Reader of any other key → its listeners.
        above: Bits of the selectors of the layer above that include the type; 0 if none does.
        timed: Rules whose time any event of their key advances; None if there are none.
        by_text: Reader of a field → text → further listeners, which concern only events with this text.
    """

    starts: bool
    customer: tuple[Listener, ...]
    fields: tuple[tuple[str, tuple[Listener, ...]], ...]
    others: tuple[tuple[Callable[[Event], Any], tuple[Listener, ...]], ...]
    above: int
    timed: "Timed | None" = None
    by_text: tuple[tuple[Callable[[Event], Any], dict[str, "Groups"]], ...] = ()


class Timed(NamedTuple):
    """The rules with deadlines and a key: by reader of the key their slots, and by slot the reader."""

    by_key: tuple[tuple[Callable[[Event], Any], frozenset[int]], ...] = ()
    by_slot: Mapping[int, Callable[[Event], Any]] = {}


def compiled(slot: int, rule: Rule) -> Plan:
    """A rule with its selectors."""
    parts = tuple(
        Part(
            BITS[name],
            tuple(selector.types) if selector.types is not None else None,
            tuple(condition(path, wanted) for path, wanted in selector.where.items()),
            {path: found for path, wanted in selector.where.items() if (found := texts(wanted)) is not None},
        )
        for name in type(rule).model_fields
        if isinstance(selector := getattr(rule, name), SelectorModel)
    )
    return Plan(Terms(rule, slot), parts)


def slots_by_name(plans: Iterable[Plan]) -> dict[str, list[int]]:
    """Type or pattern → slots of the plans whose selectors name it; `*` for a selector without types."""
    by_name: dict[str, list[int]] = {}
    for plan in plans:
        for name in {name for part in plan.parts for name in part.types or ("*",)}:
            by_name.setdefault(name, []).append(plan.terms.slot)
    return by_name


def grouped(plans: Iterable[Plan], event_type: str, is_friction: bool) -> Groups:
    """The listeners among the plans to an event type."""
    listeners = {
        _listener(plan.terms, parts): parts
        for plan in plans
        if (parts := [part for part in plan.parts if part.names(event_type, is_friction)])
    }
    starts = any(listener.starts for listener in listeners)
    tables = []
    for path, by_text in _by_text(listeners).items():
        for listener in {listener for found in by_text.values() for listener in found}:
            del listeners[listener]
        tables.append((field(path), {text: _by_key(found, starts) for text, found in by_text.items()}))
    return _by_key(listeners, starts)._replace(by_text=tuple(tables))


def timed_rules(plans: Iterable[Plan]) -> Timed | None:
    """The plans with deadlines and a key; None if there are none."""
    # Any event of a key advances the key's time. For rules without a key, the fold does so.
    slots: dict[tuple[str, ...], set[int]] = {}
    for plan in plans:
        if plan.terms.has_deadlines and plan.terms.keyed:
            slots.setdefault(tuple(plan.terms.rule.key), set()).add(plan.terms.slot)
    readers = [(_key(paths), frozenset(found)) for paths, found in slots.items()]
    by_slot = {slot: read for read, found in readers for slot in found}
    return Timed(tuple(readers), by_slot) if readers else None


def _listener(terms: Terms, parts: Sequence[Part]) -> Listener:
    return Listener(
        terms.slot,
        terms,
        any(part.bit == STARTS for part in parts),
        sum(part.bit for part in parts if not part.conditions),
        tuple((part.bit, part.conditions) for part in parts if part.conditions),
    )


def _by_text(listeners: Mapping[Listener, Sequence[Part]]) -> dict[str, dict[str, list[Listener]]]:
    """Field → text → the listeners that concern only events with this text; each has one field."""
    paths = {
        listener: frozenset.intersection(*(frozenset(part.texts) for part in parts))
        for listener, parts in listeners.items()
    }
    common = Counter(path for found in paths.values() for path in found)
    by_text: dict[str, dict[str, list[Listener]]] = {}
    for listener, found in paths.items():
        path = max(found, key=lambda path: (common[path], path), default=None)
        if path is not None and common[path] >= MANY:
            for text in frozenset.union(*(part.texts[path] for part in listeners[listener])):
                by_text.setdefault(path, {}).setdefault(text, []).append(listener)
    return by_text


def _by_key(listeners: Iterable[Listener], starts: bool) -> Groups:
    listening: dict[tuple[str, ...], list[Listener]] = {}
    for listener in listeners:
        listening.setdefault(tuple(listener.terms.rule.key), []).append(listener)
    customer = tuple(listening.pop((), ()))
    names = [(paths, name) for paths in listening if (name := _data_field(paths)) is not None]
    fields = tuple((name, tuple(listening.pop(paths))) for paths, name in names)
    others = tuple((key(paths), tuple(found)) for paths, found in listening.items())
    return Groups(starts, customer, fields, others, 0)


def _key(paths: tuple[str, ...]) -> Callable[[Event], Any]:
    """The reader of a key as it is in states: of one field of the data, its value; otherwise the tuple."""
    name = _data_field(paths)
    read = key(paths)
    if name is None:
        return read

    def value(event: Event) -> Any:
        values = read(event)
        return None if values is None else values[0]

    return value


def _data_field(paths: tuple[str, ...]) -> str | None:
    path = paths[0].removeprefix("data.")
    return path if len(paths) == 1 and paths[0] != path and "." not in path else None
