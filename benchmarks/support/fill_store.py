"""Fills a store with customers by SQL: the rows that a worker would have written."""

from contextlib import closing
from pathlib import Path

from touchline.engine.engine import Setup
from touchline.friction import RuleSet
from touchline.identity import LIMITS, law
from touchline.measures import customer_id_of
from touchline.store import Store
from touchline.store.handles.embedded import EmbeddedHandle

BATCH = 500_000
OBLIGATION_EVERY = 100
"""One customer in this many has a pending obligation."""

_ID = "concat('past-', toString(number))"
_TIME = "fromUnixTimestamp64Milli({now:Int64} - (1 + number % 30 * 24) * 3600000, 'UTC')"
_DUE = f"number % {OBLIGATION_EVERY} = 0"

_CUSTOMERS = f"""
SELECT number, concat('account:past-', toString(number)) AS account, {customer_id_of("account")} AS owner,
    [account, concat('device:', lower(hex(SHA1(account))))] AS named
FROM numbers({{first:UInt64}}, {{customers:UInt64}})
"""  # noqa: S608 - made of constants
_COLUMNS: dict[str, dict[str, str]] = {
    "events": {
        "id": _ID,
        "type": f"if({_DUE}, 'cart.updated', 'page.viewed')",
        "time": _TIME,
        "received_at": _TIME,
        "channel": "'web'",
        "source": "'shop'",
        "producer": "'past'",
        "entity": "account",
        "identifiers": "named",
        "data": """'{"page":"/"}'""",
        "context": "'{}'",
        "schema": "1",
        "log_offset": "0",
    },
    "identities": {"entity": "arrayJoin(named)", "customer": "owner", "version": "1"},
    "occurrences": {"identifier": "arrayJoin(named)", "identifiers": "named"},
    "journeys": {
        "id": customer_id_of(f"concat('journey:', {_ID})"),
        "customer": "owner",
        "first": _ID,
        "start": _TIME,
        "last": _TIME,
        "path": "['web']",
        "visits": "1",
        "events": "1",
        "score": "100",
        "grade": "'A'",
        "outcome": "'open'",
        "due_at": f"if({_DUE}, fromUnixTimestamp64Milli({{now:Int64}} + 3600000, 'UTC'), NULL)",
        "version": "1",
    },
}
"""SQL for the columns of each table's rows; every other column has its default."""


def account(number: int) -> str:
    """The account of a customer that `fill` adds."""
    return f"account:past-{number}"


def fill(path: Path, first: int, customers: int, now: int) -> None:
    """Add customers with one account, one device, one event and one journey each.

    Args:
        path: The folder of a store that this process has open.
        first: The number of the first customer.
        customers: How many customers to add.
        now: The present (ms); all events are earlier.
    """
    with closing(EmbeddedHandle(path)) as handle:
        for start in range(first, first + customers, BATCH):
            batch = {"now": now, "first": start, "customers": min(BATCH, first + customers - start)}
            for table, columns in _COLUMNS.items():
                rows = f"SELECT {', '.join(columns.values())} FROM ({_CUSTOMERS})"  # noqa: S608 - constants
                handle.command(f"INSERT INTO {table} ({', '.join(columns)}) {rows}", parameters=batch)


def mark_folded(store: Store, rules: RuleSet, now: int) -> None:
    """Record that everything in the store is folded by these rules, so that no worker refolds it."""
    store.put_in_force(Setup(rules).in_force, now)
    store.put_law_in_force(law(LIMITS), now)
