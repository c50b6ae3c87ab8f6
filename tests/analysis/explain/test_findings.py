"""What distinguishes the affected, in simulations with a planted cause, and without one."""

from math import inf

import numpy as np
import pytest
from benchmarks.support.planted_causes import CAUSE, simulate

from touchline.analysis.explain.association import association, discoveries
from touchline.analysis.explain.attributes import Sightings, had_before
from touchline.analysis.explain.explanation import (
    Association,
    Attribute,
    Explanation,
    Finding,
    named,
    sentence,
    shares,
)
from touchline.analysis.explain.findings import explain, find
from touchline.analysis.impact.matching import Matched
from touchline.analysis.impact.risk_difference import Cells
from touchline.analysis.impact.trials import NEVER, Trials


def test_a_planted_cause_comes_first() -> None:
    """In each of 40 simulations the cause is the first finding, with about the planted lift."""
    first = [find(*simulate(seed, cause=True))[0] for seed in range(40)]
    assert {one.attribute for one in first} == {CAUSE}
    # A risk of 0.32 against one of 0.08 is a ratio of rates of 4.6.
    assert sum(one.association.low < 4.6 < one.association.high for one in first) >= 36


def test_without_a_cause_hardly_anything_is_named() -> None:
    """Of 100 simulations without a cause, at most five name one."""
    assert sum(bool(find(*simulate(seed, cause=False))) for seed in range(100)) <= 5


def test_what_defines_the_friction_is_left_out() -> None:
    """A field of the rule is no finding, however much it goes with the friction."""
    assert find(*simulate(1, cause=True), left_out={"data.method"}) == []


def test_attributes_of_the_same_customers_are_one_finding() -> None:
    """Two fields that say the same are named together."""
    sightings, matched = simulate(1, cause=True)
    cause = sightings.attributes.index(CAUSE)
    chosen = sightings.attribute == cause
    twice = Sightings(
        [*sightings.attributes, Attribute("data.provider", "acme")],
        np.concatenate([sightings.trial, sightings.trial[chosen]]),
        np.concatenate([sightings.attribute, np.full(int(chosen.sum()), len(sightings.attributes))]),
        np.concatenate([sightings.after, sightings.after[chosen]]),
    )
    (found,) = find(twice, matched)
    assert (found.attribute, found.also) == (CAUSE, (Attribute("data.provider", "acme"),))


@pytest.mark.parametrize("cause", [False, True])
def test_what_goes_with_getting_far_is_no_finding(cause: bool) -> None:
    """A third reach the payment step, where all payments fail or those of one method: the others are none."""
    draws = np.random.default_rng(4)
    size = 6_000
    reached = draws.random(size) < 0.33
    method = np.where(reached, draws.integers(0, 3, size), -1)
    risk = np.where(reached, np.where(cause, np.where(method == 1, 0.6, 0.05), 0.3), 0)
    exposed = draws.random(size) < risk
    attributes = [Attribute("data.step", "payment"), *(Attribute("data.method", str(n)) for n in range(3))]
    has = [np.flatnonzero(reached), *(np.flatnonzero(method == n) for n in range(3))]
    trial = np.concatenate(has)
    index = np.repeat(np.arange(4), [len(one) for one in has])
    sightings = Sightings(attributes, trial, index, np.full(len(trial), -1.0))
    matched = Matched(np.arange(size), exposed, np.zeros(size), np.zeros(size, dtype=np.int64), 0)
    found = [one.attribute for one in find(sightings, matched)]
    assert found == ([CAUSE] if cause else []) + [attributes[0]]


def _compared(affected: int, others: int) -> Explanation:
    """What is said of so many affected and others, of whom the affected alone have the cause."""
    size = affected + others
    friction = np.where(np.arange(size) < affected, 5.0, NEVER)
    nothing = np.zeros(size, dtype=np.int64)
    trials = Trials(
        customer=np.arange(size),
        stratum=nothing,
        friction=friction,
        outcome=np.full(size, NEVER),
        value=nothing.astype(np.float64),
        followed=np.full(size, 100.0),
        later_friction=np.full(size, NEVER),
        contact_trial=np.zeros(0, dtype=np.int64),
        contact=np.zeros(0),
    )
    have = np.arange(affected)
    sightings = Sightings([CAUSE], have, np.zeros(affected, dtype=np.int64), np.full(affected, -1.0))
    return explain(trials, sightings, 10.0, step="had contact queued")


def test_few_others_name_nothing() -> None:
    """With nine others there is too little to say, and the verdict says whom it looked for."""
    few = _compared(30, 9)
    assert few.findings == ()
    assert few.verdict == ("Too few to say: there are 9 others who also had contact queued; 10 are needed.")
    enough = _compared(30, 10)
    assert [one.attribute for one in enough.findings] == [CAUSE]
    assert enough.compared == "10 others who also had contact queued"


def test_the_affected_are_no_others() -> None:
    """Customers who meet the friction later are compared until then, and are not counted as others."""
    trials = np.array([*range(20), *range(5), *range(20, 60)])
    matched = Matched(trials, np.arange(65) < 20, np.zeros(65), np.zeros(65, dtype=np.int64), unmatched=0)
    have = np.arange(20)
    sightings = Sightings([CAUSE], have, np.zeros(20, dtype=np.int64), np.full(20, -1.0))
    [found] = find(sightings, matched)
    assert (found.share, found.share_of_others) == (1.0, 0.0)
    assert found.association.excess == pytest.approx(20 - 20 * 25 / 65)


@pytest.mark.parametrize("at_step", [False, True])
def test_what_nearly_all_have_leads_where_all_came_as_far(at_step: bool) -> None:
    """A method that fails for nearly all goes before a release that fails for many, if all came to pay."""
    draws = np.random.default_rng(3)
    size = 8_000
    method, release = draws.random(size) < 0.3, draws.random(size) < 0.5
    exposed = draws.random(size) < np.where(method, np.where(release, 0.5, 0.2), 0.002)
    attributes = [CAUSE, Attribute("context.release", "8.4")]
    trial = np.concatenate([np.flatnonzero(method), np.flatnonzero(release)])
    index = np.repeat([0, 1], [int(method.sum()), int(release.sum())])
    sightings = Sightings(attributes, trial, index, np.full(len(trial), -1.0))
    matched = Matched(np.arange(size), exposed, np.zeros(size), np.zeros(size, dtype=np.int64), 0)
    found = [one.attribute for one in find(sightings, matched, at_step=at_step)]
    assert found == (attributes if at_step else attributes[::-1])


def test_being_seen_before_is_no_finding() -> None:
    """What every event has, such as the only shop, does not distinguish those who came before."""
    draws = np.random.default_rng(4)
    size = 6_000
    came_before = draws.random(size) < 0.5
    exposed = draws.random(size) < np.where(came_before, 0.4, 0.1)
    before = np.flatnonzero(came_before)
    attributes = [Attribute("channel", "web"), Attribute("source", "shop")]
    sightings = Sightings(
        attributes, np.tile(before, 2), np.repeat([0, 1], len(before)), np.full(2 * len(before), -1.0)
    )
    matched = Matched(np.arange(size), exposed, np.zeros(size), np.zeros(size, dtype=np.int64), 0)
    assert find(sightings, matched) == []


@pytest.mark.parametrize(
    ("affected", "lift", "words"),
    [
        (48, 3.1, "3.1 times as frequent (2.0–4.0) with method 1: 48 of 61 customers"),
        (61, inf, "always with method 1: 61 of 61 customers"),
        (48, inf, "among the affected alone: method 1: 48 of 61 customers"),
    ],
)
def test_a_finding_without_a_ratio_is_said_in_words(affected: int, lift: float, words: str) -> None:
    """Where the ratio has no end, the sentence says why, and gives the counts."""
    found = Finding(CAUSE, affected, affected / 61, 0.1, Association(9.0, lift, 2.0, 4.0, 0.001))
    assert sentence(found, 61) == words
    assert shares(found).endswith(" % of the affected, 10 % of the others; about 9 customers in excess")


def test_values_have_their_plain_names() -> None:
    """A channel, a language or a kind of score is named as on every page; other values are as stored."""
    attributes = [
        Attribute("channel", "email"),
        Attribute("data.metric", "nps"),
        Attribute("context.language", "nl"),
        Attribute("source", "email"),
        Attribute("data.channel_hint", "email"),
    ]
    assert [named(attribute) for attribute in attributes] == [
        "channel E-mail",
        "metric Net promoter score",
        "language Dutch",
        "source email",
        "channel hint email",
    ]


def test_few_affected_name_nothing() -> None:
    """With few customers there is too little to say, whatever they have in common."""
    assert find(*simulate(3, cause=True, size=60)) == []


def _found(have: int, affected_have: int, others: int, affected_others: int) -> list[str]:
    """The values that are found: so many trials have the one attribute, and so many of them are affected."""
    counts = (affected_have, have - affected_have, affected_others, others - affected_others)
    has, exposed = (np.repeat(flags, counts) for flags in ([1, 1, 0, 0], [True, False, True, False]))
    rows = np.arange(len(has))
    sightings = Sightings([CAUSE], rows[has == 1], np.zeros(have, dtype=np.int64), np.full(have, -1.0))
    zeros = np.zeros(len(has))
    matched = Matched(rows, exposed.astype(bool), zeros, zeros.astype(np.int64), 0)
    return [one.attribute.value for one in find(sightings, matched)]


def test_a_small_difference_is_no_finding() -> None:
    """However sure it is, a friction that is 1.1 times as frequent with the attribute is not named."""
    assert _found(40_000, 4_400, 40_000, 4_000) == []
    assert _found(40_000, 6_000, 40_000, 4_000) == [CAUSE.value]


def test_few_of_the_affected_are_no_finding() -> None:
    """An attribute of nine affected customers, or of less than 5 % of them, is not named."""
    assert _found(9, 9, 900, 90) == []
    assert _found(12, 12, 900, 90) == [CAUSE.value]
    assert _found(12, 12, 9_000, 900) == []


def test_the_test_is_corrected_for_continuity() -> None:
    """Five of ten against one of ten: chi-squared is 1.5² / 1.105, by hand."""
    found = association(Cells(*(np.array([one], dtype=np.float64) for one in (10, 5, 10, 1))))
    assert found.p == pytest.approx(0.1536, abs=0.0005)


def test_only_what_came_before_counts() -> None:
    """An attribute counts for a trial whose landmark is later than its first sighting."""
    sightings = Sightings([CAUSE], np.array([0, 0, 1]), np.array([0, 0, 0]), np.array([50.0, 10.0, 30.0]))
    had = had_before(sightings, 0, np.array([0, 0, 1, 2]), np.array([10.0, 11.0, 31.0, 99.0]))
    assert had.tolist() == [False, True, True, False]


def test_an_association_within_strata_is_tested() -> None:
    """What goes with the friction only because it goes with the stratum is no association."""
    counts = ((900, 100), (450, 10), (100, 900), (50, 90))
    found = association(Cells(*(np.array(pair, dtype=np.float64) for pair in counts)))
    assert found.p > 0.5
    assert found.low < 1 < found.high
    strong = association(Cells(*(np.array([one], dtype=np.float64) for one in (100, 40, 100, 10))))
    assert strong.p < 0.001
    assert (strong.excess, strong.lift) == pytest.approx((15, 6))


@pytest.mark.parametrize(
    ("p_values", "found"),
    [
        ([], []),
        ([0.04], [True]),
        ([0.04, 0.9], [False, False]),
        ([0.001, 0.04, 0.02], [True, True, True]),
        ([0.03, 0.9, 0.001, 0.9], [False, False, True, False]),
    ],
)
def test_the_more_is_tested_the_less_is_found(p_values: list[float], found: list[bool]) -> None:
    """Benjamini and Hochberg's procedure: the largest k whose k-th p-value is within its share."""
    assert discoveries(p_values) == found
