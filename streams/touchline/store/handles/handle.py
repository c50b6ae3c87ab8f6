"""The interface of a connection to an engine, and the values that pass through it."""

from abc import ABC, abstractmethod
from collections.abc import Generator, Mapping
from typing import Any

DATABASE = "touchline"

STREAMED = frozenset({"Native", "TabSeparated", "TSV", "CSV", "RowBinary", "JSONEachRow"})
"""Formats that can be sent in parts: the concatenated parts are the complete answer."""

Parameters = Mapping[str, Any]


class Verbatim:
    """A query parameter in ClickHouse's text form, as `param_…` of its HTTP protocol takes it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text


class Handle(ABC):
    """A connection to an engine. SQL refers to parameters as `{name:Type}`.

    Every method raises QueryError, with ClickHouse's message, where the engine rejects the statement, and
    StoreUnavailable where the engine does not answer.
    """

    @abstractmethod
    def read(
        self, sql: str, fmt: str, parameters: Parameters | None = None, database: str | None = DATABASE
    ) -> bytes:
        """The complete answer to a query, in a ClickHouse format."""

    @abstractmethod
    def stream(
        self, sql: str, fmt: str, parameters: Parameters | None = None
    ) -> Generator[bytes, None, None]:
        """The answer in parts, in one of the `STREAMED` formats. Close the generator to stop early."""

    @abstractmethod
    def command(
        self, sql: str, database: str | None = DATABASE, parameters: Parameters | None = None
    ) -> None:
        """Run a statement that returns no rows."""

    @abstractmethod
    def delete(self, sql: str, database: str | None = DATABASE, parameters: Parameters | None = None) -> None:
        """Run a statement that deletes rows, and leave no trace of them where the engine would."""

    @abstractmethod
    def insert(
        self,
        table: str,
        columns: list[str] | None,
        body: bytes,
        settings: Mapping[str, str],
        fmt: str = "ArrowStream",
    ) -> int:
        """Insert rows given in a ClickHouse format and return their number. `columns` None means all."""

    @abstractmethod
    def interrupt(self) -> None:
        """Ask the engine to end the running statement, if any, from any thread. It may take its time."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection after its running statement has ended, or leave it if that takes too long."""
