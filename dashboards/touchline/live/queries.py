"""Queries of the live page, besides those of the panels.

Queries take parameters; times are ms since 1970. The views leave out retracted frictions and superseded
journeys, `FINAL` leaves out duplicate rows.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from touchline.vocabulary.internal import IS_TOUCHPOINT
from touchline.vocabulary.order import phase_sql

MAX_ALERTS = 100
MAX_EVENTS = 500
MAX_FRICTIONS = 200
MAX_JOURNEYS = 50
MAX_MATCHES = 10
MAX_DATA = 4_096
"""`data` of an event that is longer (bytes) is not shown."""


class Answer(Protocol):
    """The result of a query."""

    @property
    def column_names(self) -> Sequence[str]:
        """The names of the columns, in order."""

    @property
    def result_rows(self) -> Sequence[Sequence[Any]]:
        """The rows; each has one value for each column."""


class Store(Protocol):
    """What the live page needs from a store."""

    def query(self, sql: str, parameters: dict[str, Any]) -> Answer:
        """Run a SELECT, from any thread; the server binds `parameters` (`{name:Type}`)."""


class Paced:
    """A store for a load that nobody waits for: after each query, `pause` gets the seconds that it took."""

    def __init__(self, store: Store, pause: Callable[[float], None]) -> None:
        self._store, self._pause = store, pause

    def query(self, sql: str, parameters: dict[str, Any]) -> Answer:
        """As `Store.query`, and a pause after it."""
        began = time.monotonic()
        try:
            return self._store.query(sql, parameters)
        finally:
            self._pause(time.monotonic() - began)


Row = dict[str, Any]


def run(store: Store, sql: str, **parameters: Any) -> list[Row]:
    """The rows of a query, each as column name → value."""
    answer = store.query(sql, parameters)
    return [dict(zip(answer.column_names, row, strict=True)) for row in answer.result_rows]


# The times of the first and newest data. An empty store has no journeys.
EXTENT = """
SELECT toInt64(sum(number)) AS journeys, minIf(oldest, number > 0) AS first, max(latest) AS newest
FROM (
    SELECT count() AS number, toUnixTimestamp64Milli(min(start)) AS oldest,
           toUnixTimestamp64Milli(max(last)) AS latest
    FROM journeys
    UNION ALL
    SELECT 0, 0, toUnixTimestamp64Milli(max(opened_at)) FROM frictions
)
"""

# The customers of journeys. PREWHERE reads only their rows before FINAL compares versions.
CUSTOMERS_OF_JOURNEYS = """
SELECT toString(id) AS journey, toString(customer) AS owner
FROM journeys FINAL PREWHERE id IN {journeys:Array(UUID)} WHERE NOT superseded
"""

# The identifiers of customers, by customer id.
IDENTIFIERS_OF_CUSTOMERS = """
SELECT toString(customer) AS owner, groupArray(100)(entity) AS entities
FROM current_identities
WHERE entity IN (SELECT entity FROM identities WHERE customer IN {customers:Array(UUID)})
  AND customer IN {customers:Array(UUID)}
GROUP BY customer
"""

# The customers with one of these identifiers.
CUSTOMERS_BY_IDENTIFIER = """
SELECT toString(customer) AS owner, groupArray(entity) AS entities
FROM current_identities
WHERE entity IN {candidates:Array(String)}
GROUP BY customer ORDER BY customer LIMIT {limit:UInt32}
"""

# The same for identifiers that only occur together with stronger ones.
CUSTOMERS_BY_EVENTS = """
SELECT toString(customer) AS owner, groupArray(100)(entity) AS entities
FROM current_identities
WHERE entity IN (SELECT entity FROM events WHERE hasAny(identifiers, {candidates:Array(String)}))
GROUP BY customer ORDER BY customer LIMIT {limit:UInt32}
"""

# The newest events of a customer; `total` is the number of all.
EVENTS = f"""
SELECT id, type, toUnixTimestamp64Milli(time) AS at, channel, source,
       if(length(data) > {{max_data:UInt32}}, '', data) AS details, length(data) AS bytes,
       count() OVER () AS total
FROM events FINAL
WHERE {IS_TOUCHPOINT} AND entity IN (SELECT entity FROM current_identities WHERE customer = {{customer:UUID}})
ORDER BY time DESC, {phase_sql()} DESC, id DESC
LIMIT {{limit:UInt32}}
"""  # noqa: S608 - made of constants

# The newest frictions of a customer, with their evidence.
FRICTIONS = """
SELECT toString(id) AS key, rule, toUnixTimestamp64Milli(opened_at) AS at,
       toString(status) AS state, toUnixTimestamp64Milli(resolved_at) AS resolved, channel, source,
       evidence, weight, factor
FROM current_frictions
WHERE customer = {customer:UUID}
ORDER BY opened_at DESC, id
LIMIT {limit:UInt32}
"""

# The newest journeys of a customer.
JOURNEYS = """
SELECT toUnixTimestamp64Milli(start) AS began, toUnixTimestamp64Milli(last) AS ended, path, events, strikes,
       score, grade, outcome
FROM current_journeys
WHERE customer = {customer:UUID}
ORDER BY start DESC
LIMIT {limit:UInt32}
"""
