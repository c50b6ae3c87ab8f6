"""Findings: attributes that the affected have too often to be chance, ranked by customers in excess."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from touchline.analysis.explain.association import association, discoveries
from touchline.analysis.explain.attributes import Sightings, had_before
from touchline.analysis.explain.explanation import Association, Attribute, Explanation, Finding
from touchline.analysis.impact.matching import Matched, match
from touchline.analysis.impact.risk_difference import Cells
from touchline.analysis.impact.trials import Mask, Trials

FEWEST: Final = 10
"""The fewest affected customers with an attribute."""

LEAST_SHARE: Final = 0.05
"""The least share of the affected that have it."""

LEAST_LIFT: Final = 1.2
"""The least ratio of rates: a smaller one helps nobody, however sure it is."""

ALL: Final = 0.98
"""What a larger share of the affected and of the others have distinguishes nobody."""

ALIKE: Final = 0.9
"""Attributes that this share of the affected, and of the others, have or lack together are one finding."""

NEARLY_ALL: Final = 0.95
"""What so large a share of the affected have may only say how far they got, such as to the payment step."""


IN_EVERY_EVENT: Final = "channel"
"""The field that every event has."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    attribute: Attribute
    has: Mask
    association: Association


def explain(
    trials: Trials,
    sightings: Sightings,
    window: float,
    left_out: Collection[str] = (),
    step: str = "",
    *,
    at_step: bool = False,
) -> Explanation:
    """What distinguishes the trials that meet the friction within `window` (ms) from those that could have.

    Args:
        trials: Those who took the step, and when they met the friction.
        sightings: Who had which attribute, and when.
        window: How long after the step a friction counts, ms.
        left_out: Fields that define the friction: that these go with it says nothing.
        step: What all trials did, in words.
        at_step: As for `find`.
    """
    matched = match(trials, trials.friction, window, 0.0)
    affected, others = int(matched.exposed.sum()), int(_others(matched).sum())
    if affected < FEWEST:
        known = affected + matched.unmatched
        missing = f"{known:,} affected, {affected:,} of them with others to compare; {FEWEST} are needed"
        return Explanation(affected, others, missing=missing, step=step)
    if others < FEWEST:
        compared = Explanation(affected, others, step=step).compared
        missing = f"there {'is' if others == 1 else 'are'} {compared}; {FEWEST} are needed"
        return Explanation(affected, others, missing=missing, step=step)
    found = tuple(find(sightings, matched, left_out, at_step=at_step))
    return Explanation(affected, others, found, unmatched=matched.unmatched, step=step)


def find(
    sightings: Sightings, matched: Matched, left_out: Collection[str] = (), *, at_step: bool = False
) -> list[Finding]:
    """What distinguishes the affected: attributes with enough support that pass the test, most excess first.

    What nearly all of the affected have comes last, unless all begin at the last step before the friction.

    Args:
        sightings: Who had which attribute, and when.
        matched: The affected (`exposed`) and their controls.
        left_out: Fields that define the friction: that these go with it says nothing.
        at_step: Whether all trials begin at the last step before the friction, so all have come as far.
    """
    matched = replace(matched, cell=2 * matched.cell + _was_seen(sightings, matched))
    affected, others = matched.exposed, _others(matched)
    least = max(FEWEST, LEAST_SHARE * int(affected.sum()))
    candidates = []
    for index, attribute in enumerate(sightings.attributes):
        if attribute.field in left_out:
            continue
        has = had_before(sightings, index, matched.trial, matched.landmark)
        if int(has[affected].sum()) < least or min(has[affected].mean(), has[others].mean()) > ALL:
            continue
        candidates.append(_Candidate(attribute, has, _associated(matched, has)))
    named = _within_what_all_have(_significant(candidates), matched)
    # What distinguishes some of the affected says more than what nearly all of them have.
    common = {one.attribute: not at_step and one.has[affected].mean() >= NEARLY_ALL for one in named}
    named.sort(key=lambda one: (common[one.attribute], -one.association.excess, one.attribute))
    return _joined(named, affected, others)


def _others(matched: Matched) -> Mask:
    """Which rows are of those who do not meet the friction; the affected are compared until they do."""
    others: Mask = ~np.isin(matched.trial, matched.trial[matched.exposed])
    return others


def _was_seen(sightings: Sightings, matched: Matched) -> Mask:
    """Which trials have any event before their landmark: only these could have had an attribute.

    Compared with the others, whatever is in every event would distinguish those who were seen before.
    """
    seen = np.zeros(len(matched.trial), dtype=bool)
    for index, attribute in enumerate(sightings.attributes):
        if attribute.field == IN_EVERY_EVENT:
            seen |= had_before(sightings, index, matched.trial, matched.landmark)
    return seen


def _associated(matched: Matched, has: Mask) -> Association:
    return association(Cells.of(matched.cell, has, matched.exposed.astype(np.float64)))


def _significant(candidates: list[_Candidate]) -> list[_Candidate]:
    found = discoveries([one.association.p for one in candidates])
    return [
        one
        for one, is_found in zip(candidates, found, strict=True)
        if is_found and one.association.excess > 0 and one.association.lift >= LEAST_LIFT
    ]


def _within_what_all_have(named: list[_Candidate], matched: Matched) -> list[_Candidate]:
    """The attributes, each tested again among those who have what nearly all of the affected have.

    Else every payment method would go with a failed payment: others have not come to choose one. The excess
    stays that among all.
    """
    affected = matched.exposed
    common = [one for one in named if one.has[affected].mean() >= NEARLY_ALL]
    if not common:
        return named
    so_far = np.logical_and.reduce([one.has for one in common])
    chosen = matched.chosen(so_far)
    again = [
        _Candidate(one.attribute, one.has, _associated(chosen, one.has[so_far]))
        for one in named
        if one.has[affected].mean() < NEARLY_ALL
    ]
    excess = {one.attribute: one.association.excess for one in named}
    return common + [
        _Candidate(one.attribute, one.has, replace(one.association, excess=excess[one.attribute]))
        for one in _significant(again)
    ]


def _joined(named: list[_Candidate], affected: Mask, others: Mask) -> list[Finding]:
    """The findings, those of the same customers as one."""
    findings: list[tuple[_Candidate, list[Attribute]]] = []
    for one in named:
        for first, also in findings:
            same = one.has == first.has
            if same[affected].mean() >= ALIKE and same[others].mean() >= ALIKE:
                also.append(one.attribute)
                break
        else:
            findings.append((one, []))
    return [
        Finding(
            one.attribute,
            int(one.has[affected].sum()),
            float(one.has[affected].mean()),
            float(one.has[others].mean()),
            one.association,
            tuple(also),
        )
        for one, also in findings
    ]
