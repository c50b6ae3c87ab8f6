"""Alert rules with a separate incident for each value of an attribute of events, over a real store."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from touchline.alerts import AlertRule, AlertsError, conditions, parse_alerts, sql
from touchline.alerts.addresses import Alertmanager
from touchline.alerts.channels import send
from touchline.alerts.incidents import Labels
from touchline.alerts.messages.message import Origin, message
from touchline.grafana.alert_rules import rule_sql
from touchline.runtime.alerting.evaluation import Evaluation
from touchline.runtime.alerting.queries import query_of
from touchline.runtime.alerting.simulation import simulate
from touchline.store import Store
from touchline.tables import AlertRow
from touchline.vocabulary.event import Event

T = 1_795_000_000_000
MINUTE, HOUR = 60_000, 3_600_000

Fold = Callable[[Store, Sequence[Sequence[Event]], int], Iterator[None]]
HOSTILE = [
    "x' OR 1=1 --\\",
    "=[]{}\"',",
    "<script>alert(1)</script>",
    "line\nbreak\x07",
    "half \ud83d".encode("utf-16", "surrogatepass").decode("utf-16", "replace"),
]


def _rule(fields: str) -> AlertRule:
    (rule,) = parse_alerts(f"rules: [{{id: r, title: R, {fields}}}]").rules
    return rule


def _events(failed: Callable[..., Event]) -> list[Event]:
    """Payments of different customers, one a minute: eight by card, two of the last value, else six."""
    numbers = {"card": 8, "few": 2}
    values: list[Any] = ["card", 7, True, None, {"a": [1]}, "v" * 300, "jo@shop.example", "@kim", *HOSTILE]
    return [
        replace(failed(f"{place}-{number}", T + number * MINUTE), data={"method": value, "of": {"bank": "b"}})
        for place, value in enumerate([*values, "few"])
        for number in range(numbers.get(str(value), 6))
    ]


def _counted(events: Sequence[Event]) -> dict[Labels, set[str]]:
    """The customers of each label, as plain Python counts them."""
    found: dict[Labels, set[str]] = defaultdict(set)
    for event in events:
        value = event.data["method"]
        text = {7: "7", True: "true", None: ""}.get(value) if not isinstance(value, str | dict) else value
        text = '{"a":[1]}' if isinstance(value, dict) else str(text)
        text = "(hidden)" if "@" in text else text[:100]
        found[(f"data.method={text}",)].add(event.identifiers[0])
    return found


def test_each_value_of_an_attribute_is_an_incident_of_its_own(
    store: Store, fold: Fold, failed: Callable[..., Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hostile values are harmless, long ones cut, those of persons hidden, and series are bounded."""
    events = _events(failed)
    for _ in fold(store, [events[::2], events[1::2]], T + HOUR):
        pass
    rule = _rule("kind: threshold, events: payment.failed, by: data.method, customers: 5, within: 1h")
    expected = {labels: len(who) for labels, who in _counted(events).items() if len(who) >= 5}
    evaluation = Evaluation(query_of(store), store.insert, [rule])
    found = evaluation.evaluate(T + 10 * MINUTE, T).alerts
    assert {row.labels: row.customers for row in found} == expected
    assert len(expected) == 7 + len(HOSTILE)
    assert not any("\n" in row.summary or "\x07" in row.summary for row in found)
    # What is open stays, whatever comes; only the largest of the others open.
    monkeypatch.setattr(conditions, "MOST_SERIES", 3)
    assert evaluation.evaluate(T + 11 * MINUTE, T).written == 0
    (simulated,) = simulate(query_of(store), [rule], T - 1, T + HOUR)
    largest = sorted(expected, key=lambda labels: (-expected[labels], labels))[:3]
    assert sorted(one.labels for one in simulated.incidents) == sorted(largest)
    assert ("data.method=(hidden)",) in largest
    for fields, size in (
        ("kind: unusual, events: payment.failed, by: data.method", 3),
        ("kind: absence, events: payment.failed, by: [source, data.of.bank], longer_than: 20m", 1),
        ("kind: threshold, events: payment.failed, by: context.app, customers: 5, within: 1h", 1),
    ):
        span = {"lo": str(T - 1), "hi": str(T + HOUR), "held": "[]"}
        rows = query_of(store)(sql.points(_rule(fields)), span)
        assert len({tuple(labels) for labels, *_ in rows}) == size, fields


def test_a_friction_has_the_attributes_of_the_event_that_it_hangs_on(
    store: Store, fold: Fold, failed: Callable[..., Event]
) -> None:
    """An incident for each value counts the customers whose frictions have it."""
    events = [
        replace(failed(f"c{number}", T + number * MINUTE, "order.failed"), data={"reason": reason})
        for number, reason in enumerate(["stock", "stock", "timeout", "stock", "timeout", "hacked <b>"])
    ]
    for _ in fold(store, [events], T + HOUR):
        pass
    rows = query_of(store)("SELECT anchor, toString(customer) FROM current_frictions", {})
    hung = {str(anchor): str(customer) for anchor, customer in rows}
    expected: dict[Labels, set[str]] = defaultdict(set)
    for event in events:
        expected[("rule=order_failed", f"data.reason={event.data['reason']}")].add(hung[event.id])
    rule = _rule("kind: threshold, frictions: '*', by: [rule, data.reason], customers: 1, within: 1h")
    found = Evaluation(query_of(store), store.insert, [rule]).evaluate(T + 10 * MINUTE, T).alerts
    assert {row.labels: row.customers for row in found} == {name: len(who) for name, who in expected.items()}
    for fields, customers in (
        (
            "kind: threshold, frictions: '*', where: {data.reason: stock}, customers: 3, within: 1h",
            1,
        ),
        (
            "kind: threshold, frictions: '*', without: {data.reason: stock}, customers: 4, within: 1h",
            0,
        ),
        ("kind: loss, amount: 1, by: data.reason", 0),
        ("kind: unusual, frictions: '*', by: data.reason", 0),
    ):
        (simulated,) = simulate(query_of(store), [_rule(fields)], T - 1, T + HOUR)
        assert len(simulated.incidents) == customers, fields


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ("events: a, by: data", "write one of type, channel, source, producer, data.NAME or context.NAME"),
        ("events: a, by: 'data.x y'", "unknown label 'data.x y'"),
        ("events: a, by: data.customer_email", "'data.customer_email' may identify a person"),
        ("events: a, by: [data.a.b, data.a_b]", "two labels have the same name"),
        ("frictions: a, by: data", "write one of rule, channel, source, factor, data.NAME or context.NAME"),
    ],
)  # fmt: skip
def test_a_label_that_cannot_be_used_is_refused(fields: str, said: str) -> None:
    """The message says why, and what to write."""
    with pytest.raises(AlertsError) as caught:
        _rule(f"kind: threshold, customers: 1, within: 5m, {fields}")
    assert said in str(caught.value)


def test_alertmanager_and_grafana_get_names_of_labels_that_they_take(receiver: Any, row: AlertRow) -> None:
    """A dot is no part of such a name."""
    send(
        Alertmanager(kind="alertmanager", url=receiver.url),
        message(replace(row, labels=("data.method=card",)), "firing", Origin(""), T),
    )
    assert receiver.bodies[0][0]["labels"]["data_method"] == "card"
    rule = _rule("kind: threshold, events: a, by: data.method, customers: 1, within: 5m")
    assert "AS `data_method`" in rule_sql(rule)


def test_labels_of_the_installation_are_not_those_of_attributes() -> None:
    """In Alertmanager both would be one label, and two installations would share incidents."""
    rule = "{id: r, kind: threshold, title: R, events: a, by: data.site, customers: 1, within: 5m}"
    with pytest.raises(AlertsError, match="labels: data_site is set by Touchline"):
        parse_alerts(f"labels: {{data_site: berlin}}\nrules: [{rule}]")
