"""Which changes are announced: what is recent, and what programs have heard of."""

from collections.abc import Iterable
from typing import Any

import msgspec

from tests.laws.announced import in_order
from tests.laws.arrivals import HOUR, events_of, line_of
from touchline.engine.memory import MemoryLog, MemoryStore
from touchline.engine.worker import Worker
from touchline.friction import RuleSet
from touchline.rules import parse_rules
from touchline.vocabulary.event import Event

DAY = 24 * HOUR

DENIED = "rules: [{id: denied, kind: match, when: request.denied, weight: 10}]"


class Pipeline:
    """A worker on a log and a store in memory."""

    def __init__(self, rules: str = DENIED) -> None:
        self.log, self.store = MemoryLog(), MemoryStore()
        self._begin(rules)

    def _begin(self, rules: str) -> None:
        self.worker = Worker(self.log, self.store, RuleSet(parse_rules(rules)))

    def flush(self, events: Iterable[Event], now: int | None) -> list[str]:
        """The kinds of changes that are announced when these events come at a time (ms)."""
        before = len(in_order(self.store))
        self.log.append("touchpoints", [line_of(event) for event in events], now or 0)
        self.worker.flush(self.worker.read(), now)
        return [change.kind for change in in_order(self.store)[before:]]

    def restart(self, rules: str, now: int) -> list[str]:
        """The kinds of changes that are announced when the process begins again with these rules."""
        before = len(in_order(self.store))
        self._begin(rules)
        self.worker.bring_rules_into_force(now, now)
        return [change.kind for change in in_order(self.store)[before:]]


def _denied(*at: int, named: str = "device:x", first: int = 0) -> list[Event]:
    events = events_of([("request.denied", hour, "web", [named], 0) for hour in at])
    return [msgspec.structs.replace(event, id=f"d{first + n}") for n, event in enumerate(events)]


def test_history_is_not_announced() -> None:
    """Neither what was found more than a day late, nor any of an import by the events' own time."""
    pipeline = Pipeline()
    assert pipeline.flush(_denied(0), 25 * HOUR) == []
    assert pipeline.flush(_denied(2, first=1), 25 * HOUR) == ["opened"]
    assert pipeline.flush(_denied(26, first=2), None) == []


def test_new_rules_announce_the_last_day_alone() -> None:
    """Rules that find frictions in months of events announce what is recent, and each once."""
    pipeline = Pipeline("rules: []")
    assert pipeline.flush(_denied(*range(0, 2_400, 24)), 2_400 * HOUR) == []
    assert pipeline.restart(DENIED, 2_400 * HOUR) == ["opened"]
    assert pipeline.restart(DENIED.replace("10", "20"), 2_401 * HOUR) == [], "the weight is the rule's"
    assert pipeline.restart("rules: []", 2_402 * HOUR) == ["retracted"]


def test_what_moves_is_announced_though_it_is_old() -> None:
    """A friction that programs have heard of goes with its customer; one that they have not stays unknown."""
    pipeline = Pipeline()
    old, known = _denied(0, 47)
    assert pipeline.flush([old, known], 48 * HOUR) == ["opened"]
    [link] = events_of([("help.failed", 90, "web", ["account:1", "device:x"], 0)])
    link = msgspec.structs.replace(link, id="l")
    assert sorted(pipeline.flush([link], 90 * HOUR)) == ["opened", "retracted"]
    opened = next(change for change in in_order(pipeline.store)[1:] if change.kind == "opened")
    assert (opened.identifier, opened.anchor) == ("account:1", known.id)


def test_a_friction_is_followed_for_a_week() -> None:
    """A change is announced up to seven days after the last; a resolution whenever it is recent."""
    for days, expected in ((6, ["retracted"]), (8, [])):
        pipeline = Pipeline()
        assert pipeline.flush(_denied(0), HOUR) == ["opened"]
        assert pipeline.restart("rules: []", days * DAY) == expected
    rules = "rules: [{id: open, kind: expect, after: cart.updated, then: order.placed, within: 1h}]"
    pipeline = Pipeline(rules)
    cart, order = events_of(
        [("cart.updated", 0, "web", ["device:x"], 0), ("order.placed", 480, "web", ["device:x"], 0)]
    )
    assert pipeline.flush([cart], 2 * HOUR) == ["opened"]
    assert pipeline.flush([order], 480 * HOUR) == ["resolved"]


def test_the_store_is_queried_for_no_new_customer() -> None:
    """Announcing costs no query where all customers are new, or held."""
    queried: list[Any] = []

    class Observed(MemoryStore):
        def announced(self, frictions: Any) -> Any:
            queried.append(frictions)
            return super().announced(frictions)

    log, store = MemoryLog(), Observed()
    worker = Worker(log, store, RuleSet(parse_rules(DENIED)))
    for turn in range(2):
        events = [event for n in range(3) for event in _denied(turn, named=f"device:{n}", first=n)]
        events = [msgspec.structs.replace(event, id=f"{turn}-{event.id}") for event in events]
        log.append("touchpoints", [line_of(event) for event in events], 0)
        worker.flush(worker.read(), (turn + 1) * HOUR)
    assert len(in_order(store)) == 6
    assert not queried
