"""SQL for the ways of customers through steps, and for where they went from each step.

The law: a customer takes a step with an event that has its condition, in the order of events (time, phase,
id), after the step before, and within a time from the first step. One event takes one step of a way. A
customer counts once, with the furthest step that any of their ways reaches; times are those of the last way
that reaches it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from touchline.measures import owned
from touchline.panels.panel import Column
from touchline.vocabulary.internal import IS_TOUCHPOINT
from touchline.vocabulary.order import phase_sql

FEWEST = 5
ONE_IN = 100
"""The minimum support of a target of its own: customers, and their share of those who ended anywhere."""

MOST_TARGETS = 5
"""Targets of a step besides the next step, nothing, and something else."""

THEN = "Then: "
"""How targets begin that are no step."""

FLOW_COLUMNS: Mapping[str, Column] = {
    "source": Column("From", "text"),
    "target": Column("To", "text"),
    "customers": Column("Customers"),
}

_NONE = "CAST([], 'Array(Int64)')"


@dataclass(frozen=True, slots=True)
class Steps:
    """Steps in order: their names and conditions on `events`, both as SQL, and the time (ms) for all."""

    names: tuple[str, ...]
    conditions: tuple[str, ...]
    within: int

    @property
    def labels(self) -> str:
        """SQL for the array of the names."""
        return labels_sql(self.names)


def labels_sql(names: Sequence[str]) -> str:
    """SQL for the array of names of steps, which are SQL."""
    return f"[{', '.join(names)}]"


def ways_sql(steps: Steps, where: str) -> str:
    """SQL with `ways` of each `customer`: for each step, the times (ms) of the last way to it, or [].

    `where` is a condition on `events` that all steps fulfil.
    """
    events = f"({' OR '.join(steps.conditions)}) AND {where}"
    mask = " + ".join(
        f"if({condition}, {1 << number}, 0)" for number, condition in enumerate(steps.conditions)
    )
    rows = (
        f"SELECT entity, toUnixTimestamp64Milli(time) AS at, {phase_sql()} AS phase, id, "
        f"toUInt16({mask}) AS taken FROM events WHERE {events}"
    )
    in_order = "arrayCompact(arraySort(groupArray((at, phase, id, taken))))"
    sql = f"""
SELECT customer, arrayMap(event -> (event.1, event.4), {in_order}) AS events
FROM ({owned(rows)}) GROUP BY customer"""
    numbers = range(len(steps.conditions))
    for step in numbers:
        sql = f"SELECT *, {_last_ways(step, steps.within)} AS last_{step} FROM ({sql})"
    return f"""
SELECT customer, [{", ".join(f"last_{step}[-1]" for step in numbers)}] AS ways
FROM ({sql})
WHERE notEmpty(last_0[-1])
"""


def _last_ways(step: int, within: int) -> str:
    """SQL for the last way to a step after each of `events`, an array of (time, steps taken).

    Such functions of whole arrays take a quarter of the time of arrayFold, which goes from event to event.
    """
    if step == 0:
        ways = f"arrayMap(event -> if(bitTest(event.2, 0), [event.1], {_NONE}), events)"
    else:
        ways = f"""arrayMap((event, before) -> if(
            bitTest(event.2, {step}) AND notEmpty(before) AND event.1 - before[1] <= {within},
            arrayPushBack(before, event.1), {_NONE}),
        events, arrayPushFront(arrayPopBack(last_{step - 1}), {_NONE}))"""
    return f"arrayFill(way -> notEmpty(way), {ways})"


def flows_sql(steps: Steps, where: str) -> str:
    """SQL for where customers went from each step, by the type of their next event: `targets_sql`.

    Args:
        steps: The steps.
        where: A condition on `events` that all steps fulfil.
    """
    events = f"SELECT entity, toUnixTimestamp64Milli(time) AS at, id, type FROM events WHERE {where}"
    # Every customer with a way has an event at `last`, so the join and its condition lose nobody.
    ended = f"""
SELECT any(furthest) AS reached,
       argMinIf(type, (at, {phase_sql()}, id), {IS_TOUCHPOINT} AND at > last) AS came, 1 AS number
FROM ({owned(events)}) AS seen
INNER JOIN (
    SELECT customer, toUInt64(arrayCount(way -> notEmpty(way), ways)) AS furthest,
           ways[furthest][1] AS first, ways[furthest][furthest] AS last
    FROM ({ways_sql(steps, where)})
) AS ended USING (customer)
WHERE at >= last AND at <= first + {steps.within}
GROUP BY customer"""
    return targets_sql(steps.names, ended)


def targets_sql(names: Sequence[str], ended: str) -> str:
    """SQL for where customers went from each step: `source`, `target` and `customers`.

    The numbers from a step, and those to a later step, add up to its number of customers. Who did not take
    the next step went to what came next, to nothing, or to something else: targets without the minimum
    support, and those beyond `MOST_TARGETS`, are one.

    Args:
        names: The names of the steps, as SQL.
        ended: SQL for `number` of customers who `reached` a step (from 1) as their furthest, and what `came`
            next; '' for nothing.
    """
    labels = labels_sql(names)
    return f"""
SELECT {labels}[step] AS source,
       multiIf(onward, {labels}[step + 1],
               came = '', '{THEN}nothing',
               found < {FEWEST} OR found * {ONE_IN} < ended OR place > {MOST_TARGETS}, '{THEN}something else',
               concat('{THEN}', came)) AS target,
       sum(found) AS customers
FROM (
    SELECT flow.1 AS step, flow.2 AS onward, flow.3 AS came, sum(number) AS found,
           sum(if(onward, 0, found)) OVER () AS ended,
           row_number() OVER (PARTITION BY step, onward, came = '' ORDER BY found DESC, came) AS place
    FROM (
        SELECT arrayJoin(arrayConcat(
                   arrayMap(taken -> (taken, true, ''), range(toUInt64(1), toUInt64(reached))),
                   if(reached < {len(names)}, [(toUInt64(reached), false, came)], []))) AS flow,
               sum(number) AS number
        FROM ({ended})
        GROUP BY flow
    )
    GROUP BY step, onward, came
)
GROUP BY step, target
ORDER BY step, startsWith(target, '{THEN}'), customers DESC, target
"""
