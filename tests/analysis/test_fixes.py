"""What a change did, in words and in money."""

from math import inf

import numpy as np
import pytest

from touchline.analysis.compare import Counts, compare
from touchline.analysis.fixes import Effect, Price, effects, nothing_to_report, range_of, too_soon
from touchline.analysis.periods import Extent, Period, Periods
from touchline.vocabulary.durations import DAY, WEEK

AT = 1_790_000_000_000
PERIODS = Periods(Period(AT - WEEK, AT), Period(AT, AT + WEEK))
EXTENT = Extent(AT - 60 * DAY, AT + WEEK, {"slow": 55 * DAY})
HERE, THERE = ("web", "shop"), ("app", "shop")
PRICE = {"late": Price(10.0, 8.0, 12.0, "EUR")}

Both = tuple[int, int]


def _effects(
    here: dict[str, Both], there: Both, journeys: Both = (2_000, 2_000), early: str = ""
) -> list[Effect]:
    counts = Counts(
        {HERE: journeys, THERE: (2_000, 2_000)},
        {**{(*HERE, rule): both for rule, both in here.items()}, (*THERE, "late"): there},
    )
    found = compare(PERIODS, counts, EXTENT, "late", HERE)
    assert nothing_to_report(found, HERE) == f"No clear change in any of {len(here)} rules"
    return effects(found, PRICE, HERE, early)


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.4, 0.6, "fell by 40 to 60 %"),
        (0.0, 0.25, "fell by 75 to 100 %"),
        (1.2, 1.8, "rose by 20 to 80 %"),
        (2.1, 3.44, "rose 2.1 to 3.4 times"),
        (1.5, inf, "rose by at least 50 %"),
        (4.0, inf, "rose at least 4.0 times"),
        (0.9, 1.3, "between a fall by 10 % and a rise by 30 %"),
    ],
)
def test_an_interval_is_said_in_words(low: float, high: float, text: str) -> None:
    """A ratio below 1 is a fall; one of 2 or more is so many times."""
    assert range_of(low, high) == text


@pytest.mark.parametrize(
    ("oldest", "end", "text"),
    [
        (AT - 60 * DAY, AT + 2 * DAY, "Too early to say (2 of 7 days)"),
        (AT - 60 * DAY, AT - 1, "Too early to say (0 of 7 days)"),
        (AT - 3 * DAY, AT + 60 * DAY, "No baseline: 3 days of data before the change, 8 are needed"),
        (AT - 8 * DAY, AT + 7 * DAY, ""),
    ],
)
def test_a_verdict_needs_a_week_on_both_sides(oldest: int, end: int, text: str) -> None:
    """Without it, the sentence says what is missing."""
    assert too_soon(AT, oldest, end) == text


def test_a_fall_that_others_do_not_share_is_an_effect() -> None:
    """The change is measured against untouched touchpoints, and what it avoided has a price."""
    [effect] = _effects({"late": (200, 100)}, (300, 300))
    assert (effect.verdict, effect.row.targeted) == ("fell", True)
    assert effect.sentence.startswith("Fell by ")
    assert effect.sentence.endswith(" %, measured against untouched touchpoints")
    assert effect.saved is not None
    assert effect.saved.value == pytest.approx(100 * 10)
    assert effect.saved.low < 1_000 < effect.saved.high


def test_a_fall_that_is_everywhere_is_no_effect() -> None:
    """If it fell elsewhere, too, the change is not said to have done it, and saved nothing for sure."""
    [effect] = _effects({"late": (200, 100)}, (300, 150))
    assert effect.verdict == "chance"
    assert "and elsewhere too: no clear effect" in effect.sentence
    assert effect.saved is not None
    assert effect.saved.value == pytest.approx(0)
    assert effect.saved.low < 0 < effect.saved.high


def test_a_friction_that_is_gone_is_an_effect() -> None:
    """None after the change is the best fix there is: it has an interval, too."""
    [effect] = _effects({"late": (200, 0)}, (300, 300))
    assert effect.verdict == "fell"
    assert effect.saved is not None
    assert effect.saved.low > 1_000


def test_other_rules_are_reported_if_they_changed_clearly() -> None:
    """The rule that a change is meant for is always reported; others at its touchpoint only if clear."""
    found = _effects(
        {"late": (100, 104), "denied": (50, 160), "waits": (50, 52), "slow": (0, 90)}, (300, 300)
    )
    assert [(one.row.rule, one.verdict) for one in found] == [("late", "chance"), ("denied", "rose")]
    assert found[0].sentence == "No clear change"
    assert found[1].saved is None


def test_before_a_week_is_over_nothing_is_said() -> None:
    """The row has its counts, the sentence says how many days are there."""
    [effect] = _effects({"late": (200, 100)}, (300, 300), early="Too early to say (2 of 7 days)")
    assert (effect.verdict, effect.sentence, effect.saved) == (
        "early",
        "Too early to say (2 of 7 days)",
        None,
    )


def test_a_rule_that_looks_back_before_the_data_is_not_compared() -> None:
    """The rule that a change is meant for is reported with the reason."""
    counts = Counts({HERE: (2_000, 2_000)}, {(*HERE, "slow"): (0, 90)})
    [effect] = effects(compare(PERIODS, counts, EXTENT, "slow", HERE), {}, HERE)
    assert effect.verdict == "unknown"
    assert effect.sentence.startswith("Cannot be compared: the data begin")


def test_the_interval_of_the_avoided_loss_holds_the_planted_one() -> None:
    """In at least 93 of 100 simulations, with a trend that all touchpoints share and an uncertain price."""
    held = 0
    for seed in range(100):
        draws = np.random.default_rng(seed)
        before, after = (int(draws.poisson(mean)) for mean in (150, 150 * 1.3 * 0.6))
        there = (int(draws.poisson(400)), int(draws.poisson(400 * 1.3)))
        each = float(draws.normal(10.0, 1.0))
        price = {"late": Price(each, each - 1.96, each + 1.96, "EUR")}
        counts = Counts(
            {HERE: (2_000, 2_000), THERE: (4_000, 4_000)},
            {(*HERE, "late"): (before, after), (*THERE, "late"): there},
        )
        [effect] = effects(compare(PERIODS, counts, EXTENT, "late", HERE), price, HERE)
        assert effect.saved is not None
        held += effect.saved.low <= 150 * 1.3 * 0.4 * 10 <= effect.saved.high
    assert held >= 93
