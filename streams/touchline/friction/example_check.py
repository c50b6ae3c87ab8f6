"""Runs the examples of rules, which are the rules' tests."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from touchline.friction.fold import RuleSet
from touchline.friction.signals import friction_id
from touchline.rules.examples import Example, moment_text, signal_text
from touchline.vocabulary.durations import DAY, parse_steps
from touchline.vocabulary.envelope import milliseconds
from touchline.vocabulary.event import Event
from touchline.vocabulary.order import PHASES, Phases, in_order

LONG_AFTER = 400 * DAY
"""How long after its last event (ms) an example is evaluated, if it has no `until`."""


class Failure(NamedTuple):
    """An example whose signals differ from the expected ones, and the first time at which they do."""

    title: str
    when: str
    expected: list[str]
    found: list[str]


def failures(rules: RuleSet, rule: str, examples: Sequence[Example]) -> list[Failure]:
    """The examples in which `rules` find other signals of `rule` than expected."""
    return [failure for example in examples for failure in _first_failure(rules, rule, example)]


def example_events(example: Example, phases: Phases = PHASES) -> list[Event]:
    """The events of an example, in order; `received_at` is when they arrive."""
    start = milliseconds(example.start)
    events = []
    for number, written in enumerate(example.events, start=1):
        time = start + written.at
        event = Event(
            id=_event_id(number),
            type=written.type,
            time=time,
            received_at=time if written.arrives is None else start + written.arrives,
            channel=written.channel,
            source=written.source,
            identifiers=tuple(f"{kind}:{value}" for kind, value in written.identifiers.items()),
            data={name: _value(value, example.start) for name, value in (written.model_extra or {}).items()},
            context=written.context,
        )
        events.append(event)
    return in_order(events, phases)


def _first_failure(rules: RuleSet, rule: str, example: Example) -> Iterator[Failure]:
    names = _anchor_names(example, [other.id for other in rules.rules])
    start = milliseconds(example.start)
    last = max(event.arrives or event.at for event in example.events)
    end = last + LONG_AFTER if example.until is None else example.until
    moments = {moment for expected in example.expect for moment in expected.moments() if moment <= end}
    for now in sorted({*moments, end}):
        every = example_events(example, rules.phases)
        events = [event for event in every if event.received_at <= start + now]
        found = [
            signal_text(
                names[signal.anchor],
                signal.opened_at - start,
                None if signal.resolved_at is None else signal.resolved_at - start,
            )
            for signal in rules.findings(events, start + now).signals
            if signal.rule == rule
        ]
        texts = [expected.as_known(now) for expected in example.expect]
        expected = [text for text in texts if text is not None]
        if sorted(found) != sorted(expected):
            when = "in the end" if now == end else f"at {moment_text(now)}"
            yield Failure(example.title, when, expected, found)
            return


def _anchor_names(example: Example, rules: Sequence[str]) -> Mapping[str, str]:
    """Id → name in the example, for events and for the signals that they anchor."""
    names = {_event_id(number): str(number) for number in range(1, len(example.events) + 1)}
    signals = {
        str(friction_id(rule, event)): f"{rule}/{name}" for event, name in names.items() for rule in rules
    }
    return names | signals


def _value(value: Any, start: datetime) -> Any:
    """A value of the data; `+5h` becomes the time five hours after the start."""
    if isinstance(value, str) and value.startswith("+"):
        with suppress(ValueError):
            return (start + timedelta(milliseconds=parse_steps(value[1:]))).isoformat()
    return value


def _event_id(number: int) -> str:
    return f"e{number:04}"
