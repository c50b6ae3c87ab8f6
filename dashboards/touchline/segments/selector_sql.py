"""SQL for selectors of the rule language: it holds for the events that `touchline.rules.conditions` selects.

The law is that of conditions: a comparison with a missing field, or between values of different types, is
false, save `exists: false`, and `ne` and `not_in` on a missing field. A reference to another field, and the
types of signals (`friction.…`), are not supported: `unsupported` says so.
"""

from collections.abc import Iterator
from typing import Any

from touchline.rules import conditions
from touchline.rules.rule import SelectorModel

_ORDERINGS = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_NUMBER_TYPES = "('Int64', 'UInt64', 'Double')"


def text_sql(text: str) -> str:
    """SQL for a text. It is encoded, so neither SQL nor a macro or variable of Grafana is read in it."""
    return f"unhex('{text.encode('utf-8', 'replace').hex()}')"


def unsupported(selector: SelectorModel) -> Iterator[str]:
    """What of a selector has no SQL, each as a sentence."""
    for name in selector.types or ():
        if name.startswith("friction"):
            yield f"'{name}' is a friction: write the rule under 'met' or 'not_met'"
    for path, wanted in selector.where.items():
        if any(conditions.references(wanted)):
            yield f"{path}: a comparison with another field is for rules only: write a value"
        for operator, value in conditions.operators(wanted).items():
            items = value if isinstance(value, list) and operator in ("in", "not_in") else (value,)
            if any(isinstance(item, list | dict) or item is None for item in items):
                yield f"{path}: write a text, a number, true or false, or {{in: [one, another]}}"


def selector_sql(selector: SelectorModel) -> str:
    """SQL condition on rows of `events` that holds for the events that the selector selects."""
    parts = [_types(selector.types)] if selector.types and "*" not in selector.types else []
    for path, wanted in selector.where.items():
        for operator, value in conditions.operators(wanted).items():
            parts.append(_condition(path, operator, value))
    return f"({' AND '.join(parts)})" if parts else "1"


def _types(types: list[str]) -> str:
    names = [text_sql(name) for name in types if not name.endswith(".*")]
    families = [f"startsWith(type, {text_sql(name[:-1])})" for name in types if name.endswith(".*")]
    exact = [f"type IN ({', '.join(names)})"] if names else []
    return f"({' OR '.join([*exact, *families])})"


class _Field:
    """SQL for a field: whether it is there, and its value as each type. `kinds` are the types it can have."""

    def __init__(self, path: str) -> None:
        root, _, rest = path.partition(".")
        self.text, self.number, self.truth = root, "", ""
        self.is_text, self.is_number, self.is_truth = "1", "0", "0"
        self.there = "1"
        if root == "identifiers":
            prefix = text_sql(f"{rest}:")
            names = f"arraySort(arrayFilter(name -> startsWith(name, {prefix}), identifiers))"
            self.text = f"substring({names}[1], {len(rest.encode()) + 2})"
            self.there = self.is_text = f"notEmpty({names})"
        elif rest:
            at = ", ".join((root, *(text_sql(name) for name in rest.split("."))))
            kind = f"toString(JSONType({at}))"
            self.text = f"JSONExtractString({at})"
            self.number = f"JSONExtractFloat({at})"
            self.truth = f"JSONExtractBool({at})"
            self.is_text, self.is_truth = f"{kind} = 'String'", f"{kind} = 'Bool'"
            self.is_number = f"{kind} IN {_NUMBER_TYPES}"
            self.there = f"{kind} != 'Null'"

    def compare(self, operator: str, value: Any) -> str:
        """SQL condition: the field has the type of the value, and compares with it."""
        if isinstance(value, bool):
            return f"({self.is_truth} AND {self.truth or 0} {operator} {int(value)})"
        if isinstance(value, int | float):
            return f"({self.is_number} AND {self.number or 0} {operator} {float(value)!r})"
        return f"({self.is_text} AND {self.text} {operator} {text_sql(str(value))})"

    def same_type(self, value: Any) -> str:
        """SQL condition: the field has the type of the value."""
        if isinstance(value, bool):
            return self.is_truth
        return self.is_number if isinstance(value, int | float) else self.is_text


def _condition(path: str, operator: str, value: Any) -> str:
    field = _Field(path)
    match operator:
        case "eq":
            return field.compare("=", value)
        case "ne":
            return f"(NOT ({field.there}) OR {field.compare('!=', value)})"
        case "in":
            return f"({' OR '.join(field.compare('=', item) for item in value) or '0'})"
        case "not_in":
            return _not_in(field, value)
        case "exists":
            return f"({field.there})" if value else f"(NOT ({field.there}))"
        case "matches":
            return f"({field.is_text} AND match({field.text}, {text_sql(value)}))"
        case _:
            return field.compare(_ORDERINGS[operator], value)


def _not_in(field: _Field, values: list[Any]) -> str:
    """A missing field passes; a value passes if one of its type is listed, and it is none of these."""
    if not values:
        return "1"
    listed = " OR ".join(field.compare("=", item) for item in values)
    alike = " OR ".join(dict.fromkeys(f"({field.same_type(item)})" for item in values))
    return f"(NOT ({field.there}) OR (({alike}) AND NOT ({listed})))"
