"""Counts straight from the files, by plain SQL in SQLite: no reader or mapping of Touchline's takes part.

Run it by hand: python load.py bank_repeated_calls calls january.csv.gz february.csv.gz
"""

import csv
import gzip
import sqlite3
import sys
from collections.abc import Iterable
from pathlib import Path


def loaded(table: str, files: Iterable[Path]) -> sqlite3.Connection:
    """The rows of some .csv.gz files with the same header as one table of text, in memory.

    Column `place` is the row's number over all the files.
    """
    database = sqlite3.connect(":memory:")
    place = 0
    for file in files:
        with gzip.open(file, "rt", encoding="utf-8", newline="") as text:
            reader = csv.reader(text)
            names = next(reader)
            if not place:
                columns = ", ".join(f'"{name}" TEXT' for name in names)
                database.execute(f'CREATE TABLE "{table}" (place INTEGER, {columns})')
            insert = f'INSERT INTO "{table}" VALUES ({", ".join("?" * (len(names) + 1))})'
            for place, row in enumerate(reader, place + 1):  # noqa: B020
                database.execute(insert, [place, *row])
    return database


def count(database: sqlite3.Connection, query: str) -> int:
    """What one of the queries beside this file finds."""
    return counts(database, query)[0]


def counts(database: sqlite3.Connection, query: str) -> tuple[int, ...]:
    """All that one of the queries beside this file finds, in the order of its columns."""
    sql = Path(__file__).with_name(f"{query}.sql").read_text(encoding="utf-8")
    found: tuple[int, ...] = database.execute(sql).fetchone()
    return found


if __name__ == "__main__":
    name, table_name, *paths = sys.argv[1:]
    print(*counts(loaded(table_name, map(Path, paths)), name))  # noqa: T201
