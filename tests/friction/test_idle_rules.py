"""What rules cost that an event does not concern: nothing."""

from collections.abc import Callable
from time import process_time

import pytest

from touchline.friction import FrictionFold, RuleSet
from touchline.rules import parse_rules
from touchline.vocabulary.event import Event

RULES = 1_000
EVENTS = 1_000


def _seconds(rules: RuleSet, events: list[Event]) -> float:
    """The least processor time of a fold of the events."""

    def fold() -> float:
        begin = process_time()
        whole = FrictionFold()
        whole.advance(events, rules)
        assert len(whole.findings(rules, 2 * EVENTS).signals) == EVENTS
        return process_time() - begin

    return min(fold() for _ in range(3))


@pytest.mark.parametrize(
    "idle",
    [
        lambda n: f"kind: match, when: other.type{n}",
        lambda n: f"kind: match, when: {{types: page.*, where: {{data.page: other{n}}}}}",
        lambda n: f"kind: match, when: {{where: {{channel: {{in: [other{n}, more{n}]}}}}}}",
        lambda n: f"kind: expect, after: other.type{n}, then: page.viewed, within: 1h, key: [data.page]",
        lambda n: f"kind: expect, after: other.type{n}, then: other.type, within: 1h, key: [data.k{n}]",
        lambda n: f"kind: repeat, of: friction.other{n % 2}, count: 2, within: 1h",
    ],
    ids=["of another type", "with another text", "on another channel", "keyed", "each with its key", "above"],
)
def test_idle_rules_cost_an_event_nothing(idle: Callable[[int], str]) -> None:
    """A fold takes about as long with a thousand rules that no event concerns as without them."""
    busy = "- {id: busy, kind: match, when: '*'}\n- {id: other0, kind: match, when: other.a}\n"
    busy += "- {id: other1, kind: match, when: other.b}\n"
    many = "".join(f"- {{id: idle{n}, {idle(n)}}}\n" for n in range(RULES))
    events = [
        Event(
            id=f"e{n}",
            type=f"page.own{n}" if n % 2 else "page.viewed",
            time=n,
            channel="web",
            source="shop",
            identifiers=("account:1",),
            data={"page": "/", "k": n},
        )
        for n in range(EVENTS)
    ]
    alone, among = (_seconds(RuleSet(parse_rules(f"rules:\n{text}")), events) for text in (busy, busy + many))
    assert among < 10 * alone + 0.05
