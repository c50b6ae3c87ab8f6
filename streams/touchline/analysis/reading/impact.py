"""Reads the trials of a rule: who reached its touchpoints, met its friction, converted, and made contact."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from touchline.analysis.impact.trials import NEVER, Real, Trials, Whole, first_after, joined
from touchline.vocabulary.durations import DAY
from touchline.vocabulary.identifiers import NOBODY_KINDS

Ask = Callable[[str, Mapping[str, str]], Sequence[Sequence[Any]]]
"""Runs a query: SQL and its parameters as text → the rows."""

KNOWN_FOR = DAY
"""A customer who was first seen so long (ms) before a trial returns; else the customer is new."""

PRIOR = 90 * DAY
"""How far back (ms) the outcomes of a customer count as its prior value."""

_NAMED = "splitByChar(':', entity)[1] NOT IN ({})".format(
    ", ".join(f"'{kind}'" for kind in sorted(NOBODY_KINDS))
)
_OWNERS = "INNER JOIN (SELECT entity, customer FROM current_identities) AS owners USING (entity)"
_TYPES = "JSONExtract({types:String}, 'Array(String)')"
_VALUE = "JSONExtract(data, 'value', 'Nullable(Float64)')"
_SPAN = "time >= {since:DateTime64(3)} AND time < {until:DateTime64(3)}"

_RULES = """
SELECT rule, count() FROM current_frictions
WHERE opened_at >= {since:DateTime64(3)} AND opened_at < {until:DateTime64(3)}
GROUP BY rule ORDER BY count() DESC, rule
"""
_STEPS = f"""
SELECT toString(customer), channel, source, toUnixTimestamp64Milli(min(time)) AS began
FROM (
    SELECT entity, channel, source, time FROM events
    WHERE {_SPAN} AND {_NAMED} AND (empty({_TYPES}) OR arrayExists(one -> match(type, one), {_TYPES}))
      AND (channel, source) IN (
        SELECT channel, source FROM current_frictions
        WHERE rule = {{rule:String}} AND opened_at >= {{since:DateTime64(3)}}
          AND opened_at < {{until:DateTime64(3)}}
    )
) AS seen {_OWNERS}
GROUP BY customer, channel, source, toMonday(time)
"""  # noqa: S608 - made of constants
_FRICTIONS = """
SELECT toString(customer), channel, source, toUnixTimestamp64Milli(opened_at)
FROM current_frictions WHERE rule = {rule:String} AND opened_at >= {since:DateTime64(3)}
"""
_OUTCOMES = f"""
SELECT toString(customer), toUnixTimestamp64Milli(at), ifNull(amount, in_cart), currency
FROM (
    SELECT entity, time AS at, {_VALUE} AS amount, JSONExtractString(data, 'currency') AS currency,
           JSONExtractString(data, 'cart_id') AS cart_id
    FROM events WHERE type = {{outcome:String}} AND time >= {{prior:DateTime64(3)}} AND {_NAMED}
    LIMIT 1 BY id
) AS came {_OWNERS}
LEFT JOIN (
    SELECT JSONExtractString(data, 'cart_id') AS cart_id, argMax({_VALUE}, time) AS in_cart
    FROM events WHERE type IN ('cart.updated', 'checkout.started') AND time >= {{prior:DateTime64(3)}}
      AND {_VALUE} IS NOT NULL
    GROUP BY cart_id
) AS carts USING (cart_id)
"""  # noqa: S608 - made of constants
_CONTACTS = f"""
SELECT toString(customer), toUnixTimestamp64Milli(at)
FROM (
    SELECT entity, time AS at FROM events
    WHERE type = 'contact.started' AND JSONExtractString(data, 'direction') != 'outbound'
      AND time >= {{since:DateTime64(3)}} AND {_NAMED}
    LIMIT 1 BY id
) AS came {_OWNERS}
"""  # noqa: S608 - made of constants
_FIRST_SEEN = """
SELECT toString(customer), toUnixTimestamp64Milli(min(start)) FROM current_journeys GROUP BY customer
"""


@dataclass(frozen=True, slots=True)
class Question:
    """What to read.

    Attributes:
        since, until: When trials begin, ms since 1970; the end is exclusive.
        end: When the data end.
        outcome: The type of the events that count as conversions.
        apart: How long after a trial's begin the frictions of its placebo come, ms.
    """

    since: int
    until: int
    end: int
    outcome: str
    apart: int


@dataclass(frozen=True, slots=True)
class _Series:
    """Times of each customer, sorted by customer, then by time; and a number for each."""

    customer: Whole
    at: Whole
    number: Real


class TrialReader:
    """Reads trials for one rule after the other; what all rules share is read once."""

    def __init__(self, ask: Ask, question: Question) -> None:
        self._ask = ask
        self._question = question
        self._parameters = {
            "since": _seconds(question.since),
            "until": _seconds(question.until),
            "prior": _seconds(max(0, question.since - PRIOR)),
            "outcome": question.outcome,
        }
        self._code: dict[str, int] = {}
        # Times count from here: only small numbers can be joined with those of customers.
        self._base = question.since - PRIOR
        rows = ask(_OUTCOMES, self._parameters)
        self.currency = _most_frequent([str(row[3]) for row in rows if row[2] is not None])
        amounts = [row[2] if row[3] == self.currency else None for row in rows]
        known = [amount for amount in amounts if amount is not None]
        # An order without a value in the cart either, or in another currency, counts as an average one.
        mean = sum(known) / len(known) if known else 0.0
        self._outcomes = self._series(rows, [mean if amount is None else amount for amount in amounts])
        contacts = ask(_CONTACTS, self._parameters)
        self._contacts = self._series(contacts, [0.0] * len(contacts))
        self._first_seen = {self._number(who): at - self._base for who, at in ask(_FIRST_SEEN, {})}

    def rules(self) -> list[str]:
        """The rules with a friction in the span, the most frequent first."""
        return [rule for rule, _ in self._ask(_RULES, self._parameters)]

    def trials(self, rule: str, types: Sequence[str] = ()) -> Trials:
        """The trials at the touchpoints where the rule found a friction.

        Args:
            rule: The rule's id.
            types: The types of events that begin a trial, or patterns such as `contact.*`; any if none.
        """
        question = self._question
        patterns = [f"^{re.escape(one.removesuffix('*'))}{'' if one.endswith('*') else '$'}" for one in types]
        parameters = self._parameters | {"rule": rule, "types": json.dumps(patterns)}
        steps = self._ask(_STEPS, parameters)
        places = {place: n for n, place in enumerate(sorted({(row[1], row[2]) for row in steps}))}
        customer = np.array([self._number(row[0]) for row in steps], dtype=np.int64)
        place = np.array([places[row[1], row[2]] for row in steps], dtype=np.int64)
        began = self._since_base(steps, 3)
        met = [row for row in self._ask(_FRICTIONS, parameters) if (row[1], row[2]) in places]
        # A friction belongs to the customer's trial at the same touchpoint.
        of = customer * len(places) + place
        owners = [self._number(row[0]) * len(places) + places[row[1], row[2]] for row in met]
        frictions = _sorted(np.array(owners, np.int64), self._since_base(met, 3), np.zeros(len(met)))
        friction = _elapsed(frictions, of, began, 0)[0]
        outcome, value = _elapsed(self._outcomes, customer, began, 0)
        contact_trial, contact = _contacts(self._contacts, customer, began)
        return Trials(
            customer=customer,
            stratum=self._stratum(customer, place, began),
            friction=friction,
            outcome=outcome,
            value=value,
            followed=(question.end - self._base - began).astype(np.float64),
            later_friction=_elapsed(frictions, of, began, question.apart)[0],
            contact_trial=contact_trial,
            contact=contact,
        )

    def _stratum(self, customer: Whole, place: Whole, began: Whole) -> Whole:
        """Touchpoint, week, whether the customer is new, and the third of prior value, as one number."""
        week = began // (7 * DAY)
        seen = np.array([self._first_seen.get(one, 1 << 60) for one in customer.tolist()], dtype=np.int64)
        returning = (seen <= began - KNOWN_FOR).astype(np.int64)
        prior = self._prior(customer, began)
        bought = prior[prior > 0]
        bounds = np.quantile(bought, [1 / 3, 2 / 3]) if len(bought) else np.zeros(0)
        third = np.where(prior > 0, np.searchsorted(bounds, prior) + 1, 0)
        rows = np.stack([place, week, returning, third], axis=1)
        _, stratum = np.unique(rows, axis=0, return_inverse=True)
        return stratum.reshape(-1).astype(np.int64)

    def _prior(self, customer: Whole, began: Whole) -> Real:
        """What each customer was worth in `PRIOR` before the trial."""
        series = self._outcomes
        total = np.concatenate([[0.0], np.cumsum(series.number)])
        keys = joined(series.customer, series.at)
        first = np.searchsorted(keys, joined(customer, began - PRIOR), side="left")
        last = np.searchsorted(keys, joined(customer, began), side="left")
        worth: Real = total[last] - total[first]
        return worth

    def _series(self, rows: Sequence[Sequence[Any]], numbers: Sequence[float]) -> _Series:
        who = np.array([self._number(row[0]) for row in rows], dtype=np.int64)
        return _sorted(who, self._since_base(rows, 1), np.array(numbers, dtype=np.float64))

    def _since_base(self, rows: Sequence[Sequence[Any]], column: int) -> Whole:
        return np.array([row[column] for row in rows], dtype=np.int64) - self._base

    def _number(self, customer: str) -> int:
        return self._code.setdefault(customer, len(self._code))


def _sorted(keys: Whole, at: Whole, numbers: Real) -> _Series:
    order = np.lexsort((at, keys))
    return _Series(keys[order], at[order], numbers[order])


def _elapsed(series: _Series, of: Whole, began: Whole, apart: int) -> tuple[Real, Real]:
    """How long after each begin, at least `apart`, the first time of the series came; and its number."""
    index = first_after(series.customer, series.at, of, began + apart - 1)
    found = index >= 0
    elapsed, number = np.full(len(of), NEVER), np.zeros(len(of))
    elapsed[found] = series.at[index[found]] - began[found]
    number[found] = series.number[index[found]]
    return elapsed, number


def _contacts(series: _Series, customer: Whole, began: Whole) -> tuple[Whole, Real]:
    """Every contact of a trial's customer after its begin: the trial, and how long after."""
    keys = joined(series.customer, series.at)
    first = np.searchsorted(keys, joined(customer, began), side="left")
    last = np.searchsorted(series.customer, customer, side="right")
    counts = np.maximum(last - first, 0)
    trial = np.repeat(np.arange(len(customer)), counts)
    offset = np.arange(len(trial)) - np.repeat(np.cumsum(counts) - counts, counts)
    at = series.at[first[trial] + offset] if len(trial) else np.zeros(0, dtype=np.int64)
    return trial, (at - began[trial]).astype(np.float64)


def _most_frequent(names: Sequence[str]) -> str:
    return max(sorted(set(names)), key=names.count) if names else ""


def _seconds(ms: int) -> str:
    return f"{ms // 1000}.{ms % 1000:03}"
