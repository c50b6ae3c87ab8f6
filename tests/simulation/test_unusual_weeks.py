"""The default alert rules on the simulated retailer, whose traffic follows the day."""

from collections import Counter

import pytest

from touchline.alerts import Unusual
from touchline.alerts.detection import DataBegin, detect
from touchline.alerts.incidents import Incident, Labels
from touchline.alerts.sql import tick
from touchline.config.alerts_files import load_alerts
from touchline.config.rule_packs import load_rules
from touchline.simulation.retailer import Outage, Retailer
from touchline.vocabulary.durations import DAY, HOUR, WEEK

START = 1_790_000_000_000
WEEKS, WATCHED = 6, 1
OUTAGE = Outage(START - 2 * HOUR, START - HOUR)


@pytest.fixture(scope="module")
def counts() -> dict[str, Counter[tuple[Labels, int]]]:
    """Frictions by rule and orders by source, with their times, over six weeks that end with an outage."""
    retailer = Retailer(1, START, history=WEEKS * WEEK, outage=OUTAGE)
    orders = [event for event in retailer.until(START) if event.type == "order.placed"]
    return {
        "friction_unusual": Counter(
            ((f"rule={one.rule}",), one.opened_at) for one in retailer.planted(START)
        ),
        "orders_fall": Counter(((f"source={one.source}",), one.time) for one in orders),
    }


def _found(rule: Unusual, counts: Counter[tuple[Labels, int]], until: int = START) -> list[Incident]:
    part = tick(rule)
    ticks: Counter[tuple[Labels, int]] = Counter()
    for (labels, at), number in counts.items():
        ticks[labels, -(-at // part) * part] += number
    rows = [(labels, at, number) for (labels, at), number in ticks.items() if at <= until]
    begin = DataBegin(START - WEEKS * WEEK, load_rules().reaches)
    start = START - WATCHED * WEEK
    return detect(rule, rows, start=start, now=until, known=until, begin=begin, standing={})


def test_an_outage_is_found_and_nothing_else_in_a_week(
    counts: dict[str, Counter[tuple[Labels, int]]],
) -> None:
    """The default rules open no incident before the outage, and one within ten minutes after it began.

    The retailer's events are never refused.
    """
    rules = [rule for rule in load_alerts().rules if isinstance(rule, Unusual)]
    found = [incident for rule in rules for incident in _found(rule, counts.get(rule.id, Counter()))]
    first = min(found, key=lambda incident: incident.opened_at)
    assert first.labels == ("rule=payment_failed_again",)
    assert OUTAGE.begin < first.opened_at <= OUTAGE.begin + HOUR // 6
    assert first.resolved_at is None


def test_orders_that_stop_are_found(counts: dict[str, Counter[tuple[Labels, int]]]) -> None:
    """Where a busy source has no order for two hours, there are too few; before, never in a week."""
    (rule,) = (
        rule for rule in load_alerts().rules if isinstance(rule, Unusual) and rule.direction == "fewer"
    )
    busy: Counter[tuple[Labels, int]] = Counter()
    for (labels, at), number in counts["orders_fall"].items():
        for day in range(6 if labels == ("source=webshop",) else 0):
            busy[labels, at + day * DAY] += number
    gone = Counter({key: number for key, number in busy.items() if key[1] <= START - 2 * HOUR})
    (fall,) = _found(rule, gone)
    assert (fall.labels, fall.resolved_at) == (("source=webshop",), None)
    assert START - 2 * HOUR < fall.opened_at <= START - HOUR
