"""Reads what an explanation compares: those affected, those who could have been, and what they had before."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import orjson

from touchline.analysis.explain.attributes import Sightings
from touchline.analysis.explain.explanation import Attribute, Explanation, step_words
from touchline.analysis.explain.findings import FEWEST, explain
from touchline.analysis.impact.trials import NEVER, Trials
from touchline.analysis.reading.explaining.comparison_step import with_step
from touchline.analysis.reading.explaining.scope_rows import NAMEABLE, SAMPLED, ScopeRows, may_be_named
from touchline.analysis.reading.explaining.scopes import Scope
from touchline.analysis.reading.steps import OWNERS, Ask, elapsed, seconds, selects, sorted_series
from touchline.vocabulary.durations import DAY
from touchline.vocabulary.internal import IS_TOUCHPOINT

Rows = Sequence[Sequence[Any]]

LOOK_BACK: Final = 30 * DAY
"""How long (ms) before the first step events count as known before the friction."""

_STEPS = f"""
SELECT toString(customer), channel, source, toUnixTimestamp64Milli(min(time)) AS began
FROM ($STEPPED) WHERE {SAMPLED}
GROUP BY customer, channel, source,
         intDiv(toUnixTimestamp64Milli(time) - {{base:Int64}}, {{apart:Int64}})
ORDER BY ALL
"""  # noqa: S608 - made of constants
_AFFECTED = "SELECT toString(customer), channel, source, at FROM ($AFFECTED)"
_FIELDS = f"""
SELECT entity, time, identifiers, arrayJoin(arrayFilter(
    one -> {NAMEABLE},
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
    WHERE customer IN (SELECT customer FROM ($STEPPED) WHERE {SAMPLED})
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
    """What distinguishes those affected from those who could have been: some queries, then `explain`.

    Raises:
        StoreError: the store does not answer.
    """
    scope = with_step(ask, scope)
    reader = _Reader(ask, scope)
    trials = reader.trials()
    field, value = scope.place
    others = step_words([*scope.step, *scope.met], field, _text(value) if field else "")
    return explain(
        trials, reader.sightings(trials), scope.window, scope.left_out, others, at_step=scope.is_found
    )


class _Reader:
    """Reads one scope. Times count from `base`: only small numbers can be joined with those of customers."""

    def __init__(self, ask: Ask, scope: Scope) -> None:
        self._scope = scope
        self._base = scope.since - LOOK_BACK
        self._code: dict[str, int] = {}
        self._began = np.zeros(0, dtype=np.int64)
        self._store = ScopeRows(ask, scope)

    def trials(self) -> Trials:
        """Who took the step, once a stretch and touchpoint, and when they were affected."""
        affected = self._store.rows(_AFFECTED)
        rows = self._unaffected_before(
            self._store.rows(_STEPS, base=str(self._scope.since), apart=str(self._scope.apart)), affected
        )
        places = {place: n for n, place in enumerate(sorted({(row[1], row[2]) for row in rows}))}
        met = [row for row in affected if (row[1], row[2]) in places]
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

    def _unaffected_before(self, rows: Rows, affected: Rows) -> Rows:
        """The rows without those who met the same friction before it counts: they are on neither side."""
        if "lo" not in self._scope.parameters:
            return rows
        counted = {tuple(row[:3]) for row in affected}
        since = self._store.rows(_AFFECTED, lo=str(self._scope.since))
        before = {tuple(row[:3]) for row in since} - counted
        return [row for row in rows if tuple(row[:3]) not in before]

    def sightings(self, trials: Trials) -> Sightings:
        """When the customers of trials first had each attribute that may be named."""
        order = np.argsort(trials.customer, kind="stable")
        sorted_customers = trials.customer[order]
        began = self._began
        attributes: list[Attribute] = []
        columns: list[tuple[Any, Any, Any]] = []
        since = seconds(max(0, self._base))
        for name, raw, seen in self._store.rows(_SIGHTINGS, **{"from": since}):
            value = _text(raw)
            if not may_be_named(name, raw, value):
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

    def _number(self, customer: str) -> int:
        return self._code.setdefault(customer, len(self._code))


def _text(value: str) -> str:
    """A value of JSON as people read it."""
    parsed = orjson.loads(value)
    return parsed if isinstance(parsed, str) else value
