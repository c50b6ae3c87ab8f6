"""Alert rules on measures: the service level of a queue, over a real store."""

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from touchline.alerts import AlertRule, AlertsError
from touchline.alerts.intervals import means
from touchline.config.alerts_files import load_alerts
from touchline.runtime.alerting.evaluation import Evaluation
from touchline.runtime.alerting.queries import query_of
from touchline.runtime.alerting.simulation import simulate
from touchline.store import Store
from touchline.tables import AlertRow
from touchline.vocabulary.event import Event

T = 1_795_000_000_000
SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
SLOW = range(30, 60)
"""These contacts of the queue `billing` wait longer than the service level allows; one comes each minute."""

Fold = Callable[[Store, Sequence[Sequence[Event]], int], Iterator[None]]


@pytest.fixture
def rule(tmp_path: Path) -> Callable[[str], AlertRule]:
    """A rule of kind `measure`, by its other fields."""

    def make(fields: str) -> AlertRule:
        path = tmp_path / "alerts.yaml"
        path.write_text(f"rules: [{{id: low, kind: measure, title: Slow, {fields}}}]")
        (found,) = load_alerts(path).rules
        return found

    return make


@pytest.fixture(scope="module")
def calls(failed: Callable[..., Event]) -> list[Event]:
    """Contacts of two queues, one a minute each: answered after 10 seconds, or after 100 if they are slow."""
    found = []
    for queue in ("billing", "sales"):
        for number in range(120):
            at = T + number * MINUTE
            wait = 100 if queue == "billing" and number in SLOW else 10
            data = {"contact_id": f"{queue}{number}", "queue": queue}
            who = f"{queue}{number}"
            queued = replace(failed(who, at, "contact.queued", "pbx"), channel="phone", data=data)
            answer = failed(who, at + wait * SECOND, "contact.answered", "pbx")
            found += [queued, replace(answer, channel="phone", data=data | {"wait_seconds": wait})]
    return found


def _folded(store: Store, fold: Fold, portions: Sequence[Sequence[Event]]) -> None:
    for _ in fold(store, portions, T + 3 * HOUR):
        pass


def _content(row: AlertRow) -> tuple[object, ...]:
    return row.labels, row.opened_at, row.resolved_at, row.status, row.count, row.customers, row.summary


def test_a_low_service_level_is_one_incident_of_its_queue(
    store: Store, fold: Fold, calls: list[Event], rule: Callable[[str], AlertRule]
) -> None:
    """It opens when the window's share falls below the limit and ends when it is back; with both numbers.

    Shuffled and doubled events give the same incident.
    """
    low = rule("measure: service_level, worse_than: 0.6, within: 20m, at_least: 10, by: queue, cooldown: 1m")
    chance = random.Random(1)
    mixed = chance.sample(calls, len(calls)) + chance.sample(calls, 60)
    _folded(store, fold, [mixed[:200], mixed[200:]])
    evaluation = Evaluation(query_of(store), store.insert, [low])
    # Nine slow contacts of twenty leave 55 %; each counts a minute after its time.
    opened = T + (SLOW.start + 8) * MINUTE + MINUTE
    (firing,) = evaluation.evaluate(opened + MINUTE, T).alerts
    assert (firing.labels, firing.opened_at, firing.status) == (("queue=billing",), opened, "firing")
    (over,) = evaluation.evaluate(T + 3 * HOUR, T).alerts
    # Of the last twenty contacts, eight are slow.
    assert (over.id, over.resolved_at) == (firing.id, T + (SLOW.stop + 11) * MINUTE + MINUTE)
    assert (over.count, over.customers) == (30, 30)
    assert "Slow (queue billing): service level below 60 % since" in over.summary
    assert "30 contacts against it, 30 customers affected" in over.summary
    assert len(over.evidence) == 3


def test_what_waits_in_the_log_makes_no_low_service_level(
    store: Store, fold: Fold, calls: list[Event], rule: Callable[[str], AlertRule]
) -> None:
    """Answers that are not stored yet are not taken for missed contacts."""
    low = rule("measure: service_level, worse_than: 0.6, within: 20m, at_least: 10, by: queue")
    waiting = [event for event in calls if event.time > T + 20 * MINUTE and event.type == "contact.answered"]
    _folded(
        store, fold, [[event for event in calls if event not in waiting and event.time < T + 29 * MINUTE]]
    )
    evaluation = Evaluation(query_of(store), store.insert, [low])
    now = T + 29 * MINUTE
    assert len(evaluation.evaluate(now, T, known=T + 20 * MINUTE).alerts) == 0
    assert len(evaluation.evaluate(now, T, known=now).alerts) == 2


def test_a_simulation_suggests_a_limit(
    store: Store, fold: Fold, calls: list[Event], rule: Callable[[str], AlertRule]
) -> None:
    """Higher is better: the highest limit that opens no incident is below the worst window's share."""
    slow = rule("measure: service_level, worse_than: 0.9, within: 1h, by: queue")
    wait = rule("measure: average_wait, worse_than: 20, within: 1h, by: queue")
    _folded(store, fold, [calls])
    found = simulate(query_of(store), [slow, wait], T - 1, T + 2 * HOUR, wished=0.0)
    assert [len(one.incidents) for one in found] == [1, 1]
    level, seconds = (one.suggestion for one in found)
    assert level is not None
    assert seconds is not None
    assert (level.field, level.value) == ("worse_than", 0.5)
    # 30 of 60 contacts wait 100 seconds, the others 10.
    assert (seconds.field, seconds.value) == ("worse_than", 60)


@pytest.mark.parametrize(
    ("measure", "said"),
    [
        ("servise_level", "there is no measure 'servise_level' (did you mean 'service_level'?)"),
        ("first_contact_resolution", "first_contact_resolution is known after 7d: too late for an alert"),
        ("value_at_risk", "value_at_risk is no mean over contacts or posts; write one of service_level,"),
    ],
)
def test_a_measure_that_cannot_alert_is_refused(
    measure: str, said: str, rule: Callable[[str], AlertRule]
) -> None:
    """The message says why, and which measures can."""
    with pytest.raises(AlertsError) as caught:
        rule(f"measure: {measure}, worse_than: 0.5")
    assert said in str(caught.value)


def test_a_share_has_a_limit_from_0_to_1(rule: Callable[[str], AlertRule]) -> None:
    """Sixty for 60 % is refused, as it would always fire; sixty seconds are not."""
    with pytest.raises(AlertsError, match="service_level is a share: write a number from 0 to 1"):
        rule("measure: service_level, worse_than: 60")
    assert rule("measure: average_wait, worse_than: 60").kind == "measure"


def test_a_mean_of_too_few_observations_never_holds() -> None:
    """Two bad contacts are no bad hour where three are needed; with the third it is one, until one leaves."""
    points = [(0, 0.0, 1), (10, 0.0, 1), (20, 0.0, 1)]
    steps = [*means(points, 100, 3, 0.8, below=True)]
    assert steps == [(0, False), (10, False), (20, True), (100, False), (110, False), (120, False)]
