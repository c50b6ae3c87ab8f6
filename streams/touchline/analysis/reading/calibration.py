"""Reads what a calibration needs: whether customers came back after journeys, and whether scores are low."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from touchline.analysis.calibration.observations import Observations
from touchline.analysis.impact.trials import Real, Whole, position
from touchline.analysis.reading.steps import NAMED, OWNERS, Ask, seconds
from touchline.analysis.reading.texts import LOW, RATING
from touchline.vocabulary.durations import DAY
from touchline.vocabulary.identifiers import NOBODY_KINDS

AWAY: Final = 60 * DAY
"""A customer who has no event for so long (ms) after a journey did not come back."""

BEFORE_SCORE: Final = 30
"""How many days before a score frictions count."""

PRIOR: Final = 90 * DAY
"""How far back (ms) orders count as prior value."""

MOST: Final = 200_000
"""The newest journeys, or scores, that are read."""

_NOBODY = ", ".join(f"'{kind}'" for kind in sorted(NOBODY_KINDS))

_JOURNEYS = f"""
SELECT toString(customer), toUnixTimestamp64Milli(start), toUnixTimestamp64Milli(last), events, met, strikes,
       isNull(following) OR following > last + toIntervalMillisecond({AWAY}) AS away, number
FROM (
    SELECT id, customer, start, last, events,
           leadInFrame(toNullable(start)) OVER own AS following, row_number() OVER own AS number
    FROM current_journeys
    WHERE customer IN (
        SELECT customer FROM current_identities WHERE splitByChar(':', entity)[1] NOT IN ({_NOBODY})
    )
    WINDOW own AS (PARTITION BY customer ORDER BY start, id
                   ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
) AS walked
LEFT JOIN (
    SELECT frictions.journey AS id, groupUniqArray(CAST(rule, 'String')) AS met, sum(weight) AS strikes
    FROM (SELECT journey, rule, weight, opened_at FROM current_frictions) AS frictions
    INNER JOIN (SELECT id AS journey, last FROM current_journeys) AS ended USING (journey)
    WHERE opened_at <= last + toIntervalMillisecond({{gap:UInt64}})
    GROUP BY id
) AS found USING (id)
WHERE last >= {{since:DateTime64(3)}} AND last < {{covered:DateTime64(3)}}
ORDER BY last DESC, id LIMIT {MOST}
"""  # noqa: S608 - made of constants
_SCORES = f"""
SELECT toString(customer), toUnixTimestamp64Milli(at), low,
       arrayDistinct(arrayMap(one -> one.1, preceding)) AS met, arraySum(one -> one.3, preceding) AS strikes,
       arraySum(one -> one.3,
                arrayFilter(one -> one.1 < at AND one.2 >= at - INTERVAL {BEFORE_SCORE} DAY, walks)) AS events
FROM (
    SELECT customer, id, at, low, walks,
           arrayFilter(one -> one.2 < at AND one.2 >= at - INTERVAL {BEFORE_SCORE} DAY, frictions)
               AS preceding
    FROM (
        SELECT id, entity, at, {RATING} AS rating, {LOW} AS low
        FROM (
            SELECT id, entity, time AS at, given.metric AS kind, given.score AS score, given.scale AS scale,
                   ifNull(given.lower_is_better, 0) AS lower
            FROM events WHERE type = 'feedback.given' AND time >= {{since:DateTime64(3)}} AND {NAMED}
            LIMIT 1 BY id
        )
        WHERE isNotNull(low)
    ) AS scored {OWNERS}
    LEFT JOIN (
        SELECT customer, groupArray(1000)((CAST(rule, 'String'), opened_at, toUInt32(weight))) AS frictions
        FROM current_frictions GROUP BY customer
    ) AS met USING (customer)
    LEFT JOIN (
        SELECT customer, groupArray(1000)((start, last, events)) AS walks FROM current_journeys
        GROUP BY customer
    ) AS walked USING (customer)
)
ORDER BY at DESC, id LIMIT {MOST}
"""  # noqa: S608 - made of constants
_ORDERS = f"""
SELECT toString(customer), toUnixTimestamp64Milli(at), amount
FROM (
    SELECT entity, time AS at, JSONExtract(data, 'value', 'Nullable(Float64)') AS amount FROM events
    WHERE type = 'order.placed' AND time >= {{prior:DateTime64(3)}} AND {NAMED} LIMIT 1 BY id
) AS bought {OWNERS}
WHERE amount > 0
"""  # noqa: S608 - made of constants


class CalibrationReader:
    """Reads observations that begin after a time (ms since 1970), of data that end at another."""

    def __init__(self, ask: Ask, since: int, until: int) -> None:
        self._ask, self._since, self._until = ask, since, until
        self._base = since - PRIOR
        self._numbers: dict[str, int] = {}
        rows = ask(_ORDERS, {"prior": seconds(max(0, self._base))})
        who, at = self._customers(rows), self._times(rows, 1)
        order = np.lexsort((at, who))
        self._buyers, self._bought_at = who[order], at[order]
        amounts = np.array([row[2] for row in rows], dtype=np.float64)[order]
        self._spent = np.concatenate([[0.0], np.cumsum(amounts)])

    def journeys(self, gap: int, rules: Sequence[str]) -> Observations:
        """Journeys that ended at least `AWAY` before the data; the outcome is that the customer stayed away.

        Adjusted are the touchpoints of the journey, earlier journeys, and what the customer spent before.

        Args:
            gap: How long (ms) after its last event a journey ends. Frictions that open later are not counted:
                by then, nobody had come back.
            rules: The rules that are looked at.
        """
        given = {
            "since": seconds(self._since),
            "covered": seconds(max(0, self._until - AWAY)),
            "gap": str(gap),
        }
        rows = self._ask(_JOURNEYS, given)[::-1]
        who = self._customers(rows)
        adjusted = [
            [row[3] for row in rows],
            [row[7] - 1 for row in rows],
            self._prior(who, self._times(rows, 1)),
        ]
        return _observations(who, [row[6] for row in rows], rows, (4, 5), adjusted, rules)

    def scores(self, rules: Sequence[str]) -> Observations:
        """Scores that are low or high; the outcome is a low one.

        Adjusted are the touchpoints of the `BEFORE_SCORE` days before, and what the customer spent before.
        """
        rows = self._ask(_SCORES, {"since": seconds(self._since)})[::-1]
        who = self._customers(rows)
        adjusted = [[row[5] for row in rows], self._prior(who, self._times(rows, 1))]
        return _observations(who, [row[2] for row in rows], rows, (3, 4), adjusted, rules)

    def _customers(self, rows: Sequence[Sequence[Any]]) -> Whole:
        return np.array(
            [self._numbers.setdefault(row[0], len(self._numbers)) for row in rows], dtype=np.int64
        )

    def _times(self, rows: Sequence[Sequence[Any]], column: int) -> Whole:
        return np.array([row[column] for row in rows], dtype=np.int64) - self._base

    def _prior(self, customer: Whole, began: Whole) -> Real:
        """What each customer spent in `PRIOR` before a time."""
        first = position(self._buyers, self._bought_at, customer, began - PRIOR, "left")
        last = position(self._buyers, self._bought_at, customer, began, "left")
        spent: Real = self._spent[last] - self._spent[first]
        return spent


def _observations(
    customer: Whole,
    outcome: Sequence[Any],
    rows: Sequence[Sequence[Any]],
    columns: tuple[int, int],
    adjusted: Sequence[Any],
    rules: Sequence[str],
) -> Observations:
    """The observations of rows with the rules that were met, and their strikes, in two columns."""
    met, strikes = columns
    place = {rule: number for number, rule in enumerate(rules)}
    has = np.zeros((len(rows), len(rules)), dtype=bool)
    for number, row in enumerate(rows):
        has[number, [place[rule] for rule in row[met] if rule in place]] = True
    return Observations(
        customer,
        np.array(outcome, dtype=bool),
        tuple(rules),
        has,
        np.array([row[strikes] for row in rows], dtype=np.float64),
        # Ten touchpoints differ from one as a hundred do from ten.
        np.log1p(np.array(adjusted, dtype=np.float64).reshape(len(adjusted), len(rows)).T),
    )
