"""Reads who reached the step of a rule, and who met its friction there. All become numbers."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from touchline.analysis.impact.trials import NEVER, Real, Whole, first_after
from touchline.rules.steps import matches
from touchline.vocabulary.identifiers import NOBODY_KINDS
from touchline.vocabulary.internal import IS_TOUCHPOINT

Ask = Callable[[str, Mapping[str, str]], Sequence[Sequence[Any]]]
"""Runs a query: SQL and its parameters as text → the rows."""

NAMED = "splitByChar(':', entity)[1] NOT IN ({}) AND {}".format(
    ", ".join(f"'{kind}'" for kind in sorted(NOBODY_KINDS)), IS_TOUCHPOINT
)
"""SQL: whether a row of `events` is a touchpoint of a customer who may be known by more than this event."""

OWNERS = "INNER JOIN (SELECT entity, customer FROM current_identities) AS owners USING (entity)"
DRAWN = "cityHash64(customer) % {one_in:UInt32} = 0"
"""SQL condition: the customer is in the sample."""

SAMPLED_OWNERS = OWNERS.replace("current_identities", f"current_identities WHERE {DRAWN}")
MOST_STEPS = 250_000
"""Steps that are read at a time; of a larger store, a sample of the customers."""

_TYPES = "JSONExtract({types:String}, 'Array(String)')"
_OF_RULES = "rule IN JSONExtract({rules:String}, 'Array(String)')"
_SPAN = "time >= {since:DateTime64(3)} AND time < {until:DateTime64(3)}"


def selects(parameter: str, column: str = "type") -> str:
    """SQL: whether a row's type is one of a `listed` parameter; `contact.*` stands for a family."""
    names = f"JSONExtract({{{parameter}:String}}, 'Array(String)')"
    family = f"endsWith(name, '*') AND startsWith({column}, substring(name, 1, length(name) - 1))"
    return f"arrayExists(name -> name = {column} OR ({family}), {names})"


def listed(types: Sequence[str]) -> str:
    """Types as a parameter of a query: JSON without escapes, which the engine would read as its own."""
    return json.dumps(list(types), ensure_ascii=False)


# Draws depend on the order of rows, so every query has one: the same store gives the same figures.
_RULES = """
SELECT rule, count() FROM current_frictions
WHERE opened_at >= {since:DateTime64(3)} AND opened_at < {until:DateTime64(3)}
GROUP BY rule ORDER BY count() DESC, rule
"""
_COUNT = f"""
SELECT uniq(entity, channel, source, toMonday(time)) FROM events WHERE {_SPAN} AND {NAMED}
"""  # noqa: S608 - made of constants
_KINDS = f"SELECT DISTINCT type FROM events WHERE {_SPAN} ORDER BY type"  # noqa: S608 - a constant
_PLACES = """
SELECT DISTINCT rule, channel, source FROM current_frictions
WHERE opened_at >= {since:DateTime64(3)} AND opened_at < {until:DateTime64(3)} ORDER BY channel, source, rule
"""
_STEPS = f"""
SELECT toString(customer), channel, source, toUnixTimestamp64Milli(min(time)) AS began
FROM (
    SELECT entity, channel, source, time FROM events
    WHERE {_SPAN} AND {NAMED} AND (empty({_TYPES}) OR type IN {_TYPES})
      AND (channel, source) IN (SELECT channel, source FROM ({_PLACES}))
) AS seen {SAMPLED_OWNERS}
GROUP BY customer, channel, source, toMonday(time) ORDER BY ALL
"""  # noqa: S608 - made of constants
_FRICTIONS = f"""
SELECT toString(customer), channel, source, toUnixTimestamp64Milli(opened_at)
FROM current_frictions WHERE {_OF_RULES} AND opened_at >= {{since:DateTime64(3)}} AND {DRAWN}
ORDER BY ALL
"""  # noqa: S608 - made of constants


@dataclass(frozen=True, slots=True)
class Series:
    """Times of each customer, sorted by customer, then by time; and a number for each."""

    customer: Whole
    at: Whole
    number: Real


@dataclass(frozen=True, slots=True)
class Steps:
    """Customers who reached the step of rules, once a week each.

    Attributes:
        customer: The number of each customer.
        place: The number of each touchpoint.
        began: When, in ms since the reader's `base`.
        frictions: When customers met the friction, by customer and touchpoint.
        places: How many touchpoints there are.
    """

    customer: Whole
    place: Whole
    began: Whole
    frictions: Series
    places: int

    def friction(self, apart: int = 0) -> Real:
        """How long after each begin, and at least `apart`, the customer met the friction there."""
        return elapsed(self.frictions, self.customer * self.places + self.place, self.began, apart)[0]


@dataclass(frozen=True, slots=True)
class _Reached:
    """Who reached a step at any touchpoint with friction: numbers of customers and touchpoints, and times."""

    customer: Whole
    place: Whole
    began: Whole


class StepReader:
    """Reads steps for one rule after the other, between two times (ms since 1970; the end is exclusive).

    Times count from `base`: only small numbers can be joined with those of customers. Of `one_in` customers
    one is read. Many rules have the same step, so each step is read once, at all touchpoints.
    """

    def __init__(self, ask: Ask, since: int, until: int, base: int, one_in: int = 1) -> None:
        self._ask = ask
        self._parameters = {"since": seconds(since), "until": seconds(until), "one_in": str(one_in)}
        self._code: dict[str, int] = {}
        self._read: dict[tuple[str, ...], _Reached] = {}
        self.base = base

    def rules(self) -> list[str]:
        """The rules with a friction in the span, the most frequent first."""
        return [rule for rule, _ in self._ask(_RULES, self._parameters)]

    def steps(self, rules: Sequence[str], types: Sequence[str] = ()) -> Steps:
        """The steps at the touchpoints where one of the rules found a friction.

        Args:
            rules: The rules' ids; a friction of any of them counts.
            types: The types of events that are the step, or patterns such as `contact.*`; any if none.
        """
        reached = self._reached(tuple(types))
        names = list(self._places)
        wanted = [number for number, place in enumerate(names) if not self._places[place].isdisjoint(rules)]
        here = np.isin(reached.place, wanted)
        customer, began = reached.customer[here], reached.began[here]
        found, place = np.unique(reached.place[here], return_inverse=True)
        places = {names[number]: n for n, number in enumerate(found)}
        rows = self._ask(_FRICTIONS, self._parameters | {"rules": listed(rules)})
        met = [row for row in rows if (row[1], row[2]) in places]
        # A friction belongs to the customer's step at the same touchpoint.
        owners = [self.number(row[0]) * len(places) + places[row[1], row[2]] for row in met]
        return Steps(
            customer=customer,
            place=place.astype(np.int64),
            began=began,
            frictions=sorted_series(np.array(owners, np.int64), self.times(met, 3), np.zeros(len(met))),
            places=len(places),
        )

    @cached_property
    def _places(self) -> dict[tuple[str, str], set[str]]:
        """The touchpoints with friction in the span, in order, and the rules that found any there."""
        found: dict[tuple[str, str], set[str]] = {}
        for rule, channel, source in self._ask(_PLACES, self._parameters):
            found.setdefault((channel, source), set()).add(rule)
        return found

    @cached_property
    def _kinds(self) -> list[str]:
        """The types of events in the span. Their names select rows by an index, unlike patterns."""
        return [kind for (kind,) in self._ask(_KINDS, self._parameters)]

    def _reached(self, types: tuple[str, ...]) -> _Reached:
        """Who reached the step of these types, or patterns of types, at any touchpoint with friction."""
        if types not in self._read:
            named = [kind for kind in self._kinds if any(matches(name, kind) for name in types)]
            rows = self._ask(_STEPS, self._parameters | {"types": listed(named or types)})
            numbers = {place: number for number, place in enumerate(self._places)}
            self._read[types] = _Reached(
                customer=np.array([self.number(row[0]) for row in rows], dtype=np.int64),
                place=np.array([numbers[row[1], row[2]] for row in rows], dtype=np.int64),
                began=self.times(rows, 3),
            )
        return self._read[types]

    def number(self, customer: str) -> int:
        """A number for a customer, the same each time."""
        return self._code.setdefault(customer, len(self._code))

    def times(self, rows: Sequence[Sequence[Any]], column: int) -> Whole:
        """A column of times (ms since 1970), from `base` on."""
        return np.array([row[column] for row in rows], dtype=np.int64) - self.base


def sample(ask: Ask, since: int, until: int) -> int:
    """Of how many customers one is to be read, so that there are at most about `MOST_STEPS` steps."""
    ((count,),) = ask(_COUNT, {"since": seconds(since), "until": seconds(until)})
    return -(-int(count) // MOST_STEPS) or 1


def sorted_series(keys: Whole, at: Whole, numbers: Real) -> Series:
    """Sort times by key, then by time."""
    order = np.lexsort((at, keys))
    return Series(keys[order], at[order], numbers[order])


def elapsed(series: Series, of: Whole, began: Whole, apart: int = 0) -> tuple[Real, Real]:
    """How long after each begin, at least `apart`, the first time of the series came; and its number."""
    index = first_after(series.customer, series.at, of, began + apart - 1)
    found = index >= 0
    after, number = np.full(len(of), NEVER), np.zeros(len(of))
    after[found] = series.at[index[found]] - began[found]
    number[found] = series.number[index[found]]
    return after, number


def seconds(ms: int) -> str:
    """A time as a parameter of a query: seconds since 1970."""
    return f"{ms // 1000}.{ms % 1000:03}"
