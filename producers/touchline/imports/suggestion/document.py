"""Writes the suggested mapping: YAML, with comments that say why, and what to check."""

import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import Final

from touchline.imports.suggestion import stories
from touchline.imports.suggestion.columns import NULL_WORDS, Column, look
from touchline.imports.suggestion.roles import Roles, first
from touchline.imports.suggestion.sampling import Sample
from touchline.vocabulary.wording import counted

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*(?: [A-Za-z0-9_.-]+)*")
_NOT_TEXT: Final = frozenset({"true", "false", "null"})
_UNITS: Final = {"ms": ("ms", "millis"), "min": ("min", "minutes", "minuten"), "h": ("hours", "stunden")}


def suggest(sample: Sample) -> str:
    """A mapping for files like the sampled one, in YAML that the loader accepts.

    What is only a guess is marked TODO; what cannot be guessed is commented out.
    """
    columns = [look(name, (row.get(name) for row in sample.rows)) for name in sample.columns]
    roles = Roles(sample.file, columns)
    lines = [*_head(sample, columns), "events:", *_first_event(roles), *_contact(roles)]
    return "\n".join([*lines, *_rest(sample, roles)]) + "\n"


def _head(sample: Sample, columns: list[Column]) -> Iterator[str]:
    name, file = _source(sample.file), _printable(sample.file)
    looked = counted(len(sample.rows), "row")
    yield f"# A mapping for {file}, suggested from the names of its columns and its first {looked}."
    yield "# Check each line, and those with TODO first. Then see what it gives:"
    yield f"#   touchline import {file} --map {name}.yaml --dry-run"
    options = dict(sample.options)
    comma = any(column.decimal_comma for column in columns)
    if comma:
        options.setdefault("decimal", ",")
    if any(column.grouped and column.decimal_comma == comma for column in columns):
        options.setdefault("thousands", "." if comma else ",")
    for option, value in options.items():
        yield f"{option}: {value if option == 'skip_rows' else _quoted(value)}"
    values = {value for row in sample.rows for value in row.values() if isinstance(value, str)}
    nulls = sorted(value for value in values if value.strip().lower() in NULL_WORDS)
    if nulls:
        yield f"nulls: [{', '.join(map(_quoted, nulls))}]  # words that mean no value"
    yield f"source: {_name(name)}  # the system that recorded it"


def _first_event(roles: Roles) -> Iterator[str]:
    if roles.type is not None:
        yield f"  - type: {{column: {_name(roles.type.name)}}}"
    elif not roles.known:
        yield f"  - type: {roles.story.type}  # TODO: what is a row? `touchline schema list` has all types"
    else:
        yield f"  - type: {roles.story.type}  # suggested by the names of the columns or of the file"
    yield from _common(roles, _time(roles), notes=True)
    if roles.type is not None:
        yield "    # data:  # TODO: the fields of these types, as `touchline schema show` lists them"
        return
    yield "    data:"
    yield f"      {roles.story.key}: {_case(roles)}"
    for field, column in roles.data.items():
        yield f"      {field}: {_field(column, field)}"
    known = stories.fields_of(roles.story.type)
    if "value" in roles.data and "currency" not in roles.data:
        yield "      # currency: {value: EUR}  # TODO: the currency of the values"
    if "metric" in known:
        metric = next((one for one in ("nps", "ces") if first(roles.all, one)), "csat")
        yield f"      metric: {{value: {metric}}}  # TODO: csat, nps, ces, review or complaint"


def _contact(roles: Roles) -> Iterator[str]:
    """The other events of a contact that waited: that it was queued, and what became of it."""
    wait, outcome = roles.wait, roles.outcome
    if wait is None or not roles.is_contact:
        return
    case = _case(roles)
    yield "  - type: contact.queued"
    yield from _common(roles, _time(roles))
    yield f"    data: {{contact_id: {case}}}"
    time = _time(roles, f"plus: {{column: {_name(wait.name)}{_unit(wait)}}}")
    waited = f"    data: {{contact_id: {case}, wait_seconds: {_field(wait, 'wait_seconds')}}}"
    if outcome is None:
        yield "  # TODO: which rows were answered, and which callers hung up? Name the column in where:"
        for event_type in stories.RESULTS:
            lines = ["  - type: " + event_type, "    where: {…: […]}", *_common(roles, time), waited]
            yield from (f"  # {line[2:]}" for line in lines)
        return
    for event_type, words in stories.RESULTS.items():
        found = [value for value in outcome.values if value.lower() in words]
        if found:
            yield f"  - type: {event_type}  # when the wait ends"
            yield f"    where: {{{_name(outcome.name)}: [{', '.join(map(_quoted, found))}]}}"
            yield from _common(roles, time)
            yield waited
    known = frozenset().union(*stories.RESULTS.values())
    others = [_quoted(value) for value in outcome.values if value.lower() not in known]
    if others:
        yield f"  # TODO: no event follows from {_name(outcome.name)}: {', '.join(others)}"


def _common(roles: Roles, time: str, *, notes: bool = False) -> Iterator[str]:
    """What every event has; with `notes`, the reasons and what to check."""

    def noted(line: str, note: str) -> str:
        return f"{line}  # {note}" if notes and note else line

    if roles.key is not None:
        yield noted(f"    id: {_quoted('{' + roles.key.name + '}')}", "differs in each row")
    elif notes:
        yield '    # id: "{…}"  # TODO: columns in braces that differ in each row'
    yield noted(f"    time: {time}", _about_time(roles))
    yield noted(f"    channel: {_channel(roles)}", "" if roles.channel else "TODO: is it?")
    if roles.identifiers:
        yield "    identifiers:"
    elif notes:
        yield "    # identifiers: {account: …}  # TODO: a column that names the customer"
    for kind, (column, why) in roles.identifiers.items():
        yield noted(f"      {kind}: {_name(column.name)}", why)


def _rest(sample: Sample, roles: Roles) -> Iterator[str]:
    if roles.unused:
        yield "# Columns that no event uses. Add under data those that rules or measures need:"
    for column in roles.unused:
        shape = "empty" if column.kind == "empty" else f"{column.kind}, {column.filled:.0%} of the rows"
        yield f"#   {_name(column.name)}: {shape}"
    for name in sample.twice:
        yield f"# TODO: two columns are named {_name(name)}: rename one of them in the file to use it."
    phones = roles.identifiers.get("phone")
    if phones and any(value.lstrip("'").startswith("0") and value[:2] != "00" for value in phones[0].values):
        yield "# National phone numbers need the setting region, such as TOUCHLINE_REGION=DE."


def _time(roles: Roles, plus: str = "") -> str:
    column = roles.time
    if column is None:
        return f"{{column: {_name(roles.all[0].name)}, zone: UTC}}"
    name, format = _name(column.name), column.format
    if roles.clock is not None:
        name = f"[{name}, {_name(roles.clock.name)}]"
        if "%" in format:
            format += " %H:%M:%S" if roles.clock.values[0].count(":") == 2 else " %H:%M"
    parts = [f"column: {name}"]
    if format != "iso":
        parts.append(f"format: {_quoted(format) if '%' in format else format}")
    if not column.has_zone:
        parts.append("zone: UTC")
    return f"{{{', '.join([*parts, *([plus] if plus else [])])}}}"


def _about_time(roles: Roles) -> str:
    column = roles.time
    if column is None:
        return "TODO: no column looks like a time: name it"
    notes = [] if column.has_zone else ["TODO: set zone, such as Europe/Berlin"]
    if column.ambiguous:
        notes.append("TODO: dmy or mdy? Every value can be read both ways")
    return "; ".join(notes)


def _channel(roles: Roles) -> str:
    column = roles.channel
    if column is None:
        return roles.story.channel
    words = ", ".join(f"{_quoted(value)}: {stories.CHANNELS[value.lower()]}" for value in column.values)
    return f"{{column: {_name(column.name)}, words: {{{words}}}}}"


def _case(roles: Roles) -> str:
    """What names the case of a row: a column of its own, else the time and whose it is."""
    if roles.case is not None:
        return _as_text(roles.case)
    parts = [one for one in (roles.time, roles.clock) if one is not None]
    parts += [column for column, _ in roles.identifiers.values()][:1]
    return f"[{', '.join(_name(one.name) for one in parts or roles.all[:1])}]"


def _field(column: Column, field: str) -> str:
    match field:
        case "wait_seconds":
            return f"{{column: {_name(column.name)}, as: duration{_unit(column)}}}"
        case "value" | "score":
            return f"{{column: {_name(column.name)}, as: float}}"
        case "items":
            return f"{{column: {_name(column.name)}, as: int}}"
    return _as_text(column)


def _as_text(column: Column) -> str:
    # Numbers of typed files would arrive as numbers.
    return f"{{column: {_name(column.name)}, as: str}}" if column.kind == "number" else _name(column.name)


def _unit(column: Column) -> str:
    if column.kind != "number":
        return ""
    return f", unit: {next((unit for unit, words in _UNITS.items() if column.named(*words)), 's')}"


def _source(file: str) -> str:
    stem = PurePath(file).name.split(".")[0].lower()
    return re.sub(r"[^a-z0-9_.-]+", "_", stem).strip("_")[:40] or "file"


def _name(name: str) -> str:
    """A name as YAML text, in quotes where it needs them."""
    return name if _PLAIN.fullmatch(name) and name.lower() not in _NOT_TEXT else _quoted(name)


def _quoted(text: str) -> str:
    """Text in quotes; all but printable characters are escaped."""
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    escaped = (char if char.isprintable() else f"\\U{ord(char):08x}" for char in plain)
    return f'"{"".join(escaped)}"'


def _printable(text: str) -> str:
    return text if text.isprintable() else _quoted(text)
