"""The questions that the live page asks of the store: each one is a name, a question and its SQL.

All are parameterised; times go in and come out as milliseconds since 1970, UTC. Retracted frictions and
superseded journeys are left out by the views, doubled rows by `FINAL`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

MOST_RISKS = 10
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

# How much friction is there, what became of it, and whom did it meet: in this span and the one before?
TOTALS = """
WITH fromUnixTimestamp64Milli({start:Int64}) AS start_time
SELECT countIf(opened_at >= start_time) AS frictions,
       countIf(opened_at < start_time) AS frictions_before,
       countIf(opened_at >= start_time AND status = 'open') AS open,
       countIf(opened_at < start_time AND status = 'open') AS open_before,
       countIf(opened_at >= start_time AND status = 'resolved') AS resolved,
       countIf(opened_at < start_time AND status = 'resolved') AS resolved_before,
       uniqExactIf(customer, opened_at >= start_time) AS customers,
       uniqExactIf(customer, opened_at < start_time) AS customers_before,
       countIf(opened_at >= greatest(start_time, fromUnixTimestamp64Milli({hour:Int64}))) AS last_hour
FROM current_frictions
WHERE opened_at >= fromUnixTimestamp64Milli({before:Int64})
  AND opened_at < fromUnixTimestamp64Milli({end:Int64})
"""

# How many customers were active at all, in this span and the one before?
ACTIVE = """
WITH fromUnixTimestamp64Milli({start:Int64}) AS start_time
SELECT uniqExactIf(customer, last >= start_time) AS customers,
       uniqExactIf(customer, start < start_time) AS customers_before
FROM current_journeys
WHERE last >= fromUnixTimestamp64Milli({before:Int64}) AND start < fromUnixTimestamp64Milli({end:Int64})
"""

# Which rules find the most friction?
BY_RULE = """
WITH fromUnixTimestamp64Milli({start:Int64}) AS start_time
SELECT rule,
       countIf(opened_at >= start_time) AS frictions,
       countIf(opened_at < start_time) AS frictions_before,
       countIf(opened_at >= start_time AND status = 'open') AS open,
       uniqExactIf(customer, opened_at >= start_time) AS customers
FROM current_frictions
WHERE opened_at >= fromUnixTimestamp64Milli({before:Int64})
  AND opened_at < fromUnixTimestamp64Milli({end:Int64})
GROUP BY rule HAVING frictions > 0
ORDER BY frictions DESC, rule
"""

# Where does it happen, and which rules speak there?
BY_TOUCHPOINT = """
WITH fromUnixTimestamp64Milli({start:Int64}) AS start_time
SELECT channel, source,
       countIf(opened_at >= start_time) AS frictions,
       countIf(opened_at < start_time) AS frictions_before,
       countIf(opened_at >= start_time AND status = 'open') AS open,
       uniqExactIf(customer, opened_at >= start_time) AS customers,
       sumMapIf([toString(rule)], [toUInt64(1)], opened_at >= start_time) AS counted,
       counted.1 AS rules, counted.2 AS counts
FROM current_frictions
WHERE opened_at >= fromUnixTimestamp64Milli({before:Int64})
  AND opened_at < fromUnixTimestamp64Milli({end:Int64})
GROUP BY channel, source HAVING frictions > 0
ORDER BY frictions DESC, channel, source
"""

# How does it move over time, rule by rule? (`slot` counts buckets of `bucket` ms from `origin`.)
OVER_TIME = """
SELECT rule, intDiv(toUnixTimestamp64Milli(opened_at) - {origin:Int64}, {bucket:Int64}) AS slot,
       count() AS frictions
FROM current_frictions
WHERE opened_at >= fromUnixTimestamp64Milli({origin:Int64})
  AND opened_at < fromUnixTimestamp64Milli({end:Int64})
GROUP BY rule, slot
"""

# Whose journeys are the worst, of those active in the span?
AT_RISK = """
SELECT toString(customer) AS owner, toUnixTimestamp64Milli(last) AS touched, path, events, strikes, score,
       grade, outcome
FROM current_journeys
WHERE strikes > 0 AND last >= fromUnixTimestamp64Milli({start:Int64})
  AND start < fromUnixTimestamp64Milli({end:Int64})
ORDER BY score, strikes DESC, last DESC, customer
LIMIT {most:UInt32}
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


def one(rows: list[Row]) -> Mapping[str, Any]:
    """The only row of an aggregate."""
    return rows[0]
