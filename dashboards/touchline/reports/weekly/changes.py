"""Which measures changed from one week to the next by more than chance."""

from collections.abc import Sequence
from typing import Final

from touchline.analysis.rate_ratio import LEVEL, holm, rate_ratio
from touchline.measures import Reading, format_value
from touchline.reports.weekly.digest import MeasureMover

FEWEST: Final = 30
"""The fewest observations in each week."""


def changed_measures(before: Sequence[Reading], after: Sequence[Reading]) -> tuple[MeasureMover, ...]:
    """The shares that clearly differ, the clearest first; all of them together are wrong in 5 % at most.

    Shares count successes, so the comparison of two rates is, if anything, too careful.
    """
    pairs = [
        (old, new)
        for old, new in zip(before, after, strict=True)
        if new.unit == "share"
        and new.measure.kind == "ratio"
        and min(old.denominator, new.denominator) >= FEWEST
        and _counts(old)
        and _counts(new)
    ]
    p_values = [
        rate_ratio(
            round(old.numerator), round(old.denominator), round(new.numerator), round(new.denominator)
        ).p
        for old, new in pairs
    ]
    found = sorted(
        (
            (p, old, new)
            for p, (old, new) in zip(holm(p_values), pairs, strict=True)
            if p < LEVEL and old.value != new.value
        ),
        key=lambda one: (one[0], one[2].measure.name),
    )
    return tuple(
        MeasureMover(
            title=new.measure.title,
            before=format_value(old.value, old.unit),
            after=format_value(new.value, new.unit),
            is_better=((new.value or 0) > (old.value or 0)) is new.measure.higher_is_better,
        )
        for _, old, new in found
    )


def _counts(reading: Reading) -> bool:
    """Whether the numerator is a count of observations."""
    return reading.numerator == round(reading.numerator) and 0 <= reading.numerator <= reading.denominator
