"""Held customers: snapshots bound what a late event costs, and change no result."""

from collections.abc import Collection, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline.engine.customers import held
from touchline.engine.customers.fold import fold
from touchline.engine.customers.held import HeldCustomers
from touchline.friction import RuleSet
from touchline.rules import parse_rules
from touchline.vocabulary.event import Event
from touchline.vocabulary.order import in_order

MINUTE = 60_000
GAP = 30 * MINUTE

RULES = RuleSet(
    parse_rules(
        """
rules:
  - {id: late, kind: expect, after: a.one, then: a.two, within: 5m, restart: true}
  - {id: keyed, kind: expect, after: a.one, then: a.two, within: 5m, key: [data.k]}
  - {id: burst, kind: repeat, of: a.one, count: 2, within: 4m}
  - {id: kinds, kind: repeat, of: a.*, count: 2, within: 4m, distinct: data.k}
  - {id: pair, kind: sequence, first: a.two, then: a.one, within: 9m}
  - {id: each, kind: match, when: {types: a.two, where: {data.k: 1}}}
  - {id: due, kind: expect, after: a.two, then: a.one, by: data.due, restart: true}
  - {id: silence, kind: expect, after: friction.*, then: [a.one, contact.started], within: 3m, key: [data.k]}
  - {id: before, kind: sequence, first: contact.started, then: friction.*, within: 9m}
  - {id: out, kind: repeat, of: friction.*, count: 2, within: 1h}
"""
    )
)


class Kept:
    """The stored events of one customer, and how many of them were loaded."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.loaded = 0

    def load(self, names: Collection[str], later_than: int | None) -> Iterable[tuple[str, Event]]:
        for event in self.events:
            if later_than is None or event.time > later_than:
                self.loaded += 1
                yield "account:1", event


def _event(number: int, time: int, kind: str = "a.one", k: int = 0, due: int | None = None) -> Event:
    return Event(
        id=f"e{number:06}",
        type=kind,
        time=time,
        channel="web" if k else "phone",
        source="s",
        identifiers=("account:1",),
        data={"k": k, "reason": str(k)} if due is None else {"k": k, "due": f"1970-01-01T00:{due:02}:00Z"},
    )


rows = st.lists(
    st.tuples(
        st.integers(0, 40),
        st.sampled_from(["a.one", "a.two", "contact.started"]),
        st.integers(0, 1),
        st.none() | st.integers(0, 50),
    ),
    min_size=1,
    max_size=40,
)


@given(rows, st.randoms(use_true_random=True), st.integers(1, 6))
def test_snapshots_change_no_result(
    rows: list[tuple[int, str, int, int | None]], random: Any, spacing: int
) -> None:
    """However late events come and however close snapshots lie, the end is one fold of all events."""
    events = [_event(n, at * MINUTE, kind, k, due) for n, (at, kind, k, due) in enumerate(rows)]
    order = events.copy()
    random.shuffle(order)
    kept = Kept()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(held, "SNAPSHOT_EVENTS", spacing)
        patch.setattr(held, "MOST_SNAPSHOTS", 4)
        customers = HeldCustomers(RULES, GAP)
        while order:
            fresh = [order.pop() for _ in range(min(len(order), random.randint(1, 5)))]
            now = random.randint(0, 90) * MINUTE
            advanced = customers.advance(["account:1"], {"account:1": fresh}, (), now, kept.load).customers
            folded = advanced["account:1"].folded(RULES, now)
            advanced["account:1"].wrote(folded)
            customers.hold(advanced)
            kept.events += fresh
            so_far = in_order(kept.events)
            assert folded == fold(so_far, RULES, now, GAP)


def test_a_late_event_of_a_robot_costs_little() -> None:
    """Of a hundred thousand kept events, one that is a hundred behind loads fewer than two thousand."""
    kept = Kept()
    customers = HeldCustomers(RULES, GAP)
    kept.events = [_event(number, number * MINUTE) for number in range(100_000)]
    customers.hold(customers.advance(["account:1"], {}, (), 10**10, kept.load).customers)
    assert kept.loaded == 100_000
    kept.loaded = 0
    late = _event(100_001, 99_900 * MINUTE + 1)
    customers.hold(customers.advance(["account:1"], {"account:1": [late]}, (), 10**10, kept.load).customers)
    assert kept.loaded < 2_000


def test_no_more_are_held_than_allowed() -> None:
    """The one touched longest ago goes first."""
    kept = Kept()
    customers = HeldCustomers(RULES, GAP, most=2)
    for name in ("a", "b", "a", "c"):
        customers.hold(
            customers.advance([name], {name: [_event(1, len(customers))]}, (), 0, kept.load).customers
        )
    assert len(customers) == 2
    assert kept.loaded == 0


def test_a_released_customer_is_refolded() -> None:
    """It is no longer known what the store holds of it, so the next flush that touches it refolds it."""
    kept = Kept()
    customers = HeldCustomers(RULES, GAP)
    kept.events = [_event(1, 0)]
    customers.hold(customers.advance(["account:1"], {}, (), 0, kept.load).customers)
    customers.release(["account:1", "account:2"])
    assert len(customers) == 0
    customers.advance(["account:1"], {}, (), 0, kept.load)
    assert kept.loaded == 2
