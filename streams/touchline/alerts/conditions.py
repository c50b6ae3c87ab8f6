"""The SQL of what rules have in common: labels, conditions and spans, as text."""

from touchline.alerts.rules import AlertRule, is_attribute
from touchline.vocabulary.durations import WEEK
from touchline.vocabulary.internal import IS_TOUCHPOINT
from touchline.vocabulary.personal import PERSONAL_VALUE

MOST_SERIES = 500
"""Combinations of labels with attributes that open incidents at most: of more, those with the most customers,
or events."""

LONGEST_VALUE = 100
"""Characters of an attribute's value in a label."""

HIDDEN = "(hidden)"
"""The label of all values of an attribute that may identify a person."""

_PERSONAL = "'" + rf"(?is)\A\s*({PERSONAL_VALUE})\s*\z".replace("\\", "\\\\") + "'"


def literal(text: str) -> str:
    """A text as a literal of SQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def label_list(rule: AlertRule) -> str:
    """The array of labels of a row: `name=value` for each, in the rule's order."""
    # An empty array would have no type.
    labels = ", ".join(f"concat('{name}=', {_value(name)})" for name in rule.by)
    return f"[{labels}]" if labels else "emptyArrayString()"


def _value(name: str) -> str:
    """The value of a label; of an attribute, the beginning, unless it may identify a person."""
    if not is_attribute(name):
        return name
    value = f"if(JSONType({_path(name)}) = 'Null', '', {_field(name)})"
    return f"if(match({value}, {_PERSONAL}), '{HIDDEN}', leftUTF8({value}, {LONGEST_VALUE}))"


def largest_series(rule: AlertRule, rows: str, size: str = "count()") -> str:
    """The condition that labels are among the largest; any, if no label is an attribute."""
    if not any(map(is_attribute, rule.by)):
        return "1"
    return (
        f"(labels IN (SELECT labels FROM ({rows}) GROUP BY labels "  # noqa: S608
        f"ORDER BY {size} DESC, labels LIMIT {MOST_SERIES}) "
        "OR has(JSONExtract({held:String}, 'Array(Array(String))'), labels))"
    )


def named(column: str, names: tuple[str, ...]) -> str:
    """The condition that a column has one of the names; `contact.*` is a prefix, `*` is any."""
    if "*" in names:
        return "1"
    prefixes = [name[:-1] for name in names if name.endswith("*")]
    whole = [literal(name) for name in names if not name.endswith("*")]
    tests = [f"startsWith({column}, {literal(prefix)})" for prefix in prefixes]
    if whole:
        tests.append(f"{column} IN ({', '.join(whole)})")
    return f"({' OR '.join(tests)})"


def typed(names: tuple[str, ...]) -> str:
    """The condition that an event has one of the types; `*` is any but those of internal events."""
    return IS_TOUCHPOINT if "*" in names else named("type", names)


def matching(rule: AlertRule) -> str:
    """The condition that a row has the allowed values of the rule, and none of the excluded ones."""
    tests = [
        f"{_field(name)} {verb} ({', '.join(map(literal, values))})"
        for verb, fields in (("IN", rule.where), ("NOT IN", rule.without))
        for name, values in fields.items()
        if values
    ]
    return " AND ".join(tests) or "1"


def _field(name: str) -> str:
    if not is_attribute(name):
        return f"toString({name})"
    path = _path(name)
    return f"if(JSONType({path}) = 'String', JSONExtractString({path}), JSONExtractRaw({path}))"


def _path(name: str) -> str:
    column, *keys = name.split(".")
    return ", ".join([column, *map(literal, keys)])


def spans(column: str, weeks: range, around: int = 0) -> str:
    """The condition that a time is in one of the spans, as of `sql.watched`."""
    moved = (
        f"({column} > fromUnixTimestamp64Milli({{lo:Int64}} - {week * WEEK + longer}) "
        f"AND {column} <= fromUnixTimestamp64Milli({{hi:Int64}} - {week * WEEK - longer}))"
        for week in weeks
        for longer in (around if week else 0,)
    )
    return f"({' OR '.join(moved)})"
