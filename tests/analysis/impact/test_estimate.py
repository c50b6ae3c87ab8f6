"""Associated losses of simulated frictions with a planted effect."""

from dataclasses import replace
from math import inf

import numpy as np
import pytest
from benchmarks.support.planted_effects import DAY, FOLLOW, WINDOW, Plan, simulate

from touchline.analysis.impact.estimate import Terms, estimate, without_figure
from touchline.analysis.impact.matching import match
from touchline.analysis.impact.risk_difference import Cells, RiskDifference, e_value, risk_difference
from touchline.analysis.impact.trials import NEVER, Trials, first_after

TERMS = Terms(WINDOW, FOLLOW, contact_cost=6.0)

PLANS = {
    "none": Plan(0.0),
    "small": Plan(0.2),
    "large": Plan(0.6),
    "none, on the channel that converts less": Plan(0.0, by_channel=True),
    "none, among loyal customers": Plan(0.0, by_loyalty=True),
    "small, on that channel and among them": Plan(0.3, by_channel=True, by_loyalty=True),
}


def _found(trials: Trials, seed: int = 0) -> RiskDifference:
    matched = match(trials, trials.friction, WINDOW, FOLLOW, seed)
    converted = (trials.outcome[matched.trial] <= matched.landmark + FOLLOW).astype(np.float64)
    return risk_difference(Cells.of(matched.cell, matched.exposed, converted))


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS.keys())
def test_the_interval_holds_the_planted_effect(plan: Plan) -> None:
    """In at least 93 of 100 simulations, whatever the size of the effect and what it is confounded with."""
    runs = [simulate(plan, 10_000, seed) for seed in range(100)]
    planted = float(np.mean([effect for _, effect in runs]))
    found = [_found(trials) for trials, _ in runs]
    assert sum(one.low <= planted <= one.high for one in found) >= 93
    assert abs(float(np.mean([one.value for one in found])) - planted) < 0.01


def test_waiting_does_not_count_as_an_effect() -> None:
    """Who meets a friction has not converted until then; compared with everybody, that would be a loss."""
    trials, _ = simulate(Plan(0.0), 20_000, 1)
    met = (trials.friction < trials.outcome) & (trials.friction < WINDOW)
    converted = trials.outcome < NEVER
    assert converted[met].mean() - converted[~met].mean() < -0.05
    assert abs(_found(trials).value) < 0.03


def test_money_and_contacts_are_those_of_the_lost_customers() -> None:
    """The intervals hold lost conversions times their mean value, and the contacts that were planted."""
    trials, effect = simulate(Plan(0.5, contacts=0.3), 20_000, 3)
    found = estimate(trials, TERMS)
    assert found.verdict == "loss"
    assert found.loss is not None
    assert found.contacts is not None
    assert found.contacts.low < 0.3 * found.exposed < found.contacts.high
    orders = -effect * found.exposed * 80
    assert found.loss.low < orders + 0.3 * found.exposed * TERMS.contact_cost < found.loss.high
    assert found.loss.value < found.at_risk
    assert not found.placebo_fails


def test_the_cost_of_contacts_is_part_of_the_loss() -> None:
    """With a price, the loss grows by the price of the contacts more, and by nothing else."""
    trials, _ = simulate(Plan(0.5, contacts=0.3), 6_000, 3)
    priced, free = (estimate(trials, replace(TERMS, contact_cost=cost)) for cost in (6.0, 0.0))
    assert priced.loss is not None
    assert free.loss is not None
    assert priced.contacts is not None
    assert priced.loss.value - free.loss.value == pytest.approx(6 * priced.contacts.value)
    assert priced.contacts.value > 0


@pytest.mark.parametrize("cost", [0.0, 6.0])
def test_conversions_without_a_value_have_no_money(cost: float) -> None:
    """Fewer conversions are a loss although nobody knows their worth; only contacts have a price."""
    trials, _ = simulate(Plan(0.5), 6_000, 3)
    free = replace(trials, value=np.zeros(len(trials)))
    found = estimate(free, replace(TERMS, contact_cost=cost))
    assert found.verdict == "loss"
    assert (found.loss is None) == (cost == 0)
    assert found.missing == ("" if cost else "conversions have no value")
    met = free.friction < WINDOW
    mostly = np.where(np.arange(len(free)) % 4 == 0, WINDOW + DAY, NEVER)
    more = replace(free, outcome=np.where(met, free.friction + DAY, mostly))
    assert estimate(more, replace(TERMS, contact_cost=cost)).verdict == "gain"


def test_contacts_are_known_without_outcomes() -> None:
    """Where nobody converts, the contacts that were planted on most are still said, and no loss is."""
    trials, _ = simulate(Plan(0.5, contacts=0.3), 20_000, 3)
    found = estimate(replace(trials, outcome=np.full(len(trials), NEVER)), TERMS)
    assert (found.verdict, found.loss) == ("unknown", None)
    assert found.contacts is not None
    assert found.contacts.low > 0.2 * found.exposed
    other = without_figure(found, "another reason")
    assert (other.exposed, other.contacts, other.missing) == (found.exposed, found.contacts, "another reason")


def test_busy_customers_are_compared_with_busy_ones() -> None:
    """A friction that is met on any contact and brings none seems to bring hardly any."""
    draws = np.random.default_rng(2)
    size = 20_000
    calls = draws.poisson(np.where(draws.random(size) < 0.1, 6.0, 0.5))
    trial = np.repeat(np.arange(size), calls)
    at = draws.random(len(trial)) * FOLLOW
    gives_up = (draws.random(len(trial)) < 0.3) & (at < WINDOW)
    friction = np.where(draws.random(size) < 0.1, 60_000.0, NEVER)
    np.minimum.at(friction, trial[gives_up], at[gives_up] + 60_000)
    never = np.full(size, NEVER)
    zeros = np.zeros(size)
    trials = Trials(np.arange(size), zeros.astype(np.int64), friction, never, zeros, never, never, trial, at)
    found = estimate(trials, TERMS)
    assert found.contacts is not None
    met = friction < WINDOW
    naive = (calls[met].mean() - calls[~met].mean()) * met.sum()
    assert abs(found.contacts.value) < naive / 4


def test_those_without_their_like_are_no_figure() -> None:
    """Where a third of the affected are in strata without controls, nothing is said."""
    trials, _ = simulate(Plan(0.5), 20_000, 3)
    met = np.flatnonzero((trials.friction < trials.outcome) & (trials.friction < WINDOW))
    stratum = trials.stratum.copy()
    stratum[met[::3]] = 100 + np.arange(len(met[::3]))
    found = estimate(replace(trials, stratum=stratum), TERMS)
    assert found.verdict == "unknown"
    assert found.missing == "too few: 67% of those who met it can be compared, 80% are needed"


def test_no_effect_is_no_loss() -> None:
    """Without an effect, at most one run in ten shows a loss or a gain, and few fail the placebo."""
    found = [estimate(simulate(Plan(0.0), 6_000, seed)[0], TERMS) for seed in range(20)]
    assert sum(one.verdict in ("loss", "gain") for one in found) <= 2
    assert sum(one.placebo_fails for one in found) <= 3


def test_those_who_differ_before_the_friction_fail_the_placebo() -> None:
    """Where customers who will meet the friction convert less already, the placebo shows it."""
    trials, _ = simulate(Plan(0.0), 20_000, 5)
    bound_to_meet = np.arange(len(trials)) % 4 == 0
    later = np.where(bound_to_meet, WINDOW + FOLLOW + DAY / 24, NEVER)
    found = estimate(
        replace(trials, later_friction=later, outcome=np.where(bound_to_meet, NEVER, trials.outcome)), TERMS
    )
    assert found.placebo_fails


@pytest.mark.parametrize(
    ("size", "change", "missing"),
    [
        (200, {}, "met it within 1d of its step, before the outcome; 30 are needed"),
        (10_000, {"outcome": lambda one: np.full(len(one), NEVER)}, "0 of all converted"),
        (
            10_000,
            {"followed": lambda one: np.full(len(one), FOLLOW - 1)},
            "0 of 544 who met it could be followed for 7d",
        ),
        (0, {}, "0 met it within 1d of its step, before the outcome; 30 are needed"),
    ],
)
def test_too_few_are_no_figure(size: int, change: dict[str, object], missing: str) -> None:
    """With too few trials, outcomes or days, nothing is said but what is missing."""
    trials, _ = simulate(Plan(0.5), max(size, 200), 1)
    if size == 0:
        trials = Trials(*(column[:0] for column in _columns(trials)))
    changed = {name: make(trials) for name, make in change.items()}  # type: ignore[operator]
    found = estimate(replace(trials, **changed), TERMS)
    assert (found.verdict, found.loss, found.difference) == ("unknown", None, None)
    assert missing in found.missing


def _columns(trials: Trials) -> list[np.ndarray]:
    return [getattr(trials, name) for name in Trials.__slots__]


def test_one_stratum_gives_the_plain_difference() -> None:
    """With one large stratum, difference, interval and ratio are those of the textbook."""
    cells = Cells(*(np.array([number], dtype=np.float64) for number in (1000, 200, 4000, 1200)))
    found = risk_difference(cells)
    spread = 1.96 * (0.2 * 0.8 / 1000 + 0.3 * 0.7 / 4000) ** 0.5
    assert found.value == pytest.approx(-0.1)
    assert (found.low, found.high) == pytest.approx((-0.1 - spread, -0.1 + spread), abs=0.001)
    assert cells.ratio() == pytest.approx(2 / 3)


def test_the_difference_is_taken_within_strata() -> None:
    """Two strata without a difference have none together, however unequal they are."""
    cells = Cells(
        *(np.array(pair, dtype=np.float64) for pair in ((900, 100), (90, 50), (100, 900), (10, 450)))
    )
    assert risk_difference(cells).value == pytest.approx(0)
    assert risk_difference(cells).low < 0 < risk_difference(cells).high


@pytest.mark.parametrize(("ratio", "expected"), [(1.0, 1.0), (2.0, 3.414), (0.5, 3.414), (0.0, inf)])
def test_an_e_value_is_the_strength_of_an_unseen_cause(ratio: float, expected: float) -> None:
    """A ratio and its inverse need the same cause; none needs none."""
    assert e_value(ratio) == pytest.approx(expected, abs=0.001)


def test_the_first_time_after_another_is_found() -> None:
    """Times of other keys, and earlier ones, are passed over."""
    keys, times = np.array([0, 0, 0, 2, 2]), np.array([5, 9, 9, 1, 7])
    of, since = np.array([0, 0, 0, 1, 2, 2, 3]), np.array([4, 5, 9, 0, 0, 7, 0])
    assert first_after(keys, times, of, since).tolist() == [0, 1, -1, -1, 3, -1, -1]
    assert first_after(keys[:0], times[:0], of, since).tolist() == [-1] * 7


def test_times_of_many_years_and_many_customers_are_found() -> None:
    """A long span drops nothing: positions are those of a plain search of pairs."""
    draws = np.random.default_rng(6)
    year, size = 365 * DAY, 400
    rows = sorted(
        zip(
            (draws.integers(0, 60, size) * 10_000_019).tolist(),
            draws.integers(0, int(30 * year), size).tolist(),
            strict=True,
        )
    )
    keys, times = (np.array(column) for column in zip(*rows, strict=True))
    of, at = draws.integers(0, 62, size) * 10_000_019, draws.integers(0, int(32 * year), size)
    found = first_after(keys, times, of, at)
    for one, since, index in zip(of.tolist(), at.tolist(), found.tolist(), strict=True):
        later = [place for place, (key, time) in enumerate(rows) if key == one and time > since]
        assert index == (later[0] if later else -1)
