"""Alert rules on journeys that reach strike points, of customers whose orders have a value."""

from collections.abc import Callable, Iterator, Sequence

import pytest
from msgspec.structs import replace

from touchline.alerts import AlertRule, parse_alerts
from touchline.runtime.alerting.evaluation import Evaluation
from touchline.runtime.alerting.queries import query_of
from touchline.store import Store
from touchline.vocabulary.event import Event

T = 1_795_000_000_000
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000

Fold = Callable[[Store, Sequence[Sequence[Event]], int], Iterator[None]]
Failed = Callable[..., Event]
ORDERS: dict[str, list[tuple[int, float, str]]] = {
    "rich": [(-DAY, 400, "EUR"), (-HOUR, 100.0, "EUR")],
    "poor": [(-DAY, 499.99, "EUR")],
    "mixed": [(-DAY, 300, "EUR"), (-HOUR, 300, "USD")],
    "later": [(-DAY, 499, "EUR"), (3 * MINUTE, 1_000, "EUR")],
    "cents": [(-DAY + n, 41.7, "EUR") for n in range(11)] + [(-HOUR, 41.3, "EUR")],
    "none": [],
}
"""Orders of each customer: when, its value and currency."""


@pytest.fixture
def rule() -> AlertRule:
    """Journeys with 30 strike points of customers with orders of 500 or more."""
    fields = "kind: strike_out, title: Out, strikes: 30, worth: 500, within: 1h"
    (found,) = parse_alerts(f"rules: [{{id: out, {fields}}}]").rules
    return found


@pytest.fixture
def strikes(failed: Failed) -> list[Event]:
    """Each customer's journey reaches 30 strike points two minutes after T."""
    kinds = ("order.failed", "request.denied", "order.failed")
    return [failed(who, T + n * MINUTE, kind) for who in ORDERS for n, kind in enumerate(kinds)]


def _orders(failed: Failed, who: str) -> list[Event]:
    return [
        replace(failed(who, T + at, "order.placed"), data={"value": value, "currency": currency})
        for at, value, currency in ORDERS[who]
    ]


def _worth(who: str, until: int) -> float:
    """The largest sum of one currency, as plain Python adds it up."""
    placed = [(value, currency) for at, value, currency in ORDERS[who] if at <= until]
    sums = {currency: sum(v for v, c in placed if c == currency) for _, currency in placed}
    return round(max(sums.values(), default=0.0), 6)


def test_a_strike_out_counts_customers_of_a_value(
    store: Store, fold: Fold, failed: Failed, strikes: list[Event], rule: AlertRule
) -> None:
    """Orders until the strike count, each currency for itself; the message says the limit."""
    orders = [order for who in ORDERS for order in _orders(failed, who)]
    for _ in fold(store, [strikes[::2] + orders, strikes[1::2] + orders[:2]], T + HOUR):
        pass
    expected = {who for who in ORDERS if _worth(who, 2 * MINUTE) >= 500}
    assert expected == {"rich", "cents"}
    (alert,) = Evaluation(query_of(store), store.insert, [rule]).evaluate(T + 4 * MINUTE, T).alerts
    assert (alert.customers, alert.count, alert.opened_at) == (len(expected), len(expected), T + 2 * MINUTE)
    assert "2 customers with 30 strike points, each with orders of at least 500, since" in alert.summary


def test_a_merge_of_customers_adds_their_orders(
    store: Store, fold: Fold, failed: Failed, strikes: list[Event], rule: AlertRule
) -> None:
    """When two customers turn out to be one, the orders of both count."""
    own = [event for event in strikes if event.identifiers == ("account:poor",)]
    mail = ("email:poor@shop.example",)
    cheap, late = _orders(failed, "poor"), replace(_orders(failed, "rich")[0], identifiers=mail)
    names = (*own[0].identifiers, *mail)
    link = replace(failed("poor", T + 5 * MINUTE, "identity.linked"), identifiers=names)
    evaluation = Evaluation(query_of(store), store.insert, [rule])
    folding = fold(store, [own + cheap + [late], [link]], T + HOUR)
    found = [evaluation.evaluate(T + 6 * MINUTE, T).alerts for _ in folding]
    assert [len(alerts) for alerts in found] == [0, 1]
    assert found[1][0].customers == 1
