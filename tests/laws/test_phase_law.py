"""The phase of a team's own types: events are in order by it, and another phase folds customers again."""

from collections.abc import Mapping
from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline.analysis.replay import replay
from touchline.engine.memory import MemoryLog, MemoryStore
from touchline.engine.worker import Worker
from touchline.friction import RuleSet
from touchline.rules import parse_rules
from touchline.tracking import parse_plan
from touchline.vocabulary.event import Event
from touchline.vocabulary.order import PHASES, in_order, own_phases, phase_sql, phases_of

NOW = 1_790_000_000_000
RULES = parse_rules("""
rules:
  - {id: unanswered, kind: sequence, first: quote.requested, then: quote.sent, within: 1h}
""")
PLAN = """
types:
  quote.requested: {{description: x, phase: {first}}}
  quote.sent: {{description: x, phase: {second}}}
"""


def _phases(first: int, second: int) -> Mapping[str, int]:
    return phases_of(parse_plan(PLAN.format(first=first, second=second)))


def _line(id_: str, type_: str) -> dict[str, Any]:
    same = {"time": NOW, "received_at": NOW, "channel": "web", "source": "s", "producer": "p"}
    who = {"entity": "account:1", "identifiers": ["account:1"], "data": {}, "context": {}, "schema": 1}
    return {"id": id_, "type": type_, **same, **who}


LINES = [_line("2", "quote.requested"), _line("1", "quote.sent")]
"""By id alone, the answer would come before the question."""


def _worker(log: MemoryLog, store: MemoryStore, phases: Mapping[str, int]) -> Worker:
    return Worker(log, store, RuleSet(RULES, phases))


def _signals(store: MemoryStore) -> int:
    return sum(row["status"] != "retracted" for row in store.tables["frictions"].values())


@given(
    st.lists(st.tuples(st.sampled_from(["quote.requested", "quote.sent", "order.placed"]), st.integers(0, 3)))
)
def test_events_of_own_types_come_by_their_phase(rows: list[tuple[str, int]]) -> None:
    """At one time, events are in order by the phases of vocabulary and plan, then by id."""
    phases = _phases(9, 0)
    events = [
        Event(id=f"{n:02}", type=kind, time=at, channel="web", source="s", identifiers=("account:1",))
        for n, (kind, at) in enumerate(rows)
    ]
    ranks = {"quote.requested": 9, "quote.sent": 0, "order.placed": 6}
    expected = sorted(events, key=lambda event: (event.time, ranks[event.type], event.id))
    assert in_order(events, phases) == expected


def test_phases_of_a_plan_are_in_sql() -> None:
    """SQL orders rows by the same phases; a phase that is the default is not named."""
    assert "'quote.requested'" in phase_sql(phases=_phases(9, 5))
    assert "'quote.sent'" not in phase_sql(phases=_phases(9, 5))
    assert own_phases(_phases(9, 5)) == {"quote.requested": 9}
    assert own_phases(PHASES) == {}


@pytest.mark.parametrize(("first", "second", "signals"), [(1, 2, 1), (2, 1, 0)])
def test_worker_and_replay_order_own_types_by_the_plan(first: int, second: int, signals: int) -> None:
    """The worker finds what the offline fold finds, whatever the order of arrival."""
    rules = RuleSet(RULES, _phases(first, second))
    for lines in (LINES, LINES[::-1]):
        log, store = MemoryLog(), MemoryStore()
        worker = Worker(log, store, rules)
        for line in lines:
            log.append("touchpoints", [orjson.dumps(line)], NOW)
            worker.flush(worker.read(), NOW)
        assert _signals(store) == signals
    events = [msgspec.json.decode(orjson.dumps(line), type=Event) for line in LINES]
    assert len(replay(events, rules)["signals"]) == signals


def test_another_phase_folds_every_customer_again() -> None:
    """A worker that starts with other phases refolds all customers first, as with other rules."""
    log, store = MemoryLog(), MemoryStore()
    log.append("touchpoints", [orjson.dumps(line) for line in LINES], NOW)
    before = _worker(log, store, _phases(2, 1))
    before.bring_rules_into_force(NOW)
    before.flush(before.read(), NOW)
    assert _signals(store) == 0
    same = _worker(log, store, _phases(2, 1))
    assert same.rules_in_force
    assert same.bring_rules_into_force(NOW) == 0
    after = _worker(log, store, _phases(1, 2))
    assert not after.rules_in_force
    assert after.bring_rules_into_force(NOW) == 1
    assert _signals(store) == 1


def test_a_plan_without_phases_refolds_nobody() -> None:
    """A plan whose own types have the default phase has the results of no plan."""
    assert RuleSet(RULES, _phases(5, 5)).fingerprint == RuleSet(RULES).fingerprint
    assert RuleSet(RULES, _phases(5, 6)).fingerprint != RuleSet(RULES).fingerprint
