"""Examples in a rules file: short streams of events, and the signals that a rule must find in them."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from touchline.documents import Document, Fault, Path, explained, suggestion
from touchline.vocabulary.durations import exact_duration, parse_steps

_DEFAULT_START = datetime(2026, 1, 5, tzinfo=UTC)


def _start(value: Any) -> datetime:
    if isinstance(value, str):
        with suppress(ValueError):
            value = datetime.fromisoformat(value)
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError("write a time with its zone, such as 2026-11-20T16:00:00+01:00")
    return value


Moment = Annotated[int, BeforeValidator(parse_steps)]
"""A time since the start of the example (ms), written `0m`, `90m` or `1d2h`."""


class ExampleEvent(BaseModel):
    """An event of an example; every other field is part of its data."""

    model_config = ConfigDict(strict=True, extra="allow", frozen=True)

    at: Moment
    type: str
    arrives: Moment | None = None
    channel: str = "web"
    source: str = "example"
    identifiers: dict[str, str] = {"account": "1"}
    context: dict[str, Any] = {}


class Expected(BaseModel):
    """A signal that an example expects. Times are ms since its start.

    `known` is the arrival of the late event that reveals the signal, `taken_back` that of the late event that
    removes it.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    anchor: int | str
    at: Moment
    resolved: Moment | None = None
    known: Moment | None = None
    taken_back: Moment | None = None

    def moments(self) -> set[int]:
        """When the signal changes, and the moment before each change."""
        times = (self.at, self.resolved, self.known, self.taken_back)
        changes = {time for time in times if time is not None}
        return changes | {time - 1 for time in changes if time > 0}

    def as_known(self, now: int) -> str | None:
        """The signal as it must be found at `now`, in the notation of examples; None if it must not."""
        begin = self.at if self.known is None else self.known
        if now < begin or (self.taken_back is not None and now >= self.taken_back):
            return None
        resolved = None if self.resolved is None or self.resolved > now else self.resolved
        return signal_text(self.anchor, self.at, resolved)


class Example(BaseModel):
    """A stream of one customer's events, and the signals of one rule in it."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    title: str
    start: Annotated[datetime, BeforeValidator(_start)] = _DEFAULT_START
    events: list[ExampleEvent] = Field(min_length=1)
    until: Moment | None = None
    expect: list[Expected]


def read_examples(
    document: Document, rule_ids: set[str]
) -> tuple[dict[str, tuple[Example, ...]], list[Fault]]:
    """The examples under `examples` of a document by rule id, and the document's faults there."""
    raw = document.raw.get("examples") if isinstance(document.raw, dict) else None
    by_rule: dict[str, tuple[Example, ...]] = {}
    faults: list[Fault] = []
    for rule, entries in raw.items() if isinstance(raw, dict) else ():
        path = ("examples", str(rule))
        if rule not in rule_ids:
            message = f"examples: there is no rule '{rule}'{suggestion(rule, rule_ids)}"
            faults.append(document.fault(path, message, key=True))
        if not isinstance(entries, list):
            faults.append(document.fault(path, f"examples.{rule}: write a list of examples"))
            continue
        valid = []
        for index, entry in enumerate(entries):
            try:
                example = Example.model_validate(entry)
            except ValidationError as error:
                faults += _example_faults(document, str(rule), index, error)
            else:
                valid.append(example)
                faults += _anchor_faults(document, (*path, index), example)
        by_rule[str(rule)] = tuple(valid)
    return by_rule, faults


def _example_faults(document: Document, rule: str, index: int, error: ValidationError) -> Iterator[Fault]:
    for detail in error.errors(include_url=False):
        loc = detail["loc"]
        known = Expected.model_fields if "expect" in loc[:-1] else Example.model_fields
        message = (
            f"example {index + 1} of '{rule}': {'.'.join(map(str, loc))}: {explained(detail, known, ())}"
        )
        is_key = detail["type"] == "extra_forbidden"
        yield document.fault(("examples", rule, index, *loc), message, key=is_key)


def _anchor_faults(document: Document, path: Path, example: Example) -> Iterator[Fault]:
    numbers = {str(number) for number in range(1, len(example.events) + 1)}
    for index, expected in enumerate(example.expect):
        rule, slash, number = str(expected.anchor).rpartition("/")
        if number not in numbers or (slash and not rule):
            message = f"anchor {expected.anchor}: write the number of an event, or RULE/NUMBER for its signal"
            yield document.fault((*path, "expect", index, "anchor"), message)


def moment_text(time: int) -> str:
    """A time since the start of an example (ms), in the notation of examples."""
    return exact_duration(time) if time else "0m"


def signal_text(anchor: int | str, at: int, resolved: int | None) -> str:
    """A signal in the notation of examples; times are ms since the start."""
    end = "" if resolved is None else f", resolved: {moment_text(resolved)}"
    return f"{{anchor: {anchor}, at: {moment_text(at)}{end}}}"
