"""Findings: attributes that the affected have too often to be chance, ranked by customers in excess."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np

from touchline.analysis.explain.association import Association, association, discoveries
from touchline.analysis.explain.attributes import Attribute, Sightings, had_before
from touchline.analysis.impact.matching import Matched
from touchline.analysis.impact.risk_difference import Cells
from touchline.analysis.impact.trials import Mask

FEWEST: Final = 10
"""The fewest affected customers with an attribute."""

LEAST_SHARE: Final = 0.05
"""The least share of the affected that have it."""

LEAST_LIFT: Final = 1.2
"""The least ratio of rates: a smaller one helps nobody, however sure it is."""

ALIKE: Final = 0.9
"""Attributes that so large a share of the affected have or lack together are one finding."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An attribute that goes with the friction.

    Attributes:
        attribute: The attribute.
        affected: How many of the affected have it.
        share: The share of the affected that have it.
        share_of_others: The share of the controls that have it, not adjusted.
        association: How much more frequent the friction is with it.
        also: Attributes that the same customers have.
    """

    attribute: Attribute
    affected: int
    share: float
    share_of_others: float
    association: Association
    also: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class _Candidate:
    attribute: Attribute
    has: Mask
    association: Association


def find(sightings: Sightings, matched: Matched, left_out: Collection[str] = ()) -> list[Finding]:
    """What distinguishes the affected: attributes with enough support that pass the test, most excess first.

    Args:
        sightings: Who had which attribute, and when.
        matched: The affected (`exposed`) and their controls.
        left_out: Fields that define the friction: that these go with it says nothing.
    """
    affected = matched.exposed
    least = max(FEWEST, LEAST_SHARE * int(affected.sum()))
    candidates = []
    for index, attribute in enumerate(sightings.attributes):
        if attribute.field in left_out:
            continue
        has = had_before(sightings, index, matched.trial, matched.landmark)
        if int(has[affected].sum()) < least or bool(has.all()):
            continue
        cells = Cells.of(matched.cell, has, affected.astype(np.float64))
        candidates.append(_Candidate(attribute, has, association(cells)))
    significant = discoveries([one.association.p for one in candidates])
    named = [
        one
        for one, found in zip(candidates, significant, strict=True)
        if found and one.association.excess > 0 and one.association.lift >= LEAST_LIFT
    ]
    named.sort(key=lambda one: (-one.association.excess, one.attribute))
    return _joined(named, affected)


def _joined(named: list[_Candidate], affected: Mask) -> list[Finding]:
    """The findings, those of the same customers as one."""
    findings: list[tuple[_Candidate, list[Attribute]]] = []
    for one in named:
        for first, also in findings:
            if (one.has[affected] == first.has[affected]).mean() >= ALIKE:
                also.append(one.attribute)
                break
        else:
            findings.append((one, []))
    return [
        Finding(
            one.attribute,
            int(one.has[affected].sum()),
            float(one.has[affected].mean()),
            float(one.has[~affected].mean()),
            one.association,
            tuple(also),
        )
        for one, also in findings
    ]
