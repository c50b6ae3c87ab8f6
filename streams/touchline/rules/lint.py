"""Warnings on valid rules: unknown types and fields, and conditions that are never true."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from touchline.rules.conditions import is_reference, operators, references
from touchline.rules.document import Document, Fault, Path, suggestion
from touchline.rules.overrides import Entry
from touchline.rules.rule import ExpectRule, RepeatRule, Rule, SelectorModel
from touchline.vocabulary.envelope import Channel
from touchline.vocabulary.registry import EVENT_TYPES
from touchline.vocabulary.wording import word_list

_CHANNELS = [channel.value for channel in Channel]
_TRUE_WHERE_MISSING = {"ne", "not_in"}

Found = Iterator[tuple[Path, str]]
"""Paths in a rule, each with its warning."""


class Field(NamedTuple):
    """A field in the vocabulary: its JSON types, its enumerated values, and whether it is a time."""

    kinds: frozenset[str]
    values: tuple[Any, ...]
    is_time: bool


def warnings(rules: Iterable[Rule], entries: Mapping[str, Entry], document: Document) -> list[Fault]:
    """The warnings on the rules that `document` defines or changes."""
    return [
        entries[rule.id].fault(path, message)
        for rule in rules
        if document in entries[rule.id].documents
        for path, message in _of_rule(rule)
    ]


def _of_rule(rule: Rule) -> Found:
    for part, selector in rule.parts:
        for path, message in _of_selector(selector):
            yield (part, *path), message
        for index, field in enumerate(rule.key):
            for name in _lacking(selector, field):
                yield ("key", index), f"{_unknown(name, field)}; the rule ignores events without it"
    if isinstance(rule, ExpectRule):
        yield from _of_expect(rule)
    if isinstance(rule, RepeatRule) and rule.distinct is not None:
        yield from _of_distinct(rule, rule.distinct)


def _of_selector(selector: SelectorModel) -> Found:
    for index, name in enumerate(selector.types or ()):
        if not name.startswith("friction.") and name != "*" and not _named(name):
            near = suggestion(name, EVENT_TYPES)
            yield (
                ("types", index),
                f"'{name}' is not a type of the vocabulary{near}; keep it only if it is your own",
            )
    for path, wanted in selector.where.items():
        if not _holds_where_missing(operators(wanted)):
            for read in (path, *references(wanted)):
                for name in _lacking(selector, read):
                    yield ("where", path), _unknown(name, read)
        for message in _unlike_fields(selector, path, wanted):
            yield ("where", path), message
            break
        tests = _constants(operators(wanted))
        for name in _types(selector) or ():
            if (field := _field(name, path)) is not None and (message := _unlike(field, tests)):
                yield ("where", path), f"{path} of {name} {message}"
                break
        if path == "channel":
            for value in _values(tests):
                if value not in _CHANNELS:
                    yield (
                        ("where", path),
                        f"there is no channel '{value}'{suggestion(value, _CHANNELS)}",
                    )
        if _contradiction(tests):
            yield ("where", path), "no value passes all of these tests: the selector never takes an event"


def _of_expect(rule: ExpectRule) -> Found:
    if rule.by is not None:
        for name in _types(rule.after) or ():
            field = _field(name, rule.by)
            if name in _lacking(rule.after, rule.by):
                yield ("by",), f"{_unknown(name, rule.by)}; the rule ignores events without it"
            elif field is not None and not field.is_time:
                yield ("by",), f"{rule.by} of {name} is not a time: the rule never starts"
    then, unless = rule.then, rule.unless
    if unless is not None and not then.where and set(unless.types or ["*"]) <= set(then.types or ["*"]):
        yield ("unless",), "'then' already takes all of these events, and comes first"


def _of_distinct(rule: RepeatRule, distinct: str) -> Found:
    tests = _constants(operators(rule.of.where.get(distinct, {})))
    if distinct in rule.key:
        yield ("distinct",), f"{distinct} is in the key, so it has one value: the rule never fires"
    elif "eq" in tests:
        yield ("distinct",), f"'where' allows one value of {distinct}: the rule never fires"
    elif len(tests.get("in", range(rule.count))) < rule.count:
        yield (
            ("distinct",),
            f"'where' allows fewer than {rule.count} values of {distinct}: the rule never fires",
        )
    for name in _lacking(rule.of, distinct):
        yield ("distinct",), f"{_unknown(name, distinct)}; events without it do not count"


def _named(pattern: str) -> list[str]:
    if pattern.endswith(".*"):
        return [name for name in EVENT_TYPES if name.startswith(pattern[:-1])]
    return [pattern] if pattern in EVENT_TYPES else []


def _types(selector: SelectorModel) -> list[str] | None:
    """The types that a selector takes; None unless the vocabulary has all of them."""
    if selector.types is None or any(name == "*" or not _named(name) for name in selector.types):
        return None
    return [known for name in selector.types for known in _named(name)]


def _lacking(selector: SelectorModel, path: str) -> list[str]:
    """The types of a selector without the data field; a family counts if all its types lack the field."""
    if not path.startswith("data.") or "." in path.removeprefix("data."):
        return []
    lacking = []
    for name in selector.types or ():
        known = _named(name)
        if known and all(_field(event_type, path) is None for event_type in known):
            lacking.append(known[0] if name.endswith(".*") else name)
    return lacking


def _unknown(name: str, path: str) -> str:
    near = suggestion(path.removeprefix("data."), EVENT_TYPES[name].model.model_fields)
    return f"{path} is not a field of {name}{near}; keep it only if you send it"


@cache
def _field(name: str, path: str) -> Field | None:
    """A field of a type's data in the vocabulary; None if there is none."""
    about = EVENT_TYPES[name].model.model_json_schema().get("properties", {}).get(path.removeprefix("data."))
    if about is None or not path.startswith("data."):
        return None
    schemas = [schema for schema in about.get("anyOf", [about]) if schema.get("type") != "null"]
    return Field(
        kinds=frozenset(
            schema["type"].replace("integer", "number") for schema in schemas if "type" in schema
        ),
        values=tuple(value for schema in schemas for value in schema.get("enum", ())),
        is_time=any(schema.get("format") == "date-time" for schema in schemas),
    )


def _constants(tests: Mapping[str, Any]) -> dict[str, Any]:
    """The tests that compare with constants alone, not with other fields."""
    return {
        name: value
        for name, value in tests.items()
        if not any(map(is_reference, value if isinstance(value, list) else (value,)))
    }


def _unlike_fields(selector: SelectorModel, path: str, wanted: Any) -> Iterator[str]:
    """Why a comparison of the field with another can never be true."""
    for operator, value in operators(wanted).items():
        if not is_reference(value) or operator in ("in", "not_in"):
            continue
        other = value["field"]
        if other == path:
            yield f"'{operator}' compares {path} with itself"
        for name in _types(selector) or ():
            one, two = _field(name, path), _field(name, other)
            if one is not None and two is not None and one.kinds and two.kinds and not one.kinds & two.kinds:
                yield (
                    f"{path} of {name} is a {word_list(sorted(one.kinds))}, "
                    f"and {other} is a {word_list(sorted(two.kinds))}"
                )


def _holds_where_missing(tests: Mapping[str, Any]) -> bool:
    return tests.get("exists") is False or tests.keys() <= _TRUE_WHERE_MISSING


def _values(tests: Mapping[str, Any]) -> list[Any]:
    """The values that a field is tested for equality with."""
    single = [tests[name] for name in ("eq", "ne") if name in tests]
    return [*single, *tests.get("in", []), *tests.get("not_in", [])]


def _unlike(field: Field, tests: Mapping[str, Any]) -> str:
    """Why the field can never equal a value, or be compared with it; empty if it can."""
    orderings = [tests[name] for name in ("gt", "ge", "lt", "le") if name in tests]
    for value in [*_values(tests), *orderings]:
        if field.values and value not in field.values:
            return f"is never {value!r}{suggestion(value, map(str, field.values))}"
        if field.kinds and _kind(value) not in field.kinds:
            return f"is a {word_list(sorted(field.kinds))}, and {value!r} is not"
    if "matches" in tests and field.kinds and "string" not in field.kinds:
        return "is not a text: 'matches' is never true"
    return ""


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else "string" if isinstance(value, str) else "other"


def _contradiction(tests: Mapping[str, Any]) -> bool:
    """Whether it is plain that no value passes all tests."""
    lower = [(tests[name], name == "gt") for name in ("gt", "ge") if name in tests]
    upper = [(tests[name], name == "lt") for name in ("lt", "le") if name in tests]
    crossed = any(
        type(low) is type(high) and (low > high or (low == high and (above or below)))
        for low, above in lower
        for high, below in upper
    )
    unequal = "eq" in tests and "in" in tests and tests["eq"] not in tests["in"]
    missing = (
        tests.get("exists") is False and len(tests) > 1 and not tests.keys() <= {"exists", "ne", "not_in"}
    )
    return crossed or unequal or missing or tests.get("in") == []
