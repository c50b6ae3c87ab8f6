"""Finds frictions with their cases, and the steps of a case."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Literal
from urllib.parse import quote
from uuid import UUID

from touchline.cases.case import Case, Step
from touchline.measures import Ask
from touchline.vocabulary.identifiers import rank

Which = Literal["open", "unassigned", "mine", "closed", "all"]
"""Open ones are neither resolved nor closed by staff; `mine` are the open ones that somebody has."""

MOST = 200
"""Cases of one list."""

# Texts in parameters are percent-encoded: readers differ in how they take backslashes.
_COLUMNS = """
    toString(id) AS friction, rule, channel, source, weight, toUnixTimestamp64Milli(opened_at) AS opened,
    toString(customer) AS owner, anchor, toUnixTimestamp64Milli(resolved_at) AS resolved, assignee,
    toUnixTimestamp64Milli(closed_at) AS closed, closed_by, verdict, comments
"""
_WITH_CASES = "LEFT JOIN current_cases ON current_cases.friction = found.id"
# PREWHERE reads only the rows with this id before FINAL compares versions.
_ONE = f"""
SELECT {_COLUMNS} FROM (
    SELECT * FROM frictions FINAL PREWHERE id = {{friction:UUID}} WHERE status != 'retracted'
) AS found {_WITH_CASES}
"""  # noqa: S608 - made of constants
_OPEN = "isNull(resolved_at) AND isNull(closed_at)"
_CONDITIONS: dict[Which, str] = {
    "open": _OPEN,
    "unassigned": f"{_OPEN} AND assignee = ''",
    "mine": f"{_OPEN} AND assignee = decodeURLComponent({{assignee:String}})",
    "closed": "isNotNull(closed_at)",
    "all": "1",
}
_LIST = f"""
SELECT {_COLUMNS} FROM (
    SELECT * FROM current_frictions
    WHERE opened_at >= {{since:DateTime64(3)}} AND opened_at < {{until:DateTime64(3)}}
) AS found {_WITH_CASES}
WHERE {{condition}}
ORDER BY {{order}}
LIMIT {MOST + 1}
"""  # noqa: S608 - made of constants
_OF_CUSTOMER = f"""
SELECT {_COLUMNS} FROM (SELECT * FROM current_frictions WHERE customer = {{customer:UUID}}) AS found
INNER JOIN current_cases ON current_cases.friction = found.id
ORDER BY opened, friction
LIMIT {MOST}
"""  # noqa: S608 - made of constants
# The keys of both tables find the rows: first the customers' identifiers, then their events.
_CUSTOMERS = "arrayMap(one -> toUUID(one), splitByChar(',', {customers:String}))"
_MEMBERS = f"""
SELECT toString(customer), groupArray(1000)(entity) FROM current_identities
WHERE entity IN (SELECT entity FROM identities WHERE customer IN {_CUSTOMERS}) AND customer IN {_CUSTOMERS}
GROUP BY customer
"""  # noqa: S608 - made of constants
_ENTITY = """
SELECT entity, JSONExtractRaw(context, 'consent') FROM events WHERE id = {id:String} AND entity IN (
    SELECT entity FROM current_identities WHERE customer = {customer:UUID}
) LIMIT 1
"""
_VALUES = """
SELECT entity, currency, sum(amount) FROM (
    SELECT entity, JSONExtractString(data, 'currency') AS currency,
           JSONExtract(data, 'value', 'Nullable(Float64)') AS amount
    FROM events
    WHERE type = 'order.placed'
      AND entity IN JSONExtract(decodeURLComponent({entities:String}), 'Array(String)')
    LIMIT 1 BY id
)
WHERE amount > 0 AND currency != '' GROUP BY entity, currency
"""
_STEPS = """
SELECT type, toUnixTimestamp64Milli(time), JSONExtractString(data, 'by'), JSONExtractString(data, 'assignee'),
       JSONExtractString(data, 'verdict'), JSONExtractString(data, 'comment')
FROM events
WHERE startsWith(type, 'case.') AND JSONExtractString(data, 'friction_id') = {friction:String}
ORDER BY time, transform(type, ['case.assigned', 'case.commented', 'case.closed', 'case.reopened'],
                         [1, 5, 8, 9], 5), id
LIMIT 1 BY id
LIMIT 500
"""


def find_case(ask: Ask, friction: str) -> Case | None:
    """The friction with an id and its case; None if there is none, or it was retracted.

    Raises what the store raises.
    """
    try:
        wanted = str(UUID(friction.strip()))
    except ValueError:
        return None
    rows = ask(_ONE, {"friction": wanted})
    if not rows:
        return None
    [case] = _cases(ask, rows[:1])
    anchor, owner = rows[0][7], case.customer
    event = ask(_ENTITY, {"id": anchor, "customer": owner}) or _second_layer(ask, anchor, owner)
    return (
        replace(case, entity=event[0][0], consent=event[0][1]) if event else replace(case, entity=case.name)
    )


def open_cases(
    ask: Ask, which: Which, since: int, until: int, *, assignee: str = ""
) -> tuple[list[Case], bool]:
    """Frictions opened in a span (ms, end exclusive) with their cases, and whether there are more of them.

    The heaviest come first, then the oldest; closed ones by when they were closed, the latest first.
    """
    closed = which == "closed"
    order = "closed DESC, friction" if closed else "weight DESC, opened, friction"
    sql = _LIST.replace("{condition}", _CONDITIONS[which]).replace("{order}", order)
    span = {"since": _seconds(since), "until": _seconds(until), "assignee": quote(assignee)}
    rows = ask(sql, span)
    return _cases(ask, rows[:MOST]), len(rows) > MOST


def cases_of(ask: Ask, customer: str) -> list[Case]:
    """The frictions of a customer that staff took up."""
    return _cases(ask, ask(_OF_CUSTOMER, {"customer": customer}))


def steps_of(ask: Ask, friction: str) -> list[Step]:
    """What staff did about a friction, in order."""
    return [Step(*row) for row in ask(_STEPS, {"friction": str(UUID(friction))})]


def _second_layer(ask: Ask, anchor: str, customer: str) -> Sequence[Sequence[Any]]:
    """The row of the event behind an anchor that is a friction itself."""
    try:
        rows = ask(_ONE, {"friction": str(UUID(anchor))})
    except ValueError:
        return ()
    return ask(_ENTITY, {"id": rows[0][7], "customer": customer}) if rows else ()


def _cases(ask: Ask, rows: Sequence[Sequence[Any]]) -> list[Case]:
    members = _members(ask, {row[6] for row in rows})
    values = _values(ask, members)
    return [
        Case(
            friction=row[0],
            rule=row[1],
            channel=row[2],
            source=row[3],
            weight=row[4],
            opened_at=row[5],
            customer=row[6],
            name=min(members.get(row[6]) or [row[6]], key=rank),
            resolved_at=row[8],
            assignee=row[9],
            closed_at=row[10],
            closed_by=row[11],
            verdict=row[12],
            comments=row[13],
            value=values.get(row[6], {}),
        )
        for row in rows
    ]


def _members(ask: Ask, customers: Iterable[str]) -> dict[str, list[str]]:
    listed = ",".join(sorted(customers))
    rows = ask(_MEMBERS, {"customers": listed}) if listed else ()
    return {row[0]: row[1] for row in rows}


def _values(ask: Ask, members: dict[str, list[str]]) -> dict[str, dict[str, float]]:
    owner = {entity: customer for customer, entities in members.items() for entity in entities}
    values: dict[str, dict[str, float]] = defaultdict(dict)
    if owner:
        for entity, currency, amount in ask(_VALUES, {"entities": quote(json.dumps(sorted(owner)))}):
            own = values[owner[entity]]
            own[currency] = own.get(currency, 0) + amount
    return values


def _seconds(ms: int) -> str:
    return f"{ms // 1000}.{ms % 1000:03}"
