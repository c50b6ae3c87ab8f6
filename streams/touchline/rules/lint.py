"""Warnings on valid rules: unknown types and fields, and conditions that are never true."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from touchline.documents import Document, Fault, Path, suggestion
from touchline.rules.conditions import is_reference, operators, references
from touchline.rules.known_types import Field, KnownTypes
from touchline.rules.overrides import Entry
from touchline.rules.rule import ExpectRule, RepeatRule, Rule, SelectorModel
from touchline.vocabulary.envelope import Channel
from touchline.vocabulary.internal import INTERNAL_TYPES
from touchline.vocabulary.registry import EVENT_TYPES, EventType, is_custom
from touchline.vocabulary.wording import word_list

_CHANNELS = [channel.value for channel in Channel]
_TRUE_WHERE_MISSING = {"ne", "not_in"}

Found = Iterator[tuple[Path, str]]
"""Paths in a rule, each with its warning."""


def warnings(
    rules: Iterable[Rule],
    entries: Mapping[str, Entry],
    document: Document,
    types: Mapping[str, EventType] = EVENT_TYPES,
) -> list[Fault]:
    """The warnings on the rules that `document` defines or changes; `types` are the known event types."""
    known = KnownTypes(types)
    return [
        entries[rule.id].fault(path, message)
        for rule in rules
        if document in entries[rule.id].documents
        for path, message in _of_rule(rule, known)
    ]


def _of_rule(rule: Rule, known: KnownTypes) -> Found:
    for part, selector in rule.parts:
        for path, message in _of_selector(selector, known):
            yield (part, *path), message
        for index, field in enumerate(rule.key):
            for name in known.lacking(selector, field):
                message = f"{known.unknown_field(name, field)}; the rule ignores events without it"
                yield ("key", index), message
    if isinstance(rule, ExpectRule):
        yield from _of_expect(rule, known)
    if isinstance(rule, RepeatRule) and rule.distinct is not None:
        yield from _of_distinct(rule, rule.distinct, known)


def _of_selector(selector: SelectorModel, known: KnownTypes) -> Found:
    for index, name in enumerate(selector.types or ()):
        if not name.startswith("friction.") and name != "*" and not known.named(name) and not is_custom(name):
            near = suggestion(name, known.types)
            yield (
                ("types", index),
                f"'{name}' is not a type of the vocabulary{near}; "
                "if it is your own, declare it in the tracking plan",
            )
        elif (named := known.named(name)) and INTERNAL_TYPES.issuperset(named):
            yield (
                ("types", index),
                f"'{name}' is internal: friction rules never take it; write an alert rule about it",
            )
    for path, wanted in selector.where.items():
        if not _holds_where_missing(operators(wanted)):
            for read in (path, *references(wanted)):
                for name in known.lacking(selector, read):
                    yield ("where", path), known.unknown_field(name, read)
        for message in _unlike_fields(selector, path, wanted, known):
            yield ("where", path), message
            break
        tests = _constants(operators(wanted))
        for name in known.selected(selector) or ():
            if (field := known.field(name, path)) is not None and (message := _unlike(field, tests)):
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


def _of_expect(rule: ExpectRule, known: KnownTypes) -> Found:
    if rule.by is not None:
        for name in known.selected(rule.after) or ():
            field = known.field(name, rule.by)
            if name in known.lacking(rule.after, rule.by):
                yield ("by",), f"{known.unknown_field(name, rule.by)}; the rule ignores events without it"
            elif field is not None and not field.is_time:
                yield ("by",), f"{rule.by} of {name} is not a time: the rule never starts"
    then, unless = rule.then, rule.unless
    if unless is not None and not then.where and set(unless.types or ["*"]) <= set(then.types or ["*"]):
        yield ("unless",), "'then' already takes all of these events, and comes first"


def _of_distinct(rule: RepeatRule, distinct: str, known: KnownTypes) -> Found:
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
    for name in known.lacking(rule.of, distinct):
        yield ("distinct",), f"{known.unknown_field(name, distinct)}; events without it do not count"


def _constants(tests: Mapping[str, Any]) -> dict[str, Any]:
    """The tests that compare with constants alone, not with other fields."""
    return {
        name: value
        for name, value in tests.items()
        if not any(map(is_reference, value if isinstance(value, list) else (value,)))
    }


def _unlike_fields(selector: SelectorModel, path: str, wanted: Any, known: KnownTypes) -> Iterator[str]:
    """Why a comparison of the field with another can never be true."""
    for operator, value in operators(wanted).items():
        if not is_reference(value) or operator in ("in", "not_in"):
            continue
        other = value["field"]
        if other == path:
            yield f"'{operator}' compares {path} with itself"
        for name in known.selected(selector) or ():
            one, two = known.field(name, path), known.field(name, other)
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
