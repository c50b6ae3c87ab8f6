"""When a count is unusual."""

import numpy as np
import pytest

from touchline.alerts.baseline.unusual import Counted, Terms, budgeted, expected_false_alarms, unusual
from touchline.alerts.intervals import Step
from touchline.vocabulary.durations import DAY, HOUR, MINUTE, WEEK

NOW = 3_000 * WEEK
TICK = 3 * MINUTE
MORE = Terms(HOUR, TICK, weeks=4, times=1.5, at_least=5, fewer=False, false_alarms=1 / 32)
FEWER = MORE._replace(fewer=True, at_least=10)
SPAN = (NOW - 6 * HOUR, NOW)


def _numbers(an_hour: float, factor: float, since: int, until: int) -> list[tuple[int, int]]:
    """Counts by tick over five weeks; times `factor` between two times."""
    draws = np.random.default_rng(1)
    ticks = np.arange(NOW - 5 * WEEK, NOW + 1, TICK)
    means = np.where((ticks > since) & (ticks <= until), factor, 1.0) * an_hour * TICK / HOUR
    return [(int(at), int(n)) for at, n in zip(ticks, draws.poisson(means), strict=True) if n]


def _steps(numbers: list[tuple[int, int]], terms: Terms, oldest: int = NOW - 5 * WEEK) -> list[Step]:
    return unusual({"one": Counted(numbers, oldest)}, terms, SPAN)["one"]


def test_a_doubling_at_two_hundred_an_hour_is_seen_within_the_hour() -> None:
    """The condition begins during the rise and ends after it; before, nothing is unusual."""
    began, ended = NOW - 3 * HOUR, NOW - 90 * MINUTE
    steps = dict(_steps(_numbers(200, 2.0, began, ended), MORE))
    assert not any(holds for at, holds in steps.items() if at <= began)
    first = min(at for at, holds in steps.items() if holds)
    assert began < first <= began + HOUR
    assert not steps[NOW]


def test_a_rise_that_is_certain_but_small_is_not_reported() -> None:
    """A count below `times` the usual one is not unusual, however improbable."""
    numbers = _numbers(2_000, 1.4, NOW - 2 * HOUR, NOW)
    assert not any(holds for _, holds in _steps(numbers, MORE))
    assert dict(_steps(numbers, MORE._replace(times=1.2)))[NOW]


def test_a_fall_to_a_tenth_is_seen_only_where_it_is_sought() -> None:
    """Too few is found by `fewer` alone, and only where enough is usual."""
    fallen = _numbers(60, 0.1, NOW - 2 * HOUR, NOW)
    assert dict(_steps(fallen, FEWER))[NOW]
    assert not any(holds for _, holds in _steps(fallen, MORE))
    rare = _numbers(5, 0.0, NOW - 2 * HOUR, NOW)
    assert not any(holds for _, holds in _steps(rare, FEWER))


@pytest.mark.parametrize(("days", "found"), [(12, False), (15, True)])
def test_without_two_weeks_nothing_is_unusual(days: int, found: bool) -> None:
    """Data that begin twelve days ago are no baseline yet."""
    numbers = _numbers(200, 5.0, NOW - 2 * HOUR, NOW)
    assert dict(_steps(numbers, MORE, NOW - days * DAY))[NOW] is found


def test_neither_order_nor_span_changes_a_time() -> None:
    """Shuffled counts give the same steps, and a shorter span the same ones at its times."""
    numbers = _numbers(50, 3.0, NOW - 2 * HOUR, NOW)
    other = _numbers(2, 1.0, 0, 0)
    series = {"one": Counted(numbers, 0), "other": Counted(other, 0)}
    steps = unusual(series, MORE, SPAN)
    assert any(holds for _, holds in steps["one"])
    shuffled = {"other": Counted(other[::-1], 0), "one": Counted(numbers[::-1], 0)}
    assert unusual(shuffled, MORE, SPAN) == steps
    last = unusual(series, MORE, (NOW - HOUR, NOW))
    assert last["one"] == [step for step in steps["one"] if step[0] >= NOW - HOUR]


def test_the_budget_is_shared_by_series() -> None:
    """Twice as many series halve the probability of each; one more within a power of two changes nothing."""
    assert budgeted(1.0, TICK, 16) == 2 * budgeted(1.0, TICK, 32)
    assert budgeted(1.0, TICK, 17) == budgeted(1.0, TICK, 32)
    assert budgeted(2.0, TICK, 16) == 2 * budgeted(1.0, TICK, 16)


def test_series_without_events_do_not_share_the_budget() -> None:
    """A rise that one of sixty series has to itself is found; if all have events, it may be chance."""
    rise = Counted(_numbers(20, 2.2, NOW - HOUR, NOW), 0)
    calm = Counted(_numbers(20, 1.0, 0, 0), 0)
    alone = {"rise": rise} | {f"{n}": Counted([], 0) for n in range(60)}
    beside = {"rise": rise} | dict.fromkeys((f"{n}" for n in range(60)), calm)
    last = (NOW, NOW)
    assert unusual(alone, MORE._replace(false_alarms=1.0), last)["rise"] == [(NOW, True)]
    assert unusual(beside, MORE._replace(false_alarms=1.0), last)["rise"] == [(NOW, False)]


def test_a_forecast_is_at_most_the_budget() -> None:
    """Of one a week, most is used where counts are large, little where `times` asks for more than chance."""
    series = {f"{n}": Counted(_numbers(200, 1.0, 0, 0), NOW - 5 * WEEK) for n in range(2)}
    terms, span = MORE._replace(false_alarms=1.0, times=1.0), (NOW - DAY, NOW)
    found = expected_false_alarms(series, terms, span)
    assert found is not None
    assert 0.5 < found <= 1.0
    assert (expected_false_alarms(series, terms._replace(times=3.0), span) or 0) < 1e-3
    fewer = expected_false_alarms(series, terms._replace(fewer=True), span)
    assert fewer is not None
    assert 0.2 < fewer <= 1.0


def test_a_forecast_without_a_baseline_is_not_known() -> None:
    """With less than two weeks of data there is none."""
    counted = {"one": Counted(_numbers(200, 1.0, 0, 0), NOW - 12 * DAY)}
    assert expected_false_alarms(counted, MORE, (NOW - DAY, NOW)) is None
