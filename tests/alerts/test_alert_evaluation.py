"""Alert rules over a real store: what they find, and that nothing but what happened decides it."""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import uuid5

import pytest
from msgspec.structs import replace

from touchline.alerts import AlertsFile, parse_alerts
from touchline.config.alerts_files import load_alerts
from touchline.runtime.alerting.evaluation import Evaluation
from touchline.runtime.alerting.queries import query_of
from touchline.runtime.alerting.rows import alerts_since
from touchline.runtime.alerting.simulation import simulate
from touchline.store import Store, StoreUnavailable
from touchline.tables import AlertRow
from touchline.vocabulary.event import Event
from touchline.vocabulary.ids import NAMESPACE

T = 1_795_000_000_000
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

Fold = Callable[[Store, Sequence[Sequence[Event]], int], Iterator[None]]
Failed = Callable[..., Event]


def _take(fold: Fold, store: Store, events: Sequence[Event], now: int = T + HOUR) -> None:
    for _ in fold(store, [events], now):
        pass


def _evaluation(store: Store, file: AlertsFile) -> Evaluation:
    return Evaluation(query_of(store), store.insert, file.rules)


def _only(text: str) -> AlertsFile:
    return parse_alerts(f"rules: [{text}]")


def _content(rows: Sequence[AlertRow]) -> list[dict[str, Any]]:
    """What incidents say, apart from when it became known."""
    return [
        {name: getattr(row, name) for name in row.__struct_fields__ if name not in ("detected_at", "version")}
        for row in sorted(rows, key=lambda row: (row.rule, row.opened_at))
    ]


def test_a_storm_of_500_customers_is_one_incident(store: Store, fold: Fold, outage: list[Event]) -> None:
    """One row, with how many it met, what is usual, and three journeys; it is over when it is quiet."""
    _take(fold, store, outage)
    evaluation = _evaluation(store, load_alerts())
    now = T + 4 * MINUTE
    (one,) = (row for row in evaluation.evaluate(now, now).alerts if row.rule == "payment_outage")
    assert (one.status, one.customers, one.count, one.usual) == ("firing", 500, 1_000, 0.0)
    assert one.labels == ("source=webshop",)
    assert one.opened_at == T + 9 * 360
    assert len(set(one.evidence)) == 3
    later = T + HOUR
    (over,) = (row for row in evaluation.evaluate(later, later).alerts if row.rule == "payment_outage")
    assert (over.id, over.status) == (one.id, "resolved")
    # Ten customers are left until the tenth from the end is five minutes old.
    assert over.resolved_at == T + 490 * 360 + 1_000 + 5 * MINUTE


def test_a_second_evaluation_writes_nothing(store: Store, fold: Fold, outage: list[Event]) -> None:
    """Where nothing has changed no row is written."""
    _take(fold, store, outage)
    evaluation = _evaluation(store, load_alerts())
    assert evaluation.evaluate(T + 4 * MINUTE, T).written > 0
    assert evaluation.evaluate(T + 4 * MINUTE, T).written == 0


@pytest.mark.slow
def test_late_shuffled_and_doubled_events_make_the_same_incident(
    tmp_path: Any, fold: Fold, outage: list[Event]
) -> None:
    """However the events come, and whenever one looks in between, the incidents at the end are the same."""
    from touchline.store import open_store

    end = T + 20 * HOUR
    chance = random.Random(1)
    found = []
    for name, lying, cuts in (
        ("in-order", outage, 1),
        ("shuffled", chance.sample(outage, len(outage)) + chance.sample(outage, 300), 5),
    ):
        size = len(lying) // cuts + 1
        portions = [lying[start : start + size] for start in range(0, len(lying), size)]
        with open_store(tmp_path / name) as store:
            evaluation = _evaluation(store, load_alerts())
            for number, _ in enumerate(fold(store, portions, end)):
                if cuts > 1:
                    evaluation.evaluate(T + number * 40 * 1_000, T)
            for now in (T + 6 * MINUTE, end):
                evaluation.evaluate(now, now)
            found.append(_content(alerts_since(query_of(store), T - DAY)))
    assert found[0] == found[1]
    assert {"payment_outage", "friction_unusual"} <= {one["rule"] for one in found[0]}


def test_what_turns_out_untrue_is_retracted(store: Store, fold: Fold, failed: Failed) -> None:
    """A late event fills the gap of a producer that seemed to be silent: the incident is taken back."""
    file = _only("{id: gone, kind: absence, title: Gone, longer_than: 30m}")
    evaluation = _evaluation(store, file)
    seen = [failed("a", T, "page.viewed"), failed("b", T + HOUR, "page.viewed")]
    portions = [
        seen,
        [failed("c", T + 25 * MINUTE, "page.viewed"), failed("d", T + 50 * MINUTE, "page.viewed")],
    ]
    folding = fold(store, portions, T + HOUR)
    next(folding)
    (one,) = evaluation.evaluate(T + HOUR, T + HOUR).alerts
    assert (one.opened_at, one.resolved_at) == (T + 30 * MINUTE, None)
    (one,) = evaluation.evaluate(T + HOUR + 1, T + HOUR).alerts
    assert (one.status, one.resolved_at) == ("resolved", T + HOUR)
    next(folding)
    evaluation.evaluate(T + HOUR + 2, T + HOUR)
    assert alerts_since(query_of(store), 0) == []
    assert store.query("SELECT status FROM alerts FINAL").result_rows == [["retracted"]]


def test_a_merge_of_customers_takes_a_threshold_back(store: Store, fold: Fold, failed: Failed) -> None:
    """Two who turn out to be one are one customer: what counted two counts one."""
    file = _only("{id: two, kind: threshold, title: Two, events: payment.failed, customers: 2, within: 10m}")
    first = failed("a", T)
    second = replace(failed("b", T + 1_000), identifiers=("email:b@shop.example",))
    link = replace(
        failed("a", T + 2_000, "identity.linked"), identifiers=("account:a", "email:b@shop.example")
    )
    folding = fold(store, [[first, second], [link]], T + HOUR)
    evaluation = _evaluation(store, file)
    next(folding)
    assert [row.status for row in evaluation.evaluate(T + MINUTE, T).alerts] == ["firing"]
    next(folding)
    assert [row.status for row in evaluation.evaluate(T + MINUTE, T).alerts] == ["retracted"]


def test_a_merge_of_customers_counts_them_once(store: Store, fold: Fold, failed: Failed) -> None:
    """Where two turn out to be one, an incident that goes on has met one customer less."""
    file = _only("{id: two, kind: threshold, title: Two, events: payment.failed, customers: 2, within: 10m}")
    link = replace(
        failed("a", T + 2_000, "identity.linked"), identifiers=("account:a", "email:b@shop.example")
    )
    mailed = replace(failed("b", T + 1_000), identifiers=("email:b@shop.example",))
    folding = fold(store, [[failed("a", T), mailed, failed("c", T + 1_500)], [link]], T + HOUR)
    evaluation = _evaluation(store, file)
    for customers, _ in zip((3, 2), folding, strict=True):
        (one,) = (row for row in evaluation.evaluate(T + MINUTE, T).alerts if row.status == "firing")
        assert (one.customers, one.count) == (customers, 3)
        assert len(set(one.evidence)) == customers


def test_what_one_customer_met_twice_at_once_is_counted_twice(
    store: Store, fold: Fold, failed: Failed
) -> None:
    """Two events of a customer in the same millisecond count as two."""
    file = _only("{id: two, kind: threshold, title: Two, events: payment.failed, customers: 2, within: 10m}")
    again = replace(failed("a", T), id="again")
    _take(fold, store, [failed("a", T), again, failed("b", T + 1_000)])
    (alert,) = _evaluation(store, file).evaluate(T + MINUTE, T).alerts
    assert (alert.customers, alert.count) == (2, 3)


def test_an_incident_older_than_the_lookback_goes_on(store: Store, fold: Fold, failed: Failed) -> None:
    """What lasts for days keeps its id and its beginning, counts all its customers, and ends."""
    file = _only("{id: long, kind: threshold, title: Long, events: payment.failed, customers: 1, within: 1h}")
    portions = [
        [failed(f"c{n}", T + n * 50 * MINUTE) for n in range(day * 28, day * 28 + 28)] for day in range(3)
    ]
    evaluation = _evaluation(store, file)
    ids = set()
    for day, _ in enumerate(fold(store, portions, T + 5 * DAY)):
        now = T + (day * 28 + 28) * 50 * MINUTE - 1
        (one,) = evaluation.evaluate(now, now).alerts
        ids.add((one.id, one.opened_at))
        assert one.status == "firing"
    assert ids == {(one.id, T)}
    (over,) = evaluation.evaluate(T + 84 * 50 * MINUTE + DAY // 2, T).alerts
    assert (over.status, over.customers) == ("resolved", 84)
    assert over.resolved_at == T + 83 * 50 * MINUTE + HOUR


def test_a_journey_strikes_out_when_its_strikes_add_up(store: Store, fold: Fold, failed: Failed) -> None:
    """The incident begins with the friction that brought the journey to so many strikes."""
    rule = "{id: out, kind: strike_out, title: Out, strikes: 30, customers: 2, by: channel}"
    events = [
        failed(who, T + number * MINUTE, kind)
        for who in ("a", "b", "c")
        for number, kind in enumerate(("order.failed", "request.denied", "order.failed"))
        if who != "c" or number < 2
    ]
    _take(fold, store, events)
    (one,) = _evaluation(store, _only(rule)).evaluate(T + 3 * MINUTE, T).alerts
    assert (one.labels, one.customers) == (("channel=web",), 2)
    assert one.opened_at == T + 2 * MINUTE


def test_places_are_chosen_by_fields_and_left_out_by_them(store: Store, fold: Fold, failed: Failed) -> None:
    """`where` and `without` look at labels and at the data of events; hostile values do no harm."""
    hostile = "x' OR 1=1 --\\"
    events = [
        replace(failed("a", T), data={"method": "card", "code": 7}),
        replace(failed("b", T), data={"method": "giro"}),
        failed("c", T, source=hostile),
    ]
    _take(fold, store, events)
    for fields, places in (
        ("where: {data.method: [card, cash]}", [("source=webshop",)]),
        ("where: {data.code: '7'}", [("source=webshop",)]),
        ("without: {source: webshop}", [(f"source={hostile}",)]),
        (f'where: {{source: "{hostile.replace(chr(92), chr(92) * 2)}"}}', [(f"source={hostile}",)]),
        ("where: {channel: phone}", []),
    ):
        rule = "{id: r, kind: threshold, title: R, events: payment.*, by: source, customers: 1, within: 1h, "
        (found,) = simulate(query_of(store), _only(f"{rule}{fields}}}").rules, T - 1, T + 1)
        assert [one.labels for one in found.incidents] == places, fields


def test_a_rule_names_internal_events_to_see_them(store: Store, fold: Fold, failed: Failed) -> None:
    """`*` leaves them out; a type, a family and the data of a walked audit's steps choose them."""
    steps = [
        replace(failed("x", T + n, kind), identifiers=("walk:shop",), data={"walk": "shop", "step": step})
        for n, (kind, step) in enumerate(
            [("audit.step_failed", "form"), ("audit.step_passed", "form"), ("audit.step_passed", "start")]
        )
    ]
    _take(fold, store, steps)
    for events, found in {
        "'*'": 0,
        "audit.step_failed": 1,
        "audit.*": 1,
        "'audit.*', where: {data.step: start}": 1,
        "audit.step_failed, where: {data.step: start}": 0,
    }.items():
        rule = f"{{id: r, kind: threshold, title: R, events: {events}, customers: 1, within: 5m}}"
        (simulated,) = simulate(query_of(store), _only(rule).rules, T - 1, T + HOUR)
        assert len(simulated.incidents) == found, events


def test_a_simulation_finds_what_constant_evaluation_would_have_opened(
    store: Store, fold: Fold, outage: list[Event], failed: Failed
) -> None:
    """A simulation over stored days returns the incidents of the rules and writes none."""
    again = [failed(f"n{number}", T + 3 * DAY + number * 1_000) for number in range(40)]
    _take(fold, store, [*outage, *again], T + 4 * DAY)
    ask = query_of(store)
    progress: list[tuple[int, int]] = []
    found = simulate(
        ask, load_alerts().rules, T - DAY, T + 4 * DAY, lambda done, parts: progress.append((done, parts))
    )
    (payments,) = (simulated for simulated in found if simulated.rule.id == "payment_outage")
    assert [incident.opened_at for incident in payments.incidents] == [T + 9 * 360, T + 3 * DAY + 9_000]
    assert progress[-1] == (35, 35)
    assert alerts_since(ask, 0) == []


def test_a_backlog_undoes_nothing(store: Store, fold: Fold, outage: list[Event]) -> None:
    """Looked at with the time of old records, after a restart, what was over stays over."""
    _take(fold, store, outage)
    evaluation = _evaluation(store, load_alerts())
    evaluation.evaluate(T + HOUR, T)
    assert evaluation.evaluate(T + 4 * MINUTE, T).written == 0


def test_what_waits_in_the_log_is_neither_over_nor_absent(
    store: Store, fold: Fold, outage: list[Event]
) -> None:
    """While it is not known that all is stored, an incident begins, and none ends; no producer is silent."""
    _take(fold, store, outage)
    rules = [rule for rule in load_alerts().rules if rule.id in ("payment_outage", "producer_silent")]
    evaluation = Evaluation(query_of(store), store.insert, rules)

    def firing(now: int, known: int) -> set[str]:
        found = evaluation.evaluate(now, now, known=known).alerts
        return {row.rule for row in found if row.status == "firing"}

    assert firing(T + 4 * MINUTE, T + 1) == {"payment_outage"}
    assert firing(T + 5 * HOUR, T + 5 * MINUTE) == {"payment_outage"}
    assert firing(T + 5 * HOUR, T + 2 * HOUR) == set()
    assert firing(T + 5 * HOUR, T + 5 * HOUR) == {"producer_silent"}
    # What was known is not known less later.
    assert firing(T + 5 * HOUR, T + MINUTE) == {"producer_silent"}


def test_rules_that_are_not_due_stay_as_they_are(store: Store, fold: Fold, outage: list[Event]) -> None:
    """Only what is due is looked at; the incidents of the others go on, and are ended when they are due."""
    _take(fold, store, outage)
    evaluation = _evaluation(store, load_alerts())
    assert evaluation.evaluate(T + 4 * MINUTE, T, due=["orders_fail"]).alerts == []
    evaluation.evaluate(T + 4 * MINUTE, T, due=["payment_outage"])
    for due, status in ((["orders_fail"], "firing"), (["payment_outage"], "resolved")):
        (one,) = evaluation.evaluate(T + HOUR, T, due=due).alerts
        assert (one.rule, one.status) == ("payment_outage", status)


def test_an_incident_that_grows_gets_a_new_version(store: Store, fold: Fold, outage: list[Event]) -> None:
    """The same process writes the next version of the same incident, with more customers."""
    half = len(outage) // 2
    folding = fold(store, [outage[:half], outage[half:]], T + HOUR)
    rules = [rule for rule in load_alerts().rules if rule.id == "payment_outage"]
    evaluation = Evaluation(query_of(store), store.insert, rules)
    seen = []
    for _ in folding:
        (alert,) = evaluation.evaluate(T + 4 * MINUTE, T).alerts
        seen.append((alert.id, alert.version, alert.customers > 300))
    assert [version[1:] for version in seen] == [(1, False), (2, True)]
    assert seen[0][0] == seen[1][0]


def test_an_incident_is_written_after_its_notifications(
    store: Store, fold: Fold, outage: list[Event]
) -> None:
    """If the outbox write fails, the incident is not written, so the next evaluation finds it again."""
    _take(fold, store, outage)

    def broken(firing: Sequence[AlertRow]) -> None:
        assert [row.customers for row in firing if row.rule == "payment_outage"] == [500]
        raise StoreUnavailable("away")

    with pytest.raises(StoreUnavailable):
        _evaluation(store, load_alerts()).evaluate(T + 4 * MINUTE, T, announce=broken)
    assert store.query("SELECT count() FROM alerts").result_rows == [[0]]


def test_a_rule_that_is_gone_leaves_nothing_firing(store: Store, fold: Fold, outage: list[Event]) -> None:
    """What fired by a rule that was switched off is over."""
    _take(fold, store, outage)
    _evaluation(store, load_alerts()).evaluate(T + 4 * MINUTE, T)
    _evaluation(store, parse_alerts("rules: []")).evaluate(T + 5 * MINUTE, T)
    assert {row.status for row in alerts_since(query_of(store), 0)} == {"resolved"}


def test_refused_events_are_found_by_their_producer(store: Store, fold: Fold, failed: Failed) -> None:
    """Thirty refused events of one producer within an hour, after none for weeks, are one incident.

    A repeated row counts once. Whose events they are is not known: no customer, and no journey.
    """
    alive = [failed("robot", T - day * DAY, "page.viewed") for day in range(30)]
    _take(fold, store, alive)
    refused = [("shop", T + number * MINUTE) for number in range(30)] + [("crm", T), ("crm", T - 9 * DAY)]
    columns: dict[str, list[Any]] = {
        "id": [uuid5(NAMESPACE, f"refused {number}") for number in range(len(refused))],
        "received_at": [at for _, at in refused],
        "producer": [producer for producer, _ in refused],
        "reason": ["invalid" for _ in refused],
        "message": ["" for _ in refused],
        "field": ["" for _ in refused],
        "body": ["{}" for _ in refused],
        "mark": ["" for _ in refused],
    }
    for token in ("once", "twice"):
        store.insert("quarantine", columns, token)
    rules = [rule for rule in load_alerts().rules if rule.id == "events_refused"]
    (alert,) = Evaluation(query_of(store), store.insert, rules).evaluate(T + 30 * MINUTE, T).alerts
    assert (alert.labels, alert.count, alert.customers, alert.evidence) == (("producer=shop",), 30, 0, ())
    assert "(producer shop): 30 events refused since" in alert.summary
    assert "usual at this hour: 0 events in 1h" in alert.summary
    assert T + 19 * MINUTE <= alert.opened_at <= T + 23 * MINUTE
