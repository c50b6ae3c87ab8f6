"""The loss that is associated with a rule's frictions: conversions, money and contacts."""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from touchline.analysis.impact.matching import Matched, match
from touchline.analysis.impact.risk_difference import Cells, RiskDifference, e_value, risk_difference
from touchline.analysis.impact.trials import Mask, Real, Trials

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
        contact_cost: What a contact costs, in the currency of the outcomes; 0 leaves contacts out.
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


@dataclass(frozen=True, slots=True)
class Impact:
    """The associated loss of one rule.

    Attributes:
        exposed: Trials that met the friction, and that the data cover.
        controls: Trials they are compared with.
        matched: The share of the exposed that have a control.
        converted: The share of the exposed that converted, and that of the controls, not adjusted.
        verdict: What can be said.
        missing: For "unknown", why; mostly, what there is too little of.
        difference: The share that converts, exposed minus controls, adjusted; None for "unknown".
        e_value: How strong an unseen cause would have to be (1: any); None for "unknown".
        loss: The money of lost conversions and of contacts together; negative for a gain.
        contacts: Contacts more, for all exposed.
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


def undefined(missing: str) -> Impact:
    """An impact of which nothing can be said, and why."""
    return Impact(0, 0, 0.0, (0.0, 0.0), "unknown", missing)


def estimate(trials: Trials, terms: Terms, seed: int = 0) -> Impact:
    """The associated loss of a rule, from trials at the step where it is met."""
    matched = match(trials, trials.friction, terms.window, terms.follow, seed)
    outcome = _Outcome.of(trials, matched, terms)
    cells = Cells.of(matched.cell, matched.exposed, outcome.converted)
    exposed = int(matched.exposed.sum()) + matched.unmatched
    controls = int((~matched.exposed).sum())
    share = float(matched.exposed.sum()) / exposed if exposed else 0.0
    converted = (_mean(outcome.converted, matched.exposed), _mean(outcome.converted, ~matched.exposed))
    if missing := _missing(exposed, controls, share, outcome.converted):
        return Impact(exposed, controls, share, converted, "unknown", missing)
    difference = risk_difference(cells)
    money, contacts = _money(trials, matched, outcome, terms, exposed, seed)
    clear = difference.is_clear or not money.low <= 0 <= money.high
    verdict: Verdict = "no clear difference"
    if clear:
        verdict = "loss" if money.value > 0 else "gain"
    unconverted = exposed * (1 - converted[0])
    return Impact(
        exposed,
        controls,
        share,
        converted,
        verdict,
        difference=difference,
        e_value=e_value(cells.ratio()) if difference.is_clear else 1.0,
        loss=money,
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
        contacts = np.zeros(len(matched.trial))
        if terms.contact_cost and len(trials.contact):
            contacts = _contacts(trials, matched, end)
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


def _missing(exposed: int, controls: int, share: float, converted: Real) -> str:
    """What there is too little of for an estimate; empty if nothing is."""
    if exposed < FEWEST:
        return f"too few: {exposed} met it, {FEWEST} are needed"
    if controls < FEWEST:
        return f"too few: {controls} to compare with, {FEWEST} are needed"
    if share < LEAST_MATCHED:
        return f"too few: {share:.0%} of those who met it can be compared, {LEAST_MATCHED:.0%} are needed"
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
        contacts = 0.0
        if terms.contact_cost:
            contacts = (
                Cells.of(matched.cell, matched.exposed, outcome.contacts, weight).difference() * exposed
            )
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
    if _missing(exposed, controls, share, outcome.converted):
        return None
    return risk_difference(Cells.of(matched.cell, matched.exposed, outcome.converted))


def _mean(values: Real, chosen: Mask) -> float:
    return float(values[chosen].mean()) if chosen.any() else 0.0


def _mean_value(value: Real, converted: Real, weight: Real) -> float:
    """The mean value of those who converted."""
    number = float((converted * weight).sum())
    return float((value * weight).sum()) / number if number else 0.0
