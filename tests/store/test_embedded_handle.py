"""The embedded engine's handle: an answer belongs to its own query, even after a failure."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError

from touchline.store import QueryError
from touchline.store.handles.embedded import EmbeddedHandle


def test_a_handle_that_cannot_be_drained_is_reopened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the rows of a failed query cannot be discarded, the next query runs on a new client."""
    with closing(EmbeddedHandle(tmp_path / "store")) as handle:
        client, read = handle._client, handle._client.raw_query

        def fail_to_drain(sql: str, **options: Any) -> bytes:
            if sql == "SELECT 1":
                raise DatabaseError("too many open files")
            return read(sql, **options)

        monkeypatch.setattr(client, "raw_query", fail_to_drain)
        with pytest.raises(QueryError):
            handle.read("SELECT throwIf(number = 500000) FROM numbers(1000000)", "TSV", database=None)
        assert handle.read("SELECT 2", "TSV", database=None) == b"2\n"
        assert handle._client is not client
