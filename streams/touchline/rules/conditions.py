"""Conditions of a selector: a field path, an operator, a value or a reference (docs/semantics.md#conditions).

The law: a comparison with a missing field, or between values of different types, is false. Exceptions are
`exists: false`, and `ne` and `not_in` on a missing field, which are true. A null field is missing. A
reference, `{field: path}`, stands for the value of another field of the same event; it may be missing, too.
"""

import json
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from touchline.documents import suggestion
from touchline.rules.patterns import search
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
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {"eq": operator.eq, "ne": operator.ne, **_ORDERINGS}
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
    tests = [_condition(read, name, value, path) for name, value in operators(wanted).items()]
    if len(tests) == 1:
        return tests[0]
    return lambda event: all(test(event) for test in tests)


def operators(wanted: Any) -> Mapping[str, Any]:
    """Operator → value; `eq`, if `wanted` is a value or a reference instead of a mapping of operators."""
    return wanted if isinstance(wanted, Mapping) and not is_reference(wanted) else {"eq": wanted}


def is_reference(value: Any) -> bool:
    """Whether it is `{field: path}`, which stands for the value of another field."""
    return isinstance(value, Mapping) and len(value) == 1 and "field" in value


def references(wanted: Any) -> Iterator[str]:
    """The paths of the other fields that a condition reads."""
    for value in operators(wanted).values():
        for item in value if isinstance(value, list) else (value,):
            if is_reference(item):
                yield item["field"]


def texts(wanted: Any) -> frozenset[str] | None:
    """The texts of which a condition demands one; None if it allows other values."""
    tests = operators(wanted)
    listed = [tests["eq"]] if "eq" in tests else tests.get("in")
    if isinstance(listed, list) and all(isinstance(item, str) for item in listed):
        return frozenset(listed)
    return None


def _condition(read: Callable[[Event], Any], name: str, wanted: Any, path: str) -> Condition:
    items = wanted if isinstance(wanted, list) and name in ("in", "not_in") else (wanted,)
    for item in items:
        _check_reference(item, path)
    if not any(map(is_reference, items)) or name in ("exists", "matches"):
        test = _test(name, wanted, path)
        return lambda event: test(read(event))
    if name in ("in", "not_in"):
        listed = _list(items, path) if items is wanted else _referred(wanted, path)
        return lambda event: _test_of_list(name, listed(event))(read(event))
    if name not in OPERATORS:
        raise _unknown_operator(name, path)
    other = _referred(wanted, path)
    compare = _COMPARISONS[name]
    missing = name == "ne"

    def holds(event: Event) -> bool:
        found, value = read(event), other(event)
        if found is None or value is None:
            return missing
        return _alike(found, value) and (name in ("eq", "ne") or _ordered(found)) and compare(found, value)

    return holds


def _referred(reference: Mapping[str, Any], path: str) -> Callable[[Event], Any]:
    other = reference["field"]
    if not isinstance(other, str):
        raise ValueError(f"{path}: 'field' takes a field such as data.due_at, not {other!r}")
    return field(other)


def _list(items: Sequence[Any], path: str) -> Callable[[Event], list[Any]]:
    """The values of a list with references; an item whose field is missing is left out."""
    readers = [_referred(item, path) if is_reference(item) else None for item in items]

    def listed(event: Event) -> list[Any]:
        values = [item if read is None else read(event) for item, read in zip(items, readers, strict=True)]
        return [value for value in values if value is not None]

    return listed


def _test_of_list(name: str, listed: Any) -> Callable[[Any], bool]:
    if listed is None:
        return lambda found: name == "not_in"
    if not isinstance(listed, list):
        return lambda found: name == "not_in" and found is None
    return _membership(name, listed)


def _test(name: str, wanted: Any, path: str) -> Callable[[Any], bool]:
    if name == "eq":
        return lambda found: found is not None and _alike(found, wanted) and bool(found == wanted)
    if name == "ne":
        return lambda found: found is None or (_alike(found, wanted) and bool(found != wanted))
    if name in _ORDERINGS:
        compare = _ORDERINGS[name]
        if not _ordered(wanted):
            raise ValueError(f"{path}: '{name}' takes a number, a text or a field, not {wanted!r}")
        return lambda found: found is not None and _alike(found, wanted) and compare(found, wanted)
    if name in ("in", "not_in"):
        if not isinstance(wanted, list):
            raise ValueError(f"{path}: '{name}' takes a list of values or a field, not {wanted!r}")
        return _membership(name, wanted)
    if name == "exists":
        if not isinstance(wanted, bool):
            raise ValueError(f"{path}: 'exists' takes true or false, not {wanted!r}")
        return lambda found: (found is not None) is wanted
    if name == "matches":
        return _pattern(wanted, path)
    raise _unknown_operator(name, path)


def _unknown_operator(name: str, path: str) -> ValueError:
    if name == "field":
        return ValueError(
            f"{path}: unknown operator 'field'; name one, such as eq: {{field: data.due_at}}, next to others"
        )
    near = suggestion(name, (*OPERATORS, "field"))
    return ValueError(f"{path}: unknown operator '{name}'{near}; write one of {', '.join(OPERATORS)}")


def _check_reference(wanted: Any, path: str) -> None:
    """Refuse an object that is nearly a reference, such as `{feld: data.due_at}`."""
    if not isinstance(wanted, Mapping) or len(wanted) != 1:
        return
    ((name, value),) = wanted.items()
    if is_reference(wanted) or not isinstance(value, str) or not suggestion(name, ("field",)):
        return
    try:
        field(value)
    except ValueError:
        return
    raise ValueError(f"{path}: unknown key '{name}' (did you mean 'field'?); write {{field: {value}}}")


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
        found_in = search(wanted)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    return lambda found: isinstance(found, str) and found_in(found)


def _ordered(value: Any) -> bool:
    return isinstance(value, str | int | float)


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
