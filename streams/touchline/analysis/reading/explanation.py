"""Reads what an explanation compares: those affected, those who could have been, and what they had before."""

import re
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import orjson

from touchline.analysis.explain.attributes import Sightings
from touchline.analysis.explain.explanation import Attribute, Explanation
from touchline.analysis.explain.findings import FEWEST, explain
from touchline.analysis.impact.trials import NEVER, Trials
from touchline.analysis.reading.scopes import Scope
from touchline.analysis.reading.steps import (
    NAMED,
    OWNERS,
    Ask,
    elapsed,
    listed,
    seconds,
    selects,
    sorted_series,
)
from touchline.vocabulary.durations import DAY
from touchline.vocabulary.internal import IS_TOUCHPOINT
from touchline.vocabulary.personal import is_personal

LOOK_BACK: Final = 30 * DAY
"""How long (ms) before the first step events count as known before the friction."""

LONGEST: Final = 80
"""The longest value of an attribute, in bytes of JSON; longer ones are text that nobody groups by."""

_FRACTION = re.compile(r"-?\d+\.\d+([eE][-+]?\d+)?")
_DURATION = re.compile(r"(.*[._])?(seconds|ms|milliseconds|minutes|duration)")

MOST_OTHERS: Final = 20_000
"""About how many customers who are not affected are read; of more, a part that their ids decide."""

_SAMPLED = (
    "(cityHash64(customer) % {of:UInt32} = 0 OR customer IN "
    "(SELECT toUUID(toString(customer)) FROM ($AFFECTED)))"
)
_STEPPED = f"""
SELECT customer, channel, source, time FROM (
    SELECT entity, channel, source, time FROM events
    WHERE time >= {{began:DateTime64(3)}} AND time < {{ended:DateTime64(3)}} AND {NAMED} AND {IS_TOUCHPOINT}
      AND (empty(JSONExtract({{step:String}}, 'Array(String)')) OR {selects("step")})
      AND (channel, source) IN (SELECT channel, source FROM ($AFFECTED))
) AS seen {OWNERS}
"""  # noqa: S608 - made of constants
_MET = f"""
SELECT customer, channel, source, opened_at AS time FROM current_frictions
WHERE opened_at >= {{began:DateTime64(3)}} AND opened_at < {{ended:DateTime64(3)}}
  AND NOT has(JSONExtract({{rules:String}}, 'Array(String)'), rule)
  AND {selects("met", "concat('friction.', rule)")}
  AND (channel, source) IN (SELECT channel, source FROM ($AFFECTED))
"""  # noqa: S608 - made of constants
_COUNT = "SELECT uniqExact(customer) FROM ($STEPPED)"
_STEPS = f"""
SELECT toString(customer), channel, source, toUnixTimestamp64Milli(min(time)) AS began
FROM ($STEPPED) WHERE {_SAMPLED}
GROUP BY customer, channel, source,
         intDiv(toUnixTimestamp64Milli(time) - {{base:Int64}}, {{apart:Int64}})
ORDER BY ALL
"""  # noqa: S608 - made of constants
_AFFECTED = "SELECT toString(customer), channel, source, at FROM ($AFFECTED)"
_FIELDS = f"""
SELECT entity, time, identifiers, arrayJoin(arrayFilter(
    one -> length(one.2) <= {LONGEST} AND NOT startsWith(one.2, '{{{{') AND NOT startsWith(one.2, '['),
    arrayConcat(
        [('channel', toJSONString(channel)), ('source', toJSONString(source))],
        arrayMap(one -> (concat('data.', one.1), one.2), JSONExtractKeysAndValuesRaw(data)),
        arrayMap(one -> (concat('context.', one.1), one.2), JSONExtractKeysAndValuesRaw(context))
    )
)) AS one
FROM events
WHERE time >= {{from:DateTime64(3)}} AND time < {{ended:DateTime64(3)}} AND {IS_TOUCHPOINT}
  AND NOT {selects("own")}
  AND entity IN (
    SELECT entity FROM current_identities
    WHERE customer IN (SELECT customer FROM ($STEPPED) WHERE {_SAMPLED})
  )
"""  # noqa: S608 - made of constants
_SIGHTINGS = f"""
SELECT field, value, groupArray((toString(customer), at)) FROM (
    SELECT customer, one.1 AS field, one.2 AS value, toUnixTimestamp64Milli(min(time)) AS at
    FROM ({_FIELDS}) AS seen {OWNERS}
    WHERE NOT arrayExists(known -> endsWith(lower(known), concat(':', lower(trimBoth(value, '"')))),
                          identifiers)
    GROUP BY customer, field, value
)
GROUP BY field, value HAVING count() >= {FEWEST} ORDER BY field, value
"""  # noqa: S608 - made of constants


def read_explanation(ask: Ask, scope: Scope) -> Explanation:
    """What distinguishes those affected from those who could have been: four queries, then `explain`.

    Raises:
        StoreError: the store does not answer.
    """
    reader = _Reader(ask, scope)
    trials = reader.trials()
    return explain(trials, reader.sightings(trials), scope.window, scope.left_out)


class _Reader:
    """Reads one scope. Times count from `base`: only small numbers can be joined with those of customers."""

    def __init__(self, ask: Ask, scope: Scope) -> None:
        self._ask, self._scope = ask, scope
        self._base = scope.since - LOOK_BACK
        self._code: dict[str, int] = {}
        self._began = np.zeros(0, dtype=np.int64)
        self._parameters = {
            **scope.parameters,
            "from": seconds(max(0, self._base)),
            "began": seconds(scope.since),
            "ended": seconds(scope.until),
            "step": listed(scope.step),
            "own": listed(scope.own),
            "met": listed(scope.met),
            "rules": listed(scope.rules),
            "base": str(scope.since),
            "apart": str(scope.apart),
        }
        [[customers]] = self._rows(_COUNT)
        self._parameters["of"] = str(-(-customers // MOST_OTHERS) or 1)

    def trials(self) -> Trials:
        """Who took the step, once a stretch and touchpoint, and when they were affected."""
        rows = self._rows(_STEPS)
        places = {place: n for n, place in enumerate(sorted({(row[1], row[2]) for row in rows}))}
        met = [row for row in self._rows(_AFFECTED) if (row[1], row[2]) in places]
        customer = np.array([self._number(row[0]) for row in rows], dtype=np.int64)
        place = np.array([places[row[1], row[2]] for row in rows], dtype=np.int64)
        began = self._began = np.array([row[3] for row in rows], dtype=np.int64) - self._base
        # A friction belongs to the customer's step at the same touchpoint.
        owners = [self._number(row[0]) * len(places) + places[row[1], row[2]] for row in met]
        at = np.array([row[3] for row in met], dtype=np.int64) - self._base
        frictions = sorted_series(np.array(owners, np.int64), at, np.zeros(len(met)))
        count = len(rows)
        return Trials(
            customer=customer,
            stratum=(began - LOOK_BACK) // self._scope.apart,
            friction=elapsed(frictions, customer * len(places) + place, began)[0],
            outcome=np.full(count, NEVER),
            value=np.zeros(count),
            followed=(self._scope.until - self._base - began).astype(np.float64),
            later_friction=np.full(count, NEVER),
            contact_trial=np.zeros(0, dtype=np.int64),
            contact=np.zeros(0),
        )

    def sightings(self, trials: Trials) -> Sightings:
        """When the customers of trials first had each attribute that may be named."""
        order = np.argsort(trials.customer, kind="stable")
        sorted_customers = trials.customer[order]
        began = self._began
        attributes: list[Attribute] = []
        columns: list[tuple[Any, Any, Any]] = []
        for name, raw, seen in self._rows(_SIGHTINGS):
            value = _text(raw)
            # Amounts and durations are measured, and hardly any two are equal.
            if is_personal(name, value) or _FRACTION.fullmatch(raw) or _is_duration(name, raw):
                continue
            known = [(self._code[who], at) for who, at in seen if who in self._code]
            customers = np.array([number for number, _ in known], dtype=np.int64)
            first = np.searchsorted(sorted_customers, customers, side="left")
            counts = np.searchsorted(sorted_customers, customers, side="right") - first
            offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
            trial = order[np.repeat(first, counts) + offset]
            at = np.repeat(np.array([at for _, at in known], dtype=np.int64) - self._base, counts)
            columns.append((trial, np.full(len(trial), len(attributes)), (at - began[trial])))
            attributes.append(Attribute(name, value))
        if not columns:
            nothing = np.zeros(0, dtype=np.int64)
            return Sightings([], nothing, nothing, np.zeros(0))
        trial, attribute, after = (np.concatenate(parts) for parts in zip(*columns, strict=True))
        return Sightings(attributes, trial, attribute, after.astype(np.float64))

    def _rows(self, query: str) -> Sequence[Sequence[Any]]:
        stepped = _MET if self._scope.met else _STEPPED
        query = query.replace("$STEPPED", stepped).replace("$AFFECTED", self._scope.affected)
        return self._ask(query, self._parameters)

    def _number(self, customer: str) -> int:
        return self._code.setdefault(customer, len(self._code))


def _is_duration(name: str, raw: str) -> bool:
    return raw.isdecimal() and _DURATION.fullmatch(name) is not None


def _text(value: str) -> str:
    """A value of JSON as people read it."""
    parsed = orjson.loads(value)
    return parsed if isinstance(parsed, str) else value
