"""Before and after: did a friction become rarer at a touchpoint, or was it chance?

What is counted are journeys that met the rule there, of the journeys that were there: a customer in the
span, who counts once however often they stumbled. So frictions of one customer, which come together, do
not pass for many; and more visitors do not pass for more friction.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from touchline.analysis.rate_ratio import LEVEL, RateRatio, holm, rate_ratio
from touchline.vocabulary.durations import DAY, WEEK
from touchline.vocabulary.errors import TouchlineError

LONGEST = 2 * WEEK
"""A comparison around a change looks at most this far (ms) to either side."""

UNLIKE = 0.1
"""Spans may differ in length by this share: in a longer one, a journey has more time to stumble."""

Ask = Callable[[str, Mapping[str, str]], Sequence[Sequence[Any]]]
"""Asks the store: SQL and its parameters as text → the rows."""

Cell = tuple[str, str, str]
"""Channel, source and rule."""

Verdict = Literal["fell", "rose", "chance", "too few"]

_SPANS = (
    "({0} >= {{before_since:DateTime64(3)}} AND {0} < {{before_until:DateTime64(3)}} "
    "OR {0} >= {{after_since:DateTime64(3)}} AND {0} < {{after_until:DateTime64(3)}})"
)
_THERE = f"""
SELECT channel, source, later, uniqExact(customer)
FROM (
    SELECT channel, source, customer, later
    FROM (
        SELECT DISTINCT channel, source, entity, time >= {{after_since:DateTime64(3)}} AS later
        FROM events WHERE {_SPANS.format("time")}
    ) AS seen
    INNER JOIN (SELECT entity, customer FROM current_identities) AS owners USING (entity)
    UNION ALL
    SELECT channel, source, customer, opened_at >= {{after_since:DateTime64(3)}}
    FROM current_frictions WHERE {_SPANS.format("opened_at")}
)
GROUP BY channel, source, later
"""  # noqa: S608 - made of constants
_MET = f"""
SELECT channel, source, rule, opened_at >= {{after_since:DateTime64(3)}} AS later, uniqExact(customer)
FROM current_frictions WHERE {_SPANS.format("opened_at")}
GROUP BY channel, source, rule, later
"""  # noqa: S608 - made of constants
_CHANGE = """
SELECT toUnixTimestamp64Milli(time), JSONExtractString(data, 'title'), JSONExtractString(data, 'rule')
FROM events WHERE type = 'change.deployed' AND JSONExtractString(data, 'change_id') = {change:String}
ORDER BY time, id LIMIT 1
"""
_CHANGES = """
SELECT JSONExtractString(data, 'change_id') AS change, max(time) AS at FROM events
WHERE type = 'change.deployed' GROUP BY change ORDER BY at DESC LIMIT 5
"""


class CannotCompare(TouchlineError, ValueError):
    """There is nothing to compare; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Period:
    """A span of time, ms since 1970, the end exclusive."""

    since: int
    until: int

    @property
    def length(self) -> int:
        """How long it is, in ms."""
        return self.until - self.since


@dataclass(frozen=True, slots=True)
class Change:
    """A change that was deployed: when (ms), what, and the rule that it was meant to bring down, or ''."""

    id: str
    at: int
    title: str
    rule: str


@dataclass(frozen=True, slots=True)
class Row:
    """One rule at one touchpoint: journeys that met it, of those that were there, before and after.

    `chance` is how often chance alone does as much, as it is with all rows looked at; `meant`, whether the
    change was meant for this rule.
    """

    channel: str
    source: str
    rule: str
    meant: bool
    before: int
    journeys_before: int
    after: int
    journeys_after: int
    ratio: RateRatio
    chance: float
    verdict: Verdict

    @property
    def rate_before(self) -> float:
        """Per 1,000 journeys."""
        return 1000 * self.before / self.journeys_before

    @property
    def rate_after(self) -> float:
        """Per 1,000 journeys."""
        return 1000 * self.after / self.journeys_after

    @property
    def sentence(self) -> str:
        """What it means, in plain words."""
        if self.rate_after == self.rate_before:
            moved = f"stayed at {self.rate_before:.1f} per 1,000 journeys"
        else:
            way = "fell" if self.rate_after < self.rate_before else "rose"
            moved = f"{way} from {self.rate_before:.1f} to {self.rate_after:.1f} per 1,000 journeys"
        said = {
            "fell": "chance alone does not explain this",
            "rose": "chance alone does not explain this",
            "chance": "chance alone explains this",
            "too few": "too few to tell from chance",
        }[self.verdict]
        touchpoint = " · ".join(filter(None, (self.channel, self.source)))
        return f"{self.rule} at {touchpoint} {moved}; {said}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two periods compared; `elsewhere` are touchpoints where nobody was in one of them."""

    before: Period
    after: Period
    rows: list[Row]
    elsewhere: list[tuple[str, str]]


def compare(ask: Ask, before: Period, after: Period, meant: str = "") -> Comparison:
    """Compare the frictions of two periods, per touchpoint and rule; the clearest difference comes first.

    The rule that a change was `meant` for is judged by itself; of the others it is taken into account how
    many there are (Holm's method).

    Raises:
        CannotCompare: the periods overlap, or one is longer.
    """
    if before.until > after.since:
        raise CannotCompare("the first period must end before the second begins")
    if abs(before.length - after.length) > UNLIKE * max(before.length, after.length):
        raise CannotCompare(
            f"the periods are {before.length / DAY:.1f} and {after.length / DAY:.1f} days long: "
            "make them equally long, for a journey has more time to stumble in a longer one"
        )
    parameters = {
        "before_since": _seconds(before.since),
        "before_until": _seconds(before.until),
        "after_since": _seconds(after.since),
        "after_until": _seconds(after.until),
    }
    there: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for channel, source, later, journeys in ask(_THERE, parameters):
        there[channel, source][later] = journeys
    met: dict[Cell, list[int]] = defaultdict(lambda: [0, 0])
    for channel, source, rule, later, journeys in ask(_MET, parameters):
        met[channel, source, rule][later] = journeys

    counted = {at: counts for at, counts in sorted(met.items()) if all(there[at[:2]])}
    ratios = {
        at: rate_ratio(counts[0], there[at[:2]][0], counts[1], there[at[:2]][1])
        for at, counts in counted.items()
    }
    chances = _chances(ratios, meant)
    rows = [
        Row(
            *at,
            at[2] == meant,
            counts[0],
            there[at[:2]][0],
            counts[1],
            there[at[:2]][1],
            ratios[at],
            chances[at],
            _verdict(ratios[at], chances[at]),
        )
        for at, counts in counted.items()
    ]
    rows.sort(key=lambda row: (not row.meant, row.chance, row.ratio.p, -row.before - row.after))
    return Comparison(before, after, rows, sorted(at for at, counts in there.items() if not all(counts)))


def find_change(ask: Ask, change: str) -> Change:
    """A deployed change by its id; of several with the id, the first.

    Raises:
        CannotCompare: there is none.
    """
    rows = ask(_CHANGE, {"change": change})
    if not rows:
        known = ", ".join(str(row[0]) for row in ask(_CHANGES, {}))
        there = f"the latest are {known}" if known else "there is no change.deployed at all: send one"
        raise CannotCompare(f"no change.deployed event has the change_id '{change}'; {there}")
    at, title, rule = rows[0]
    return Change(change, at, title, rule)


def around(at: int, oldest: int, end: int) -> tuple[Period, Period]:
    """Equally long periods before and after a time (ms): whole weeks if the data reach, else whole days.

    Args:
        at: When the change was deployed.
        oldest: When the data begin.
        end: When they end.

    Raises:
        CannotCompare: there are no data on one side.
    """
    length = min(LONGEST, at - oldest, end - at)
    if length <= 0:
        raise CannotCompare("there are no events on both sides of the change: wait, or give two periods")
    unit = next((unit for unit in (WEEK, DAY) if length >= unit), 1)
    length -= length % unit
    return Period(at - length, at), Period(at, at + length)


def _chances(ratios: Mapping[Cell, RateRatio], meant: str) -> dict[Cell, float]:
    """Chances with all rows of a family looked at; rows too few to tell anything are no part of it."""
    chances = {at: one.p for at, one in ratios.items()}
    for family in (True, False):
        able = [at for at, one in ratios.items() if (at[2] == meant) is family and one.least <= LEVEL]
        chances.update(zip(able, holm([ratios[at].p for at in able]), strict=True))
    return chances


def _verdict(ratio: RateRatio, chance: float) -> Verdict:
    if ratio.least > LEVEL:
        return "too few"
    if chance > LEVEL or ratio.ratio is None:
        return "chance"
    return "fell" if ratio.ratio < 1 else "rose"


def _seconds(ms: int) -> str:
    return f"{ms // 1000}.{ms % 1000:03}"
