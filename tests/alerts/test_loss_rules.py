"""Alert rules on the associated loss of frictions, over a real store, against a plain computation."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import pytest

from touchline.alerts import AlertRule, parse_alerts
from touchline.alerts.intervals import losses
from touchline.engine.batch import columns
from touchline.runtime.alerting.evaluation import Evaluation
from touchline.runtime.alerting.queries import query_of
from touchline.runtime.alerting.simulation import simulate
from touchline.store import Store
from touchline.tables import RuleImpactRow
from touchline.vocabulary.event import Event

DAY, HOUR, MINUTE = 86_400_000, 3_600_000, 60_000
T = 1_795_000_000_000 // DAY * DAY
"""The beginning of a day."""

Fold = Callable[[Store, Sequence[Sequence[Event]], int], Iterator[None]]
Failed = Callable[..., Event]
Price = tuple[int, str, str, float]
PRICES: list[Price] = [
    (T - 3 * DAY, "order_failed", "loss", 10.0),
    (T - 1, "order_failed", "loss", 20.0),
    (T + 5 * HOUR, "order_failed", "loss", 30.0),
    (T - 1, "request_denied", "unknown", 99.0),
    (T - 3 * DAY, "payment_failed_repeatedly", "loss", 0.5),
    (T - 1, "payment_failed_repeatedly", "gain", -7.0),
]
"""Stored impacts: the end of the data, rule, verdict and loss of each exposed customer."""


def _impacts(store: Store, prices: Sequence[Price] = PRICES, currency: str = "EUR") -> None:
    for until, rule, verdict, price in prices:
        row = RuleImpactRow(
            computed_at=until + 1,
            rule=rule,
            title="",
            factor="",
            owner="",
            since=until - 30 * DAY,
            until=until,
            outcome="order.placed",
            within=DAY,
            one_in=1,
            currency=currency,
            contact_cost=0.0,
            verdict=verdict,
            missing="",
            exposed=40,
            controls=40,
            matched=1.0,
            converted=0.1,
            converted_controls=0.5,
            difference=-0.4,
            difference_low=-0.5,
            difference_high=-0.3,
            loss=40 * price,
            loss_low=30 * price,
            loss_high=50 * price,
            contacts=None,
            contacts_low=None,
            contacts_high=None,
            e_value=None,
            placebo=None,
            placebo_low=None,
            placebo_high=None,
            at_risk=None,
        )
        store.insert("rule_impact", columns([row]), f"{rule}{until}")


@pytest.fixture
def rule() -> AlertRule:
    """200 in an hour, for each source."""
    fields = "kind: loss, title: Money, amount: 200, within: 1h, by: source, cooldown: 0s"
    (found,) = parse_alerts(f"rules: [{{id: money, {fields}}}]").rules
    return found


def _events(failed: Failed) -> list[Event]:
    chance = random.Random(5)
    kinds = ("order.failed", "order.failed", "request.denied")
    return [
        failed(
            f"c{chance.randrange(25)}",
            T - 90 * MINUTE + number * MINUTE,
            chance.choice(kinds),
            chance.choice(("web", "app")),
        )
        for number in range(240)
    ]


def _price(rule: str, at: int) -> float:
    """The loss of a friction: what was computed last with data that ended before its day."""
    earlier = [row for row in PRICES if row[1] == rule and row[0] // DAY < at // DAY]
    newest = max(earlier, default=None)
    return newest[3] if newest is not None and newest[2] == "loss" else 0.0


def _intervals(frictions: list[tuple[str, int, str, str]], source: str) -> list[tuple[int, int]]:
    """When the loss of the last hour is 200 or more, looked at whenever a friction comes or leaves."""
    own = [(rule, at, who) for rule, at, who, where in frictions if where == source]
    times = sorted({at + later for _, at, _ in own for later in (0, HOUR)})
    holds = []
    for now in times:
        each: dict[tuple[str, str], float] = defaultdict(float)
        for rule, at, who in own:
            if now - HOUR < at <= now:
                each[rule, who] = max(each[rule, who], _price(rule, at))
        holds.append((now, sum(each.values()) >= 200))
    starts = [at for (_, before), (at, after) in pairwise([(0, False), *holds]) if after and not before]
    ends = [at for (_, before), (at, after) in pairwise(holds) if before and not after]
    return list(zip(starts, ends, strict=True))


def test_a_loss_is_that_of_each_customer_by_the_price_of_the_day_before(
    store: Store, fold: Fold, failed: Failed, rule: AlertRule
) -> None:
    """Incidents begin and end as a plain computation says; the message has the amount and its interval."""
    _impacts(store)
    events = _events(failed)
    for _ in fold(store, [events[::2], events[1::2] + events[:9]], T + DAY):
        pass
    ask = query_of(store)
    columns_read = "rule, toUnixTimestamp64Milli(opened_at), toString(customer), source"
    rows = ask(f"SELECT {columns_read} FROM current_frictions", {})
    frictions = [(str(name), int(at), str(who), str(source)) for name, at, who, source in rows]
    intervals = {source: _intervals(frictions, source) for source in ("web", "app")}
    expected = {(f"source={source}", *interval) for source, own in intervals.items() for interval in own}
    found = Evaluation(ask, store.insert, [rule]).evaluate(T + DAY // 2, T).alerts
    assert {(row.labels[0], row.opened_at, row.resolved_at) for row in found} == expected
    assert expected
    first = min(found, key=lambda row: row.opened_at)
    source = first.labels[0].removeprefix("source=")
    each: dict[tuple[str, str], float] = defaultdict(float)
    for name, at, who, where in frictions:
        if where == source and first.opened_at - HOUR < at <= (first.resolved_at or 0):
            each[name, who] = max(each[name, who], _price(name, at))
    total = sum(each.values())
    assert f"associated loss about {total:,.0f} EUR since" in first.summary
    assert f"about {total:,.0f} EUR ({total * 0.75:,.0f} to {total * 1.25:,.0f}) for" in first.cost
    assert "no baseline yet" in first.summary


def test_a_simulation_says_from_when_losses_are_known(
    store: Store, fold: Fold, failed: Failed, rule: AlertRule
) -> None:
    """Without a stored impact they are not known; later from the day after the first one."""
    for _ in fold(store, [_events(failed)], T + DAY):
        pass
    ask, span = query_of(store), (T - 5 * DAY, T + HOUR)
    (unknown,) = simulate(ask, [rule], *span)
    assert (unknown.incidents, unknown.known_from) == ([], span[1])
    _impacts(store)
    (known,) = simulate(ask, [rule], *span, wished=0.0)
    assert known.incidents
    assert known.known_from == T - 2 * DAY
    assert known.suggestion is not None
    assert known.suggestion.field == "amount"


def test_a_customer_counts_once_a_window_with_the_largest_loss() -> None:
    """A second, cheaper friction adds nothing, and the dearer one leaves first."""
    points = [(0, "a", 5, "EUR"), (10, "a", 3, "EUR"), (10, "b", 4, "EUR"), (10, "b", 4, "EUR")]
    assert list(losses(points, 100, 8)) == [(0, False), (10, True), (100, False), (110, False)]
    assert list(losses(points, 100, 7)) == [(0, False), (10, True), (100, True), (110, False)]


def test_losses_in_two_currencies_are_not_added() -> None:
    """Five euros and four dollars are neither nine of one nor of the other."""
    points = [(0, "a", 5, "EUR"), (10, "b", 4, "USD"), (20, "c", 1, "USD")]
    assert list(losses(points, 100, 6)) == [(at, False) for at in (0, 10, 20, 100, 110, 120)]
    assert [at for at, holds in losses(points, 100, 5) if holds] == [0, 10, 20, 100]


def test_an_incident_has_the_newest_currency_and_says_what_it_leaves_out(
    store: Store, fold: Fold, failed: Failed, rule: AlertRule
) -> None:
    """Prices were in euros until yesterday: their customers are not counted, and the message says so."""
    _impacts(store, [(T - 2 * DAY, "order_failed", "loss", 60.0)])
    _impacts(store, [(T - 1, "order_failed", "loss", 30.0)], "USD")
    before = [failed(f"old{one}", T - 20 * MINUTE + one, "order.failed", "web") for one in range(4)]
    after = [failed(f"new{one}", T + 20 * MINUTE + one, "order.failed", "web") for one in range(7)]
    for _ in fold(store, [before + after], T + DAY):
        pass
    (found,) = Evaluation(query_of(store), store.insert, [rule]).evaluate(T + 30 * MINUTE, T).alerts
    assert "associated loss about 210 USD since" in found.summary
    assert found.cost == (
        "Associated loss: about 210 USD (158 to 262) for 7 customers; "
        "not counted: losses of 4 customers in another currency"
    )
    assert "no baseline yet" in found.summary
