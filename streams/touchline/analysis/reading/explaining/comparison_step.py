"""Finds the step of a scope that names none: the last that nearly all affected passed, and others too."""

from dataclasses import replace
from typing import Final

import orjson

from touchline.analysis.explain.comparison_step import SHORTLY, Passing, Step, last_common_step
from touchline.analysis.reading.explaining.scope_rows import (
    AT_TOUCHPOINTS,
    NAMEABLE,
    SAMPLED,
    ScopeRows,
    may_be_named,
)
from touchline.analysis.reading.explaining.scopes import Scope
from touchline.analysis.reading.steps import OWNERS, Ask, listed, selects

ENOUGH: Final = 4
"""Other customers for each affected one: more make a comparison hardly surer."""

_PASSED = f"""
SELECT kind, field, value, count() AS affected, quantileExactLow(0.5)(earlier) AS before,
       (SELECT uniqExact(toString(customer), channel, source) FROM ($AFFECTED)) AS total
FROM (
    SELECT customer, channel, source, kind, one.1 AS field, one.2 AS value,
           min(at - toUnixTimestamp64Milli(time)) AS earlier
    FROM (
        SELECT entity, channel, source, time, type AS kind, arrayJoin(arrayConcat(
            [('', '')], arrayFilter(one -> {NAMEABLE}, JSONExtractKeysAndValuesRaw(data))
        )) AS one
        FROM events
        WHERE {AT_TOUCHPOINTS} AND NOT {selects("own")} AND NOT {selects("troubles")}
          AND entity IN (
            SELECT entity FROM current_identities
            WHERE customer IN (SELECT toUUID(toString(customer)) FROM ($AFFECTED))
        )
    ) AS seen {OWNERS}
    INNER JOIN (
        SELECT toUUID(toString(customer)) AS customer, channel, source, min(at) AS at
        FROM ($AFFECTED) GROUP BY customer, channel, source
    ) AS met USING (customer, channel, source)
    WHERE toUnixTimestamp64Milli(time) < at AND toUnixTimestamp64Milli(time) >= at - {SHORTLY}
    GROUP BY customer, channel, source, kind, field, value
)
GROUP BY kind, field, value HAVING affected >= total / 2 ORDER BY kind, field, value
"""  # noqa: S608 - made of constants
_STEPS = "JSONExtract(unhex({steps:String}), 'Array(Array(String))')"
_OTHERS = f"""
SELECT kind, field, value, uniqExact(customer) AS others,
       uniqExactIf(customer, came != '' AND came != value
                             AND time <= came_at + toIntervalMillisecond({SHORTLY}))
FROM (
    SELECT customer, kind, field, value, time,
           lagInFrame(value) OVER own AS came, lagInFrame(time) OVER own AS came_at
    FROM (
        SELECT customer, kind, one.1 AS field, one.2 AS value, time
        FROM (
            SELECT entity, time, type AS kind, arrayJoin(arrayConcat([('', '')], arrayFilter(
                one -> has(arrayMap(step -> [step[1], step[2]], {_STEPS}), [type, one.1]),
                JSONExtractKeysAndValuesRaw(data)
            ))) AS one
            FROM events WHERE {AT_TOUCHPOINTS} AND has(arrayMap(step -> step[1], {_STEPS}), type)
        ) AS seen {OWNERS}
        WHERE {SAMPLED} AND customer NOT IN (SELECT toUUID(toString(customer)) FROM ($AFFECTED))
    )
    WINDOW own AS (PARTITION BY customer, kind, field ORDER BY time, value
                   ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)
)
WHERE has({_STEPS}, [kind, field, value])
GROUP BY kind, field, value ORDER BY kind, field, value
"""  # noqa: S608 - made of constants


def with_step(ask: Ask, scope: Scope) -> Scope:
    """The scope with the step that is found, if its rules name none; the same scope if none is found.

    If fewer than `ENOUGH` others for each affected took the step, those of earlier count as well.

    Raises:
        StoreError: the store does not answer.
    """
    if scope.step or scope.met:
        return scope
    found, affected = _find(ask, scope)
    if scope.earlier and (found is None or found.others < ENOUGH * affected):
        scope = scope.begun_earlier()
        found, _ = _find(ask, scope)
    if found is None:
        return scope
    return replace(scope, step=[found.step.kind], place=(found.step.field, found.step.value), is_found=True)


def _find(ask: Ask, scope: Scope) -> tuple[Passing | None, int]:
    """The last common step, and how many are affected."""
    reader = ScopeRows(ask, scope)
    rows = reader.rows(_PASSED, troubles=listed(scope.troubles))
    passed = {
        Step(kind, field, value): (affected, before)
        for kind, field, value, affected, before, _ in rows
        if not field or may_be_named(f"data.{field}", value, value.strip('"'))
    }
    if not passed:
        return None, 0
    total = rows[0][-1]
    # In hex: it has quotation marks, which stores read in different ways.
    steps = orjson.dumps([list(step) for step in passed]).hex()
    others = {
        Step(kind, field, value): (count, moved)
        for kind, field, value, count, moved in reader.rows(_OTHERS, steps=steps)
    }
    passings = [Passing(step, *passed[step], *others.get(step, (0, 0))) for step in passed]
    return last_common_step(passings, total), total
