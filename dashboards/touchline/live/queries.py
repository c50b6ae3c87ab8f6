"""The questions that the live page asks of the store: each one is a name, a question and its SQL.

What dashboards show is asked by the panels' own SQL. All are parameterised; times go in and come out as
milliseconds since 1970, UTC. Retracted frictions and superseded journeys are left out by the views,
doubled rows by `FINAL`.
"""

from collections.abc import Sequence
from typing import Any, Protocol

MOST_ALERTS = 100
MOST_TOUCHPOINTS = 500
MOST_FRICTIONS = 200
MOST_JOURNEYS = 50
MOST_MATCHES = 10
LONGEST_DATA = 4_096


class Answer(Protocol):
    """What a query gives back."""

    @property
    def column_names(self) -> Sequence[str]:
        """The names of the columns, in order."""

    @property
    def result_rows(self) -> Sequence[Sequence[Any]]:
        """The rows, each with a value a column."""


class Store(Protocol):
    """The one thing the live page needs of a store."""

    def query(self, sql: str, parameters: dict[str, Any]) -> Answer:
        """Answer a SELECT, from any thread; `parameters` are bound by the server (`{name:Type}`)."""


Row = dict[str, Any]


def ask(store: Store, sql: str, **parameters: Any) -> list[Row]:
    """The rows of an answer, each as column name → value."""
    answer = store.query(sql, parameters)
    names = answer.column_names
    return [dict(zip(names, row, strict=True)) for row in answer.result_rows]


# From when to when is there anything at all? (All zeros and no journeys: an empty store.)
EXTENT = """
SELECT toInt64(sum(made)) AS journeys, minIf(oldest, made > 0) AS first, max(latest) AS newest
FROM (
    SELECT count() AS made, toUnixTimestamp64Milli(min(start)) AS oldest,
           toUnixTimestamp64Milli(max(last)) AS latest
    FROM journeys
    UNION ALL
    SELECT 0, 0, toUnixTimestamp64Milli(max(opened_at)) FROM frictions
)
"""

# Which alerts are open, and which came and went? (Open ones first, the gravest of them on top.)
ALERTS = """
SELECT toString(id) AS key, title, severity, labels, toUnixTimestamp64Milli(opened_at) AS opened,
       toUnixTimestamp64Milli(resolved_at) AS resolved, count, customers, usual,
       evidence, summary
FROM current_alerts
ORDER BY resolved_at IS NOT NULL,
         if(resolved_at IS NULL, indexOf(['critical', 'warning', 'info'], severity), 0), opened_at DESC, id
LIMIT {most:UInt32}
"""

# Whose are these journeys? (A key of the table is asked for before versions are told apart.)
TRAVELLERS = """
SELECT toString(id) AS journey, toString(customer) AS owner
FROM journeys FINAL PREWHERE id IN {journeys:Array(UUID)} WHERE NOT superseded
"""

# By which identifiers are these customers known?
ENTITIES = """
SELECT toString(customer) AS owner, groupArray(100)(entity) AS entities
FROM current_identities
WHERE entity IN (SELECT entity FROM identities WHERE customer IN {customers:Array(UUID)})
  AND customer IN {customers:Array(UUID)}
GROUP BY customer
"""

# Whose are these identifiers?
OWNERS = """
SELECT toString(customer) AS owner, groupArray(entity) AS entities
FROM current_identities
WHERE entity IN {candidates:Array(String)}
GROUP BY customer ORDER BY customer LIMIT {most:UInt32}
"""

# Whose are they, when they only ever came together with stronger ones?
OWNERS_BY_EVENTS = """
SELECT toString(customer) AS owner, groupArray(100)(entity) AS entities
FROM current_identities
WHERE entity IN (SELECT entity FROM events WHERE hasAny(identifiers, {candidates:Array(String)}))
GROUP BY customer ORDER BY customer LIMIT {most:UInt32}
"""

# What did this customer go through? (The newest; `total` counts all.)
TOUCHPOINTS = """
SELECT id, type, toUnixTimestamp64Milli(time) AS at, channel, source,
       if(length(data) > {longest:UInt32}, '', data) AS details, length(data) AS bytes,
       count() OVER () AS total
FROM events FINAL
WHERE entity IN (SELECT entity FROM current_identities WHERE customer = {customer:UUID})
ORDER BY time DESC, id DESC
LIMIT {most:UInt32}
"""

# Where did this customer meet friction, and what is the evidence?
FRICTIONS = """
SELECT toString(id) AS key, rule, toUnixTimestamp64Milli(opened_at) AS at,
       toString(status) AS state, toUnixTimestamp64Milli(resolved_at) AS resolved, channel, source,
       evidence, weight, factor
FROM current_frictions
WHERE customer = {customer:UUID}
ORDER BY opened_at DESC, id
LIMIT {most:UInt32}
"""

# What journeys did this customer make?
JOURNEYS = """
SELECT toUnixTimestamp64Milli(start) AS began, toUnixTimestamp64Milli(last) AS ended, path, events, strikes,
       score, grade, outcome
FROM current_journeys
WHERE customer = {customer:UUID}
ORDER BY start DESC
LIMIT {most:UInt32}
"""
