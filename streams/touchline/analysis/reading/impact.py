"""Reads the trials of a rule: who reached its touchpoints, met its friction, converted, and made contact."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from touchline.analysis.impact.trials import Real, Trials, Whole, position
from touchline.analysis.reading.steps import (
    DRAWN,
    NAMED,
    SAMPLED_OWNERS,
    Ask,
    Series,
    StepReader,
    elapsed,
    seconds,
    sorted_series,
)
from touchline.rules.steps import matches
from touchline.vocabulary.durations import DAY

KNOWN_FOR = DAY
"""A customer who was first seen so long (ms) before a trial returns; else the customer is new."""

PRIOR = 90 * DAY
"""How far back (ms) the outcomes of a customer count as its prior value."""

_VALUE = "JSONExtract(data, 'value', 'Nullable(Float64)')"
_OUTCOMES = f"""
SELECT toString(customer), toUnixTimestamp64Milli(at), ifNull(amount, in_cart), currency
FROM (
    SELECT entity, time AS at, {_VALUE} AS amount, JSONExtractString(data, 'currency') AS currency,
           JSONExtractString(data, 'cart_id') AS cart_id
    FROM events WHERE type = {{outcome:String}} AND time >= {{prior:DateTime64(3)}} AND {NAMED}
    LIMIT 1 BY id
) AS came {SAMPLED_OWNERS}
LEFT JOIN (
    SELECT JSONExtractString(data, 'cart_id') AS cart_id, argMax({_VALUE}, time) AS in_cart
    FROM events WHERE type IN ('cart.updated', 'checkout.started') AND time >= {{prior:DateTime64(3)}}
      AND {_VALUE} IS NOT NULL
    GROUP BY cart_id
) AS carts USING (cart_id)
ORDER BY ALL
"""  # noqa: S608 - made of constants
_CONTACTS = f"""
SELECT toString(customer), toUnixTimestamp64Milli(at)
FROM (
    SELECT entity, time AS at FROM events
    WHERE type = 'contact.started' AND JSONExtractString(data, 'direction') != 'outbound'
      AND time >= {{since:DateTime64(3)}} AND {NAMED}
    LIMIT 1 BY id
) AS came {SAMPLED_OWNERS}
ORDER BY ALL
"""  # noqa: S608 - made of constants
_FIRST_SEEN = f"""
SELECT toString(customer), toUnixTimestamp64Milli(min(start)) FROM current_journeys WHERE {DRAWN}
GROUP BY customer ORDER BY ALL
"""  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True)
class Question:
    """What to read.

    Attributes:
        since, until: When trials begin, ms since 1970; the end is exclusive.
        end: When the data end.
        outcome: The type of the events that count as conversions.
        one_in: Of so many customers one is read.
    """

    since: int
    until: int
    end: int
    outcome: str
    one_in: int = 1


class TrialReader:
    """Reads trials for one rule after the other; what all rules share is read once."""

    def __init__(self, ask: Ask, question: Question) -> None:
        self._question = question
        base = question.since - PRIOR
        self._steps = StepReader(ask, question.since, question.until, base, question.one_in)
        self._base = self._steps.base
        parameters = {
            "since": seconds(question.since),
            "prior": seconds(max(0, question.since - PRIOR)),
            "outcome": question.outcome,
            "one_in": str(question.one_in),
        }
        rows = ask(_OUTCOMES, parameters)
        self.currency = _most_frequent([str(row[3]) for row in rows if row[2] is not None])
        amounts = [row[2] if row[3] == self.currency else None for row in rows]
        known = [amount for amount in amounts if amount is not None]
        # An order without a value in the cart either, or in another currency, counts as an average one.
        mean = sum(known) / len(known) if known else 0.0
        self._outcomes = self._series(rows, [mean if amount is None else amount for amount in amounts])
        contacts = ask(_CONTACTS, parameters)
        self.outcomes = len(rows)
        """How many events of the outcome were read, with those of the prior value."""
        self._contacts = self._series(contacts, [0.0] * len(contacts))
        self._first_seen = {
            self._steps.number(who): at - self._base for who, at in ask(_FIRST_SEEN, parameters)
        }

    def rules(self) -> list[str]:
        """The rules with a friction in the span, the most frequent first."""
        return self._steps.rules()

    def trials(self, rules: Sequence[str], types: Sequence[str], apart: int) -> Trials:
        """The trials at the touchpoints where one of the rules found a friction.

        Args:
            rules: The rules' ids.
            types: The types of events that begin a trial; any if none.
            apart: How long (ms) after a trial's begin the frictions of its placebo come.
        """
        steps = self._steps.steps(rules, types)
        # An outcome that is a step as well is the next one: the step itself comes before the friction.
        after = int(any(matches(name, self._question.outcome) for name in types))
        outcome, value = elapsed(self._outcomes, steps.customer, steps.began, after)
        contact_trial, contact = _contacts(self._contacts, steps.customer, steps.began)
        return Trials(
            customer=steps.customer,
            stratum=self._stratum(steps.customer, steps.place, steps.began),
            friction=steps.friction(),
            outcome=outcome,
            value=value,
            followed=(self._question.end - self._base - steps.began).astype(np.float64),
            later_friction=steps.friction(apart),
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
        first = position(series.customer, series.at, customer, began - PRIOR, "left")
        last = position(series.customer, series.at, customer, began, "left")
        worth: Real = total[last] - total[first]
        return worth

    def _series(self, rows: Sequence[Sequence[Any]], numbers: Sequence[float]) -> Series:
        who = np.array([self._steps.number(row[0]) for row in rows], dtype=np.int64)
        return sorted_series(who, self._steps.times(rows, 1), np.array(numbers, dtype=np.float64))


def _contacts(series: Series, customer: Whole, began: Whole) -> tuple[Whole, Real]:
    """Every contact of a trial's customer after its begin: the trial, and how long after."""
    first = position(series.customer, series.at, customer, began, "left")
    last = np.searchsorted(series.customer, customer, side="right")
    counts = np.maximum(last - first, 0)
    trial = np.repeat(np.arange(len(customer)), counts)
    offset = np.arange(len(trial)) - np.repeat(np.cumsum(counts) - counts, counts)
    at = series.at[first[trial] + offset] if len(trial) else np.zeros(0, dtype=np.int64)
    return trial, (at - began[trial]).astype(np.float64)


def _most_frequent(names: Sequence[str]) -> str:
    return max(sorted(set(names)), key=names.count) if names else ""
