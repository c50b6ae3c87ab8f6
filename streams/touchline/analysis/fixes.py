"""What a deployed change did to the rules at its touchpoint, in words and in money."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, log, sqrt
from typing import Final

import numpy as np

from touchline.analysis.compare import Comparison, Row, Touchpoint
from touchline.analysis.periods import RUN_UP
from touchline.vocabulary.durations import DAY, WEEK

WANTED: Final = WEEK
"""How long (ms) the time after a change must be for a verdict: each weekday is in it."""

DRAWS: Final = 4_000
"""Draws from which the interval of the avoided loss is taken."""

_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Price:
    """What a rule's friction costs for each customer who meets it, with its 95 % interval."""

    value: float
    low: float
    high: float
    currency: str


@dataclass(frozen=True, slots=True)
class Saved:
    """The loss that was avoided after a change, with its 95 % interval; below 0 it grew."""

    value: float
    low: float
    high: float
    currency: str


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change did to one rule at one touchpoint.

    Attributes:
        row: The rates before and after.
        verdict: `fell`, `rose`, `chance`, `too few`, `early` or `unknown`.
        sentence: The verdict in words.
        saved: The loss that was avoided; None if the price is not known, or it is too early.
    """

    row: Row
    verdict: str
    sentence: str
    saved: Saved | None = None


def too_soon(at: int, oldest: int, end: int) -> str:
    """Why there is no verdict on a change at a time (ms) yet; empty if there may be one.

    The data begin at `oldest` and end at `end`.
    """
    if end - at < WANTED:
        return f"Too early to say ({max(0, end - at) // DAY} of {WANTED // DAY} days)"
    if at - oldest < WANTED + RUN_UP:
        return f"No baseline: {max(0, at - oldest) // DAY} days of data before the change, 8 are needed"
    return ""


def effects(
    found: Comparison, prices: Mapping[str, Price], touchpoint: Touchpoint, early: str = ""
) -> list[Effect]:
    """The effects to report: on the rule that the change is meant for, and clear ones at its touchpoint.

    The rule that it is meant for is reported at its touchpoint, or at all if it found nothing there. `early`
    is why there is no verdict yet.
    """
    meant = [row for row in found.rows if row.targeted]
    here = [row for row in meant if (row.channel, row.source) == touchpoint]
    others = [
        row
        for row in found.rows
        if not row.targeted and (row.channel, row.source) == touchpoint and not early
    ]
    clear = [row for row in others if row.verdict in ("fell", "rose")]
    return [_effect(row, early, prices) for row in (here or meant) + clear]


def range_of(low: float, high: float) -> str:
    """An interval of a ratio in words: `fell by 40 to 60 %`, `rose 2.1 to 3.4 times`."""
    if high <= 1:
        return f"fell by {_percent(1 - high)} to {_percent(1 - low)} %"
    if low < 1:
        rise = "any factor" if high == inf else f"{_percent(high - 1)} %"
        return f"between a fall by {_percent(1 - low)} % and a rise by {rise}"
    if low >= 2:
        return f"rose at least {low:.1f} times" if high == inf else f"rose {low:.1f} to {high:.1f} times"
    if high == inf:
        return f"rose by at least {_percent(low - 1)} %"
    return f"rose by {_percent(low - 1)} to {_percent(high - 1)} %"


def _percent(share: float) -> str:
    return f"{100 * share:.0f}"


def _effect(row: Row, early: str, prices: Mapping[str, Price]) -> Effect:
    if early:
        return Effect(row, "early", early)
    if row.gap:
        return Effect(row, "unknown", f"Cannot be compared: {row.gap}")
    saved = _saved(row, prices.get(row.rule))
    if row.verdict == "too few":
        return Effect(row, "too few", "Too few to say")
    beside = row.beside
    if row.verdict == "chance":
        return Effect(row, "chance", "No clear change", saved)
    change = range_of(row.ratio.low, row.ratio.high)
    if beside is None:
        return Effect(row, row.verdict, f"{_upper(change)}; nothing untouched to compare with", saved)
    if beside.low <= 1 <= beside.high or (beside.value < 1) != (row.verdict == "fell"):
        return Effect(row, "chance", f"{_upper(change)}, and elsewhere too: no clear effect", saved)
    effect = range_of(beside.low, beside.high)
    return Effect(row, row.verdict, f"{_upper(effect)}, measured against untouched touchpoints", saved)


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _saved(row: Row, price: Price | None) -> Saved | None:
    """Customers who would have met the friction at the earlier rate, minus those who did, times its price."""
    if price is None:
        return None
    elsewhere = row.beside.elsewhere if row.beside else 1.0
    scale = row.journeys_after / row.journeys_before * elsewhere
    value = (row.before * scale - row.after) * price.value
    draws = np.random.default_rng(0)
    # The counts by their gamma posterior, which holds for 0, too; the rest by normal and log-normal ones.
    before, after = (draws.gamma(count + 0.5, 1.0, DRAWS) for count in (row.before, row.after))
    trend = np.exp(draws.normal(0.0, _spread(row), DRAWS))
    each = draws.normal(price.value, (price.high - price.low) / (2 * _Z), DRAWS)
    low, high = np.percentile((before * scale * trend - after) * each, [2.5, 97.5])
    return Saved(value, float(low), float(high), price.currency)


def _spread(row: Row) -> float:
    """The standard error of the logarithm of the ratio elsewhere; 0 without touchpoints to compare with."""
    beside = row.beside
    if beside is None or not beside.low > 0:
        return 0.0
    whole = (log(beside.high) - log(beside.low)) / (2 * _Z)
    own = sum(1 / max(count, 0.5) for count in (row.before, row.after))
    return sqrt(max(0.0, whole**2 - own))


def nothing_to_report(found: Comparison, touchpoint: Touchpoint) -> str:
    """Why a change has no effect to report."""
    here: Sequence[Row] = [row for row in found.rows if (row.channel, row.source) == touchpoint]
    if not here:
        return f"No friction at {' · '.join(filter(None, touchpoint))}, where the change was made"
    return f"No clear change in any of {len(here)} rules"
