"""Examples of rules: short streams of events, and what a rule must find in them; they are its tests."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from touchline.friction.document import Document, Fault, explained, suggestion
from touchline.friction.fold import RuleSet
from touchline.friction.signals import friction_id
from touchline.vocabulary.durations import DAY, exact_duration, parse_steps
from touchline.vocabulary.event import Event

LONG_AFTER = 400 * DAY
"""How long after its last event, in ms, an example is looked at, if it does not say."""

_START = datetime(2026, 1, 5, tzinfo=UTC)


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
    """An event of an example; what is none of these fields is its data."""

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

    `known` is when a late event brings it up, `taken_back` when one makes it untrue.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    anchor: int | str
    at: Moment
    resolved: Moment | None = None
    known: Moment | None = None
    taken_back: Moment | None = None

    def moments(self) -> set[int]:
        """When something changes about it, and the moment before each."""
        changes = {one for one in (self.at, self.resolved, self.known, self.taken_back) if one is not None}
        return changes | {one - 1 for one in changes if one > 0}

    def as_known(self, now: int) -> str | None:
        """What is to be found of it at `now`, as examples write it."""
        begin = self.at if self.known is None else self.known
        if now < begin or (self.taken_back is not None and now >= self.taken_back):
            return None
        resolved = None if self.resolved is None or self.resolved > now else self.resolved
        return _written(self.anchor, self.at, resolved)


class Example(BaseModel):
    """A stream of one customer's events, and the signals of one rule in it."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    title: str
    start: Annotated[datetime, BeforeValidator(_start)] = _START
    events: list[ExampleEvent] = Field(min_length=1)
    until: Moment | None = None
    expect: list[Expected]


class Failure(NamedTuple):
    """An example whose rule found something else than it expects, and when one would have seen it."""

    title: str
    when: str
    expected: list[str]
    found: list[str]


def read_examples(document: Document, ids: set[str]) -> tuple[dict[str, tuple[Example, ...]], list[Fault]]:
    """The examples under `examples` of a document by rule, and what is wrong with them."""
    raw = document.raw.get("examples") if isinstance(document.raw, dict) else None
    read: dict[str, tuple[Example, ...]] = {}
    faults: list[Fault] = []
    for rule, written in raw.items() if isinstance(raw, dict) else ():
        path = ("examples", str(rule))
        if rule not in ids:
            message = f"examples: there is no rule '{rule}'{suggestion(rule, ids)}"
            faults.append(document.fault(path, message, key=True))
        if not isinstance(written, list):
            faults.append(document.fault(path, f"examples.{rule}: write a list of examples"))
            continue
        good = []
        for number, one in enumerate(written):
            try:
                good.append(Example.model_validate(one))
                faults += _numbering(document, (*path, number), good[-1])
            except ValidationError as error:
                for detail in error.errors(include_url=False):
                    loc = detail["loc"]
                    known = Expected.model_fields if "expect" in loc[:-1] else Example.model_fields
                    message = f"example {number + 1} of '{rule}': {'.'.join(map(str, loc))}: "
                    is_key = detail["type"] == "extra_forbidden"
                    faults.append(
                        document.fault(
                            (*path, number, *loc), message + explained(detail, known, ()), key=is_key
                        )
                    )
        read[str(rule)] = tuple(good)
    return read, faults


def _numbering(document: Document, path: tuple[str | int, ...], example: Example) -> Iterator[Fault]:
    names = _anchors(example, [str(one.anchor).rpartition("/")[0] for one in example.expect]).values()
    for number, one in enumerate(example.expect):
        if str(one.anchor) not in names:
            message = f"anchor {one.anchor}: write the number of an event, or RULE/NUMBER for its signal"
            yield document.fault((*path, "expect", number, "anchor"), message)


def failures(rules: RuleSet, rule: str, examples: Sequence[Example]) -> list[Failure]:
    """The examples of a rule in which `rules` find something else of it than expected."""
    return [one for example in examples for one in _differences(rules, rule, example)]


def _differences(rules: RuleSet, rule: str, example: Example) -> Iterator[Failure]:
    names = _anchors(example, [one.id for one in rules.rules])
    start = _ms(example.start)
    last = max(one.arrives or one.at for one in example.events)
    end = last + LONG_AFTER if example.until is None else example.until
    moments = {one for expected in example.expect for one in expected.moments() if one <= end}
    for now in sorted({*moments, end}):
        events = [event for event in example_events(example) if event.received_at <= start + now]
        signals = rules.findings(events, start + now).signals
        found = [
            _written(
                names[one.anchor],
                one.opened_at - start,
                None if one.resolved_at is None else one.resolved_at - start,
            )
            for one in signals
            if one.rule == rule
        ]
        expected = [one.as_known(now) for one in example.expect]
        wanted = [one for one in expected if one is not None]
        if sorted(found) != sorted(wanted):
            when = "in the end" if now == end else f"at {written(now)}"
            yield Failure(example.title, when, wanted, found)
            return


def example_events(example: Example) -> list[Event]:
    """The events of an example, in order; `received_at` is when they arrive."""
    events = []
    for number, one in enumerate(example.events, start=1):
        time = _ms(example.start) + one.at
        event = Event(
            id=_id(number),
            type=one.type,
            time=time,
            received_at=time if one.arrives is None else _ms(example.start) + one.arrives,
            channel=one.channel,
            source=one.source,
            identifiers=tuple(f"{kind}:{value}" for kind, value in one.identifiers.items()),
            data={name: _data(value, example.start) for name, value in (one.model_extra or {}).items()},
            context=one.context,
        )
        events.append(event)
    return sorted(events, key=lambda event: event.order)


def _data(value: Any, start: datetime) -> Any:
    """Of data, `+5h` is the time five hours after the start."""
    if isinstance(value, str) and value.startswith("+"):
        with suppress(ValueError):
            return (start + timedelta(milliseconds=parse_steps(value[1:]))).isoformat()
    return value


def _anchors(example: Example, rules: Sequence[str]) -> Mapping[str, str]:
    """What an expectation calls each event, and each signal that hangs on one, by id."""
    names = {_id(number): str(number) for number in range(1, len(example.events) + 1)}
    signals = {
        str(friction_id(rule, event)): f"{rule}/{name}" for event, name in names.items() for rule in rules
    }
    return names | signals


def written(time: int) -> str:
    """A time since the start of an example, in ms, as examples write it."""
    return exact_duration(time) if time else "0m"


def _written(anchor: int | str, at: int, resolved: int | None) -> str:
    end = "" if resolved is None else f", resolved: {written(resolved)}"
    return f"{{anchor: {anchor}, at: {written(at)}{end}}}"


def _id(number: int) -> str:
    return f"e{number:04}"


def _ms(time: datetime) -> int:
    return (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
