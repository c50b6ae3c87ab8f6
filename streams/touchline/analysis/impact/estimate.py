"""The loss that is associated with a rule's frictions: conversions, money and contacts."""

from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np

from touchline.analysis.impact.matching import Matched, match
from touchline.analysis.impact.risk_difference import Cells, RiskDifference, e_value, risk_difference
from touchline.analysis.impact.trials import Mask, Real, Trials
from touchline.vocabulary.durations import exact_duration

FEWEST: Final = 30
"""The fewest exposed trials, and the fewest controls."""

FEWEST_OUTCOMES: Final = 5
"""The fewest that converted, and the fewest that did not, of the exposed and the controls together."""

LEAST_MATCHED: Final = 0.8
"""The least share of exposed trials that have a control."""

REPLICATES: Final = 400
"""Samples of customers from which the intervals of money are taken."""

Verdict = Literal["unknown", "loss", "gain", "no clear difference"]


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked.

    Args:
        window: How long after the step the friction counts, ms.
        follow: How long after the friction an outcome counts, ms.
        contact_cost: What a contact costs, in the currency of the outcomes.
    """

    window: float
    follow: float
    contact_cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Interval:
    """A value and its 95 % interval."""

    value: float
    low: float
    high: float

    def times(self, factor: int) -> "Interval":
        """The interval of so many times the value."""
        return Interval(factor * self.value, factor * self.low, factor * self.high)


@dataclass(frozen=True, slots=True)
class Impact:
    """The associated loss of one rule.

    Attributes:
        exposed: Trials that met the friction, and that the data cover.
        controls: Trials they are compared with.
        matched: The share of the exposed that have a control.
        converted: The share of the exposed that converted, and that of the controls, not adjusted.
        verdict: What can be said: of money where conversions have a value, else of conversions.
        missing: Why `verdict` or `loss` is not known; mostly, what there is too little of.
        difference: The share that converts, exposed minus controls, adjusted; None for "unknown".
        e_value: How strong an unseen cause would have to be (1: any); None for "unknown".
        loss: The money of lost conversions and of contacts together; negative for a gain. None for "unknown",
            and where neither conversions nor contacts have a price.
        contacts: Contacts more, for all exposed. Known where enough are compared, whatever the outcomes.
        at_risk: The value of all exposed that did not convert: more than that cannot be lost.
        placebo: The difference before the friction, of those who meet it later. It should be about 0.
    """

    exposed: int
    controls: int
    matched: float
    converted: tuple[float, float]
    verdict: Verdict
    missing: str = ""
    difference: RiskDifference | None = None
    e_value: float | None = None
    loss: Interval | None = None
    contacts: Interval | None = None
    at_risk: float = 0.0
    placebo: RiskDifference | None = None

    @property
    def placebo_fails(self) -> bool:
        """Whether those who meet the friction differed before it: then the loss is not to be trusted."""
        return self.placebo is not None and self.placebo.is_clear

    def scaled(self, factor: int) -> "Impact":
        """The impact on so many times as many customers, of whom these are a sample by chance."""
        return replace(
            self,
            exposed=factor * self.exposed,
            controls=factor * self.controls,
            loss=self.loss and self.loss.times(factor),
            contacts=self.contacts and self.contacts.times(factor),
            at_risk=factor * self.at_risk,
        )


def undefined(missing: str) -> Impact:
    """An impact of which nothing can be said, and why."""
    return Impact(0, 0, 0.0, (0.0, 0.0), "unknown", missing)


def without_figure(found: Impact, missing: str) -> Impact:
    """An impact of whose outcome nothing can be said, and why; its counts and contacts stay."""
    return Impact(
        found.exposed,
        found.controls,
        found.matched,
        found.converted,
        "unknown",
        missing,
        contacts=found.contacts,
    )


def estimate(trials: Trials, terms: Terms, seed: int = 0) -> Impact:
    """The associated loss of a rule, from trials at the step where it is met."""
    matched = match(trials, trials.friction, terms.window, terms.follow, seed)
    outcome = _Outcome.of(trials, matched, terms)
    cells = Cells.of(matched.cell, matched.exposed, outcome.converted)
    exposed = int(matched.exposed.sum()) + matched.unmatched
    controls = int((~matched.exposed).sum())
    share = float(matched.exposed.sum()) / exposed if exposed else 0.0
    converted = (_mean(outcome.converted, matched.exposed), _mean(outcome.converted, ~matched.exposed))
    missing = _too_few_met(exposed, matched.unfollowed, terms) or _too_few_matched(controls, share)
    if missing:
        return Impact(exposed, controls, share, converted, "unknown", missing)
    money, contacts = _money(trials, matched, outcome, terms, exposed, seed)
    if missing := _too_few_outcomes(outcome.converted):
        return Impact(exposed, controls, share, converted, "unknown", missing, contacts=contacts)
    difference = risk_difference(cells)
    has_value = bool(outcome.value.any())
    if not has_value and not terms.contact_cost:
        missing = "conversions have no value"
    unconverted = exposed * (1 - converted[0])
    return Impact(
        exposed,
        controls,
        share,
        converted,
        _verdict(difference, money, has_value),
        missing,
        difference=difference,
        e_value=e_value(cells.ratio()) if difference.is_clear else 1.0,
        loss=None if missing else money,
        contacts=contacts,
        at_risk=unconverted * _mean_value(outcome.value, outcome.converted, np.ones(len(outcome.value))),
        placebo=_placebo(trials, terms, seed),
    )


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of each matched trial after its landmark."""

    converted: Real
    value: Real
    contacts: Real

    @classmethod
    def of(cls, trials: Trials, matched: Matched, terms: Terms) -> "_Outcome":
        end = matched.landmark + terms.follow
        converted = (trials.outcome[matched.trial] <= end).astype(np.float64)
        contacts = _contacts(trials, matched, end) if len(trials.contact) else np.zeros(len(end))
        return cls(converted, converted * trials.value[matched.trial], contacts)


def _contacts(trials: Trials, matched: Matched, end: Real) -> Real:
    """How often each matched trial's customer made contact between its landmark and `end`."""
    counts = np.zeros(len(matched.trial))
    # A trial may be a control, and exposed later: its contacts count for both rows.
    for rows in (np.flatnonzero(matched.exposed), np.flatnonzero(~matched.exposed)):
        row_of = np.full(len(trials), -1)
        row_of[matched.trial[rows]] = rows
        row = row_of[trials.contact_trial]
        inside = row >= 0
        row, at = row[inside], trials.contact[inside]
        counted = (at > matched.landmark[row]) & (at <= end[row])
        counts += np.bincount(row[counted], minlength=len(counts))
    return counts


def _verdict(difference: RiskDifference, money: Interval, has_value: bool) -> Verdict:
    """What can be said. Without values, money is that of contacts alone, and conversions decide first."""
    if difference.is_clear and not has_value:
        return "loss" if difference.value < 0 else "gain"
    if difference.is_clear or not money.low <= 0 <= money.high:
        return "loss" if money.value > 0 else "gain"
    return "no clear difference"


def _too_few_met(exposed: int, unfollowed: int, terms: Terms) -> str:
    """Why too few who met the friction are known; empty if enough are."""
    met = exposed + unfollowed
    if exposed >= FEWEST:
        return ""
    if unfollowed:
        return (
            f"{'too early' if met >= FEWEST else 'too few'}: {exposed} of {met} who met it could be followed "
            f"for {exact_duration(int(terms.follow))}, {FEWEST} are needed"
        )
    window = exact_duration(int(terms.window))
    return f"too few: {exposed} met it within {window} of its step, before the outcome; {FEWEST} are needed"


def _too_few_matched(controls: int, share: float) -> str:
    """Why too few can be compared; empty if enough can."""
    if controls < FEWEST:
        return f"too few: {controls} to compare with, {FEWEST} are needed"
    if share < LEAST_MATCHED:
        return f"too few: {share:.0%} of those who met it can be compared, {LEAST_MATCHED:.0%} are needed"
    return ""


def _too_few_outcomes(converted: Real) -> str:
    """Which outcome too few have; empty if none."""
    yes = int(converted.sum())
    for count, what in ((yes, "converted"), (len(converted) - yes, "did not convert")):
        if count < FEWEST_OUTCOMES:
            return f"too few: {count} of all {what}, {FEWEST_OUTCOMES} are needed"
    return ""


def _money(
    trials: Trials, matched: Matched, outcome: _Outcome, terms: Terms, exposed: int, seed: int
) -> tuple[Interval, Interval]:
    """The loss of money, and the contacts more, each with an interval from samples of customers."""

    def once(weight: Real) -> tuple[float, float]:
        converted = Cells.of(matched.cell, matched.exposed, outcome.converted, weight)
        worth = _mean_value(outcome.value, outcome.converted, weight)
        contacts = Cells.of(matched.cell, matched.exposed, outcome.contacts, weight).difference() * exposed
        return -converted.difference() * exposed * worth + contacts * terms.contact_cost, contacts

    draws = np.random.default_rng(seed + 1)
    customers, customer = np.unique(trials.customer[matched.trial], return_inverse=True)
    loss, contacts = once(np.ones(len(matched.trial)))
    samples = []
    for _ in range(REPLICATES):
        # Each customer is drawn about once: a sample with replacement, by Poisson counts.
        weight = draws.poisson(1.0, len(customers)).astype(np.float64)[customer]
        samples.append(once(weight))
    low, high = np.nanpercentile(np.array(samples), [2.5, 97.5], axis=0)
    return Interval(loss, float(low[0]), float(high[0])), Interval(contacts, float(low[1]), float(high[1]))


def _placebo(trials: Trials, terms: Terms, seed: int) -> RiskDifference | None:
    """The difference of an outcome that came *before* the friction; None if too few meet it later.

    Exposed are those who did not meet the friction in its window but in another one after the outcomes.
    """
    before = terms.window + terms.follow
    chosen = (trials.friction >= terms.window) & (trials.followed >= before + terms.window)
    later = np.where(chosen, trials.later_friction - before, np.nan)
    friction = np.where((later >= 0) & (later < terms.window), later, np.inf)
    unseen = np.where(chosen, trials.followed, -np.inf)
    matched = match(
        Trials(
            trials.customer,
            trials.stratum,
            friction,
            trials.outcome,
            trials.value,
            unseen,
            trials.later_friction,
            trials.contact_trial,
            trials.contact,
        ),
        friction,
        terms.window,
        terms.follow,
        seed,
    )
    outcome = _Outcome.of(trials, matched, Terms(terms.window, terms.follow))
    exposed = int(matched.exposed.sum()) + matched.unmatched
    share = float(matched.exposed.sum()) / exposed if exposed else 0.0
    controls = int((~matched.exposed).sum())
    if exposed < FEWEST or _too_few_matched(controls, share) or _too_few_outcomes(outcome.converted):
        return None
    return risk_difference(Cells.of(matched.cell, matched.exposed, outcome.converted))


def _mean(values: Real, chosen: Mask) -> float:
    return float(values[chosen].mean()) if chosen.any() else 0.0


def _mean_value(value: Real, converted: Real, weight: Real) -> float:
    """The mean value of those who converted."""
    number = float((converted * weight).sum())
    return float((value * weight).sum()) / number if number else 0.0
