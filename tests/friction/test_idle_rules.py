"""What rules cost that an event does not concern: nothing."""

import gc
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, NamedTuple

import pytest

from touchline.friction import FrictionFold, RuleSet
from touchline.rules import parse_rules
from touchline.vocabulary.event import Event

EVENTS = 200

BUSY = """
- {id: busy, kind: match, when: '*'}
- {id: other0, kind: match, when: other.a}
- {id: other1, kind: match, when: other.b}
"""


def _event(number: int, **fields: Any) -> Event:
    values = {"type": "page.viewed", "channel": "web", "source": "shop", "data": {"page": "/", "k": number}}
    return Event(id=f"e{number}", time=number, identifiers=("account:1",), **(values | fields))


class Steps(NamedTuple):
    """What a fold of the events takes, once the rules are grouped by type."""

    calls: int
    lines: int
    """Lines run: a loop that calls nothing is seen here."""


def _steps(rules: RuleSet, events: list[Event]) -> Steps:
    calls = lines = 0

    def count(frame: FrameType, what: str, argument: object) -> None:
        nonlocal calls
        calls += what in ("call", "c_call")

    def trace(frame: FrameType, what: str, argument: object) -> Any:
        nonlocal lines
        lines += what == "line"
        return trace

    FrictionFold().advance(events, rules)
    whole = FrictionFold()
    # A collection of garbage would call what other tests have registered for it.
    gc.disable()
    before = sys.gettrace()
    sys.setprofile(count)
    sys.settrace(trace)
    try:
        whole.advance(events, rules)
    finally:
        sys.settrace(before)
        sys.setprofile(None)
        gc.enable()
    assert len(whole.findings(rules, 2 * EVENTS).signals) == EVENTS
    return Steps(calls, lines)


def _events() -> list[Event]:
    """Events of one type, and of twenty own types, in turn."""
    return [_event(n, type=f"page.own{n % 20}" if n % 2 else "page.viewed") for n in range(EVENTS)]


def _rules(idle: Callable[[int], str], number: int) -> RuleSet:
    """One rule that every event concerns, and a number of others."""
    others = "".join(f"- {{id: idle{n}, {idle(n)}}}\n" for n in range(number))
    return RuleSet(parse_rules(f"rules:{BUSY}{others}"))


@pytest.mark.parametrize(
    "idle",
    [
        lambda n: f"kind: match, when: other.type{n}",
        lambda n: f"kind: match, when: {{types: page.*, where: {{data.page: other{n}}}}}",
        lambda n: f"kind: match, when: {{where: {{channel: {{in: [other{n}, more{n}]}}}}}}",
        lambda n: f"kind: expect, after: other.type{n}, then: other.type, within: 1h, key: [data.k{n}]",
        lambda n: f"kind: repeat, of: friction.other{n % 2}, count: 2, within: 1h",
    ],
    ids=["of another type", "with another text", "on another channel", "each with its key", "above"],
)
def test_idle_rules_cost_an_event_nothing(idle: Callable[[int], str]) -> None:
    """A fold takes as many steps with a thousand rules that no event concerns as with twenty."""
    few, many = (_steps(_rules(idle, number), _events()) for number in (20, 1_000))
    assert many == few


def test_a_rule_that_waits_for_nothing_costs_one_call() -> None:
    """An event that could end the obligations of a thousand rules costs one call for each that has none."""
    few, many = (
        _steps(
            _rules(
                lambda n: (
                    f"kind: expect, after: other.type{n}, then: page.viewed, within: 1h, key: [data.page]"
                ),
                number,
            ),
            _events(),
        )
        for number in (20, 1_000)
    )
    viewed = sum(event.type == "page.viewed" for event in _events())
    assert many.calls - few.calls <= 980 * viewed
    assert many.lines - few.lines <= 5 * 980 * viewed


def test_a_rule_of_many_hears_each_text_that_it_names() -> None:
    """Among many rules on texts of one field, one hears the texts of each of its parts, shared or not."""

    def viewed(*pages: str) -> str:
        return f"{{types: page.viewed, where: {{data.page: {{in: [{', '.join(pages)}]}}}}}}"

    rules = "".join(
        f"- {{id: r{n}, kind: sequence, within: 1h, first: {viewed(f'from{n}', f'both{n}')},"
        f" then: {viewed(f'to{n}', f'both{n}')}}}\n"
        for n in range(20)
    )
    parsed = RuleSet(parse_rules(f"rules:\n{rules}"))
    for pages in (("from3", "to4", "to3"), ("from3", "both3"), ("both3", "to3")):
        fold = FrictionFold()
        fold.advance([_event(n, data={"page": page}) for n, page in enumerate(pages)], parsed)
        assert [signal.rule for signal in fold.findings(parsed, 10).signals] == ["r3"], pages
