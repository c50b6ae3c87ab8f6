"""Rows that a store holds twice, until it merges them: they count once."""

from touchline.store import Store

TIMES = {
    "events": ("time", "received_at"),
    "frictions": ("opened_at", "detected_at", "resolved_at"),
    "journeys": ("start", "last", "due_at", "way_begun"),
    "quarantine": ("received_at",),
    "accounts": ("at",),
}
"""The columns of times, by table."""


def store_twice(store: Store, table: str, which: str) -> None:
    """Insert rows a second time, as they are; merges of the table end, which would remove them."""
    store._handle.command(f"SYSTEM STOP MERGES {table}")
    times = ", ".join(
        f"arrayMap(time -> toUnixTimestamp64Milli(time), {name}) AS {name}"
        if name == "way_begun"
        else f"toUnixTimestamp64Milli({name}) AS {name}"
        for name in TIMES[table]
    )
    answer = store.query(f"SELECT * REPLACE ({times}) FROM {table} WHERE {which}")
    assert answer.result_rows
    columns = dict(zip(answer.column_names, map(list, zip(*answer.result_rows, strict=True)), strict=True))
    store.insert(table, columns, f"{table} twice")
