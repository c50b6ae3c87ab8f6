"""`detection`: false alarms and detected rises of each way to decide that a count is unusual.

Modelled on the comparison of 21 methods in 42 scenarios by Bédubourg and Le Strat (2017): counts are
simulated at 7 levels, 3 overdispersions, and with or without a daily course and growth. A series has four
weeks of past and one that is watched; in half of the runs, counts double for three hours. All ways look at
the last hour every three minutes, and alarms less than half an hour apart are one.
"""

from collections.abc import Callable, Iterable, Iterator
from math import sqrt
from statistics import fmean, median
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.support.report import Report
from touchline.alerts.baseline.unusual import AROUND, Counted, Terms, unusual
from touchline.vocabulary.durations import HOUR, WEEK

RUNS = 10
SERIES = 32
"""The budget of one false alarm a week is shared by so many series."""

LEVELS = (0.5, 2.0, 6.0, 20.0, 60.0, 200.0, 600.0)
OVERDISPERSIONS = (1.0, 2.0, 4.0)
_TICKS = 20
_TICK = HOUR // _TICKS
_WEEK = 168 * _TICKS
_WEEKS = 4
_NOW = _WEEKS * _WEEK
"""The tick at which the watched week begins."""

_QUIET = _TICKS // 2
_RISE_HOURS = 3
_LEAST = 5
"""The smallest count at which a method may alarm, for all of them."""

Counts = NDArray[np.int64]
Holds = NDArray[np.bool_]


class Scenario(NamedTuple):
    """Counts an hour: their mean, variance divided by mean, and whether they follow the day and grow."""

    level: float
    overdispersion: float
    course: bool


class Span(NamedTuple):
    """The ticks of the watched week at which a method decides: after `since`, up to `until`."""

    since: int
    until: int


Method = Callable[[Counts, Span], Holds]
"""Whether there is an alarm at each tick of a span, from counts by tick."""


def _hour(counts: Counts, ticks: NDArray[np.int64]) -> NDArray[np.float64]:
    """The counts of the hours that end with these ticks."""
    sums = np.concatenate([[0], np.cumsum(counts)])
    hours: NDArray[np.float64] = (sums[ticks] - sums[np.maximum(ticks - _TICKS, 0)]).astype(float)
    return hours


def _looks(counts: Counts, span: Span) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The count of each tick's hour, and a row of the hours around it in earlier weeks."""
    ticks = np.arange(_NOW + span.since + 1, _NOW + span.until + 1)
    base = [ticks - week * _WEEK + offset * _TICKS for week, offset in _GRID]
    return _hour(counts, ticks), np.stack([_hour(counts, at) for at in base], axis=1)


_GRID = [(week, offset) for week in range(1, _WEEKS + 1) for offset in range(-AROUND, AROUND + 1)]
_SAME = [number for number, (_, offset) in enumerate(_GRID) if offset == 0]


def _threshold(counts: Counts, span: Span) -> Holds:
    return _looks(counts, span)[0] >= 20


def _multiple(times: float, at_least: int) -> Method:
    def decide(counts: Counts, span: Span) -> Holds:
        number, base = _looks(counts, span)
        return number >= np.maximum(at_least, times * np.median(base[:, _SAME], axis=1))

    return decide


def _z_score(counts: Counts, span: Span) -> Holds:
    number, base = _looks(counts, span)
    spread = np.maximum(base.std(axis=1, ddof=1), 1.0)
    holds: Holds = np.logical_and(number > base.mean(axis=1) + 3 * spread, number >= _LEAST)
    return holds


def _farrington(counts: Counts, span: Span) -> Holds:
    """As R's `surveillance` computes it by default: quasi-Poisson with a trend, reweighted once.

    Power 2/3 and alpha 0.005 on both sides. A trend that leads beyond the largest count is left out.
    """
    number, base = _looks(counts, span)
    flat = _upper(base, np.zeros(len(_GRID)))[0]
    trended, mean = _upper(base, np.array([-float(week) for week, _ in _GRID]))
    upper = np.where(mean <= base.max(axis=1), trended, flat)
    holds: Holds = np.logical_and(number > upper, np.logical_and(number >= _LEAST, base.sum(axis=1) >= 5))
    return holds


def _upper(base: NDArray[np.float64], x: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """The upper bound of each look and its mean, with a slope along `x`."""
    weights = np.ones_like(base)
    for reweighted in (False, True):
        # A ridge keeps the information of looks invertible in which `x` or all counts are 0.
        a, b = np.log(np.maximum(base.mean(axis=1), 1e-3)), np.zeros(len(base))
        for _ in range(12):
            means = np.exp(np.clip(a[:, None] + b[:, None] * x, -20, 20))
            s0, s1, s2 = ((weights * means * x**power).sum(axis=1) + 1e-9 for power in (0, 1, 2))
            r0, r1 = ((weights * (base - means) * x**power).sum(axis=1) for power in (0, 1))
            determinant = np.maximum(s0 * s2 - s1 * s1, 1e-12)
            a, b = a + (s2 * r0 - s1 * r1) / determinant, b + (s0 * r1 - s1 * r0) / determinant
            a, b = np.clip(a, -20, 20), np.clip(b, -5, 5)
        squares = (weights * (base - means) ** 2 / means).sum(axis=1)
        overdispersion = np.maximum(1.0, squares / (len(_GRID) - 1 - bool(x.any())))
        if not reweighted:
            anscombe = 1.5 * (base ** (2 / 3) * means ** (-1 / 6) - means**0.5)
            residual = anscombe / np.sqrt(overdispersion)[:, None]
            weights = np.where(residual > 1, 1 / np.maximum(residual, 1.0) ** 2, 1.0)
            weights *= len(_GRID) / weights.sum(axis=1, keepdims=True)
    mean = np.exp(a)
    variance = overdispersion * mean + mean**2 * overdispersion * s2 / determinant
    return mean * (1 + 2 / 3 * 2.576 * np.sqrt(variance) / mean) ** 1.5, mean


def _ours(counts: Counts, span: Span) -> Holds:
    """What a rule of kind `unusual` decides, with the budget's share of one of many series."""
    terms = Terms(HOUR, _TICK, _WEEKS, 1.5, _LEAST, fewer=False, false_alarms=1 / SERIES)
    begin = 3_000 * WEEK
    numbers = [(begin + (tick + 1) * _TICK, int(number)) for tick, number in enumerate(counts) if number]
    watched = begin + (_NOW + span.since + 1) * _TICK, begin + (_NOW + span.until) * _TICK
    steps = unusual({"": Counted(numbers, begin)}, terms, watched)[""]
    return np.array([holds for _, holds in steps])


METHODS: dict[str, Method] = {
    "unusual": _ours,
    "multiple_3_from_20": _multiple(3.0, 20),
    "multiple_2_from_10": _multiple(2.0, 10),
    "threshold_20": _threshold,
    "z_score_3": _z_score,
    "farrington": _farrington,
}


class _Outcome(NamedTuple):
    scenario: Scenario
    false_a_week: float
    detected: float
    delays: list[int]


def measure(runs: int = RUNS) -> Report:
    """Watch each scenario for `runs` weeks without a rise, and as many with one."""
    outcomes: dict[str, list[_Outcome]] = {name: [] for name in METHODS}
    for number, scenario in enumerate(_scenarios()):
        draws = np.random.default_rng(number)
        quiet = [_simulated(scenario, draws, rise_at=None) for _ in range(runs)]
        starts = [int(draws.integers(24, 160)) * _TICKS for _ in range(runs)]
        risen = [(_simulated(scenario, draws, rise_at=start), start) for start in starts]
        for name, method in METHODS.items():
            outcomes[name].append(_outcome(scenario, method, quiet, risen))
    figures = {name: _row(found) for name, found in outcomes.items()}
    for level in LEVELS:
        figures[f"unusual_at_{level:g}_an_hour"] = _row(
            one for one in outcomes["unusual"] if one.scenario.level == level
        )
    for factor in OVERDISPERSIONS:
        figures[f"unusual_overdispersed_{factor:g}"] = _row(
            one for one in outcomes["unusual"] if one.scenario.overdispersion == factor
        )
    false, budget = figures["unusual"]["false_a_week"], 1 / SERIES
    notes = [
        f"{len(LEVELS) * len(OVERDISPERSIONS) * 2} scenarios, {runs} weeks each without and with a rise",
        "false_a_week: alarms a week and series without a rise; detected: share of rises to the double for "
        "three hours with an alarm in them; delay_minutes: median from the begin",
        f"the budget of unusual is {budget:.3f} a week and series",
    ]
    # Chance alone may exceed the budget in a few runs.
    weeks = runs * len(outcomes["unusual"])
    allowed = budget + 3 * sqrt(budget / weeks)
    failed = (
        [] if false <= allowed else [f"{false} false alarms a week and series; the budget is {budget:.3f}"]
    )
    return Report("detection", figures, {"budget/false": round(budget / max(false, 1e-4), 2)}, notes, failed)


def _scenarios() -> Iterator[Scenario]:
    for level in LEVELS:
        for overdispersion in OVERDISPERSIONS:
            for course in (False, True):
                yield Scenario(level, overdispersion, course)


def _simulated(scenario: Scenario, draws: np.random.Generator, rise_at: int | None) -> Counts:
    """Counts by tick, of four weeks and the watched one; the ticks of an hour share a random factor."""
    hours = np.arange((_WEEKS + 1) * 168)
    mean = np.full(len(hours), scenario.level)
    if scenario.course:
        mean *= (1 + 0.7 * np.sin(2 * np.pi * (hours % 24 - 8) / 24)) * (1 + 0.1 * hours / 168)
    if scenario.overdispersion > 1:
        shape = mean / (scenario.overdispersion - 1)
        mean = draws.gamma(shape, mean / shape)
    ticks = np.repeat(mean / _TICKS, _TICKS)
    if rise_at is not None:
        ticks[_NOW + rise_at : _NOW + rise_at + _RISE_HOURS * _TICKS] *= 2
    return draws.poisson(ticks)


def _outcome(
    scenario: Scenario, method: Method, quiet: list[Counts], risen: list[tuple[Counts, int]]
) -> _Outcome:
    false = fmean(len(_alarms(method, counts, Span(0, _WEEK))) for counts in quiet)
    delays = []
    for counts, start in risen:
        if alarms := _alarms(method, counts, Span(start, start + _RISE_HOURS * _TICKS)):
            delays.append((alarms[0] - start) * 60 // _TICKS)
    return _Outcome(scenario, false, len(delays) / len(risen), delays)


def _alarms(method: Method, counts: Counts, span: Span) -> list[int]:
    """The ticks of the watched week at which an alarm begins."""
    found: list[int] = []
    last = -_QUIET - 1
    for tick in (np.flatnonzero(method(counts, span)) + span.since + 1).tolist():
        if tick - last > _QUIET:
            found.append(tick)
        last = tick
    return found


def _row(outcomes: Iterable[_Outcome]) -> dict[str, float]:
    of = list(outcomes)
    delays = [delay for one in of for delay in one.delays]
    return {
        "false_a_week": round(fmean(one.false_a_week for one in of), 4),
        "worst_scenario": round(max(one.false_a_week for one in of), 3),
        "detected": round(fmean(one.detected for one in of), 3),
        "delay_minutes": round(median(delays), 1) if delays else float("nan"),
    }
