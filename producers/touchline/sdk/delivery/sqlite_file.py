"""SQLite files that hold events: readable by their owner alone, written by several processes."""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path


def open_file(path: Path, busy_seconds: float, most_bytes: int) -> sqlite3.Connection:
    """A connection to a file that is created if it is missing, in WAL mode, without implicit transactions.

    Args:
        path: The file; its folder is created if it is missing.
        busy_seconds: How long a write waits for a write of another process.
        most_bytes: The largest size of the file. A write beyond it raises sqlite3.OperationalError.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # For its owner alone; SQLite's other files get its mode. An existing file is not opened: closing it
    # would release the locks of this process's connections.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    connection = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
        connection.execute(f"PRAGMA max_page_count = {most_bytes // int(page_bytes)}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection
