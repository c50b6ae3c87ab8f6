"""Conditions of a selector: a field path, an operator, a value (docs/semantics.md#friction).

The law: a comparison with a missing field, or between values of different types, is false. Exceptions are
`exists: false`, and `ne` and `not_in` on a missing field, which are true. A null field is missing.
"""

import json
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from touchline.vocabulary.event import Event

Condition = Callable[[Event], bool]

ENVELOPE_FIELDS = ("id", "type", "channel", "source", "producer")
"""Fields with a path of one word; other paths begin with `data.`, `context.` or `identifiers.`."""

_ORDERINGS: dict[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
OPERATORS = ("eq", "ne", *_ORDERINGS, "in", "not_in", "exists", "matches")


def field(path: str) -> Callable[[Event], Any]:
    """A function that reads the field at `path`: its value, or None if it is missing.

    `identifiers.<kind>` is the value of that kind, the first in text order if there are several.

    Raises:
        ValueError: Events have no such field.
    """
    root, _, rest = path.partition(".")
    if not rest and root in ENVELOPE_FIELDS:
        return operator.attrgetter(root)
    if rest and root == "identifiers":
        prefix = f"{rest}:"
        return lambda event: next(
            (name[len(prefix) :] for name in event.identifiers if name.startswith(prefix)), None
        )
    if rest and root in ("data", "context"):
        names = rest.split(".")
        if root == "data" and len(names) == 1:
            name = names[0]
            return lambda event: event.data.get(name)
        return lambda event: _descend(getattr(event, root), names)
    raise ValueError(
        f"'{path}' is not a field: write one of {', '.join(ENVELOPE_FIELDS)}, "
        "or data.NAME, context.NAME, identifiers.KIND"
    )


def key(paths: Sequence[str]) -> Callable[[Event], Any]:
    """A function that reads the values at `paths`, hashable; None if the event lacks one of them."""
    fields = [field(path) for path in paths]

    def values(event: Event) -> Any:
        found = tuple(read(event) for read in fields)
        return None if None in found else tuple(map(identity, found))

    return values


def identity(value: Any) -> Any:
    """A hashable value, equal for equal JSON values only: true is not 1, but 1 is 1.0."""
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, list | dict):
        return ("json", json.dumps(value, sort_keys=True))
    return value


def condition(path: str, wanted: Any) -> Condition:
    """The condition that the field at `path` equals a value, or passes a mapping of operators.

    Raises:
        ValueError: The path or an operator is unknown, or an operator cannot take its value.
    """
    read = field(path)
    tests = [
        _test(name, value, path)
        for name, value in (wanted.items() if isinstance(wanted, Mapping) else [("eq", wanted)])
    ]
    if len(tests) == 1:
        only = tests[0]
        return lambda event: only(read(event))
    return lambda event: all(test(read(event)) for test in tests)


def _test(name: str, wanted: Any, path: str) -> Callable[[Any], bool]:
    if name == "eq":
        return lambda found: found is not None and _alike(found, wanted) and bool(found == wanted)
    if name == "ne":
        return lambda found: found is None or (_alike(found, wanted) and bool(found != wanted))
    if name in _ORDERINGS:
        compare = _ORDERINGS[name]
        if not isinstance(wanted, str | int | float):
            raise ValueError(f"{path}: '{name}' takes a number or a text, not {wanted!r}")
        return lambda found: found is not None and _alike(found, wanted) and compare(found, wanted)
    if name in ("in", "not_in"):
        if not isinstance(wanted, list):
            raise ValueError(f"{path}: '{name}' takes a list of values, not {wanted!r}")
        return _membership(name, wanted)
    if name == "exists":
        if not isinstance(wanted, bool):
            raise ValueError(f"{path}: 'exists' takes true or false, not {wanted!r}")
        return lambda found: (found is not None) is wanted
    if name == "matches":
        return _pattern(wanted, path)
    raise ValueError(f"{path}: unknown operator '{name}'; write one of {', '.join(OPERATORS)}")


def _membership(name: str, wanted: list[Any]) -> Callable[[Any], bool]:
    # Nearly always a text among texts: one look-up.
    texts = frozenset(value for value in wanted if isinstance(value, str))
    others = [value for value in wanted if not isinstance(value, str)]

    def is_in(found: Any) -> bool:
        if isinstance(found, str):
            return found in texts
        return any(_alike(found, value) and found == value for value in others)

    def is_not_in(found: Any) -> bool:
        if found is None:
            return True
        if isinstance(found, str):
            return found not in texts and (bool(texts) or not wanted)
        alike = [value for value in others if _alike(found, value)]
        return all(found != value for value in alike) and (bool(alike) or not wanted)

    return is_in if name == "in" else is_not_in


def _pattern(wanted: Any, path: str) -> Callable[[Any], bool]:
    if not isinstance(wanted, str):
        raise ValueError(f"{path}: 'matches' takes a regular expression, not {wanted!r}")
    try:
        pattern = re.compile(wanted)
    except re.error as error:
        raise ValueError(f"{path}: '{wanted}' is not a regular expression: {error}") from error
    return lambda found: isinstance(found, str) and pattern.search(found) is not None


def _alike(left: Any, right: Any) -> bool:
    """Whether two JSON values have the same type: bool, number, text, list or object."""
    return _kind(left) is _kind(right)


def _kind(value: Any) -> type:
    return float if type(value) is int else type(value)


def _descend(value: Any, names: Sequence[str]) -> Any:
    for name in names:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value
