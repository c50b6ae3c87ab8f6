"""Templates of messages: named fields in plain text, and nothing that runs.

`{title}` stands for a field of `FIELDS`; `{{` and `}}` are braces. In `text`, a line with an empty field is
left out, and a line with a field of several values is repeated for each value.
"""

from collections.abc import Iterator, Mapping, Sequence
from string import Formatter
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from touchline.vocabulary.wording import plain

LONGEST_SUBJECT = 200
LONGEST_LINE = 600
LONGEST_BODY = 4_000

FIELDS: Mapping[str, str] = {
    "state": "the severity while the incident fires, then `resolved` or `taken back`",
    "severity": "`critical`, `warning` or `info`",
    "title": "the rule's title",
    "where": "the labels in parentheses, such as `(source webshop)`",
    "summary": "one sentence: what, where, since when, how many customers, and what is usual",
    "since": "when it began, in the time zone of the settings",
    "customers": "affected customers",
    "count": "frictions or events",
    "usual": "the usual number; empty without a baseline",
    "ended": "when and after how long it ended, or that it was retracted; empty while it fires",
    "story": "acknowledgement, reminder, escalation, and what became of it; one line each",
    "cost": "the associated loss; empty where it is not known",
    "causes": "likely causes, up to three lines",
    "changes": "changes that were deployed in the hour before it began, up to three lines",
    "why": "the rule's `why`",
    "owner": "the rule's `owner`",
    "runbook": "the rule's `runbook`",
    "rule": "the rule's id",
}
"""The fields of a template and what they are."""

SUBJECT = "[{state}] {title} {where}"
TEXT = """\
{ended}
{story}
{summary}
{cost}
{causes}
{changes}
Why it matters: {why}
Owner: {owner}
Runbook: {runbook}
"""

Values = Mapping[str, str | Sequence[str]]
"""The value of each field: one line, or several."""


def _checked(template: str) -> str:
    for name in _names(template):
        if name not in FIELDS:
            raise ValueError(f"unknown field '{name}': write one of {', '.join(FIELDS)}")
    return template


Template = Annotated[str, Field(max_length=LONGEST_BODY), AfterValidator(_checked)]


class Templates(BaseModel):
    """The templates of an installation: the subject, and the text that links follow."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    subject: Template = SUBJECT
    text: Template = TEXT


def subject_of(template: str, values: Values) -> str:
    """One line; empty fields vanish, and of several values the first stands."""
    return plain(_filled(template, {name: _first(value) for name, value in values.items()}), LONGEST_SUBJECT)


def body_of(template: str, values: Values) -> str:
    """The lines of a text, cut with a mark at `LONGEST_BODY` characters."""
    text = "\n".join(line for row in template.splitlines() for line in _lines(row, values))
    return text if len(text) <= LONGEST_BODY else text[: LONGEST_BODY - 1].rstrip() + "…"


def _lines(row: str, values: Values) -> Iterator[str]:
    names = _names(row)
    several = [name for name in names if not isinstance(values[name], str)]
    for number in range(max((len(values[name]) for name in several), default=1)):
        single = {name: _at(values[name], number) for name in names}
        if all(single.values()) and (line := plain(_filled(row, single), LONGEST_LINE)):
            yield line


def _at(value: str | Sequence[str], number: int) -> str:
    if isinstance(value, str):
        return value
    return value[number] if number < len(value) else ""


def _first(value: str | Sequence[str]) -> str:
    return _at(value, 0)


def _filled(template: str, values: Mapping[str, str]) -> str:
    """The template with its fields replaced once: a value that looks like a field stays as it is."""
    parts = Formatter().parse(template)
    return "".join(literal + ("" if name is None else values[name]) for literal, name, _, _ in parts)


def _names(template: str) -> list[str]:
    """The names of the fields.

    Raises:
        ValueError: a brace is not closed, or a field has more than a name.
    """
    names = []
    for _, name, format_, conversion in Formatter().parse(template):
        if name is None:
            continue
        if format_ or conversion or not name.isidentifier():
            raise ValueError(f"'{{{name}}}' has more than a name: write {{title}}, or {{{{ for a brace")
        names.append(name)
    return names
