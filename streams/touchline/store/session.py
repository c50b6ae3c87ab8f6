"""The worker's statements on a handle: queries decoded into records, and deletions.

A statement of ours that the engine rejects is a lack of disk or memory, so it counts as StoreUnavailable.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

import msgspec
import orjson

from touchline.store.errors import QueryError, StoreUnavailable
from touchline.store.handles.handle import Handle, Verbatim

T = TypeVar("T")


class Session:
    """Runs statements on one handle. Every method raises StoreUnavailable; the call may be repeated."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def rows(self, sql: str) -> list[list[Any]]:
        """The rows of a query."""
        rows: list[list[Any]] = orjson.loads(self._read(sql, "JSONCompact"))["data"]
        return rows

    def columns(self, sql: str, **parameters: Verbatim) -> list[list[Any]]:
        """The columns of a query; an empty list where it returns no rows."""
        columns: list[list[Any]] = orjson.loads(self._read(sql, "JSONCompactColumns", **parameters))
        return columns

    def records(self, sql: str, decoder: msgspec.json.Decoder[T], **parameters: Verbatim) -> list[T]:
        """The rows of a query as records."""
        return decoder.decode_lines(self._read(sql, "JSONEachRow", **parameters))

    def json_lines(self, sql: str, decoder: msgspec.json.Decoder[T], **parameters: Verbatim) -> list[T]:
        """The rows of a query whose one column is JSON text, as records."""
        return decoder.decode_lines(self._read(sql, "TSVRaw", **parameters))

    def stream(self, sql: str, decoder: msgspec.json.Decoder[T]) -> Iterator[T]:
        """The rows of a query as records, read in portions: the answer may be of any size."""
        rest = b""
        try:
            for part in self._handle.stream(sql, "JSONEachRow"):
                *lines, rest = (rest + part).split(b"\n")
                yield from map(decoder.decode, lines)
        except QueryError as error:
            raise StoreUnavailable(f"the store did not answer: {error}") from error

    def delete(self, sql: str, **parameters: Verbatim) -> None:
        """Run a deletion."""
        try:
            self._handle.delete(sql, parameters=parameters)
        except QueryError as error:
            raise StoreUnavailable(f"the store deleted nothing: {error}") from error

    def _read(self, sql: str, fmt: str, **parameters: Verbatim) -> bytes:
        try:
            return self._handle.read(sql, fmt, parameters)
        except QueryError as error:
            raise StoreUnavailable(f"the store did not answer: {error}") from error


def json_list(values: Sequence[str] | Sequence[tuple[str, ...]]) -> Verbatim:
    """A list as one JSON text: by far the fastest way to pass ten thousand values."""
    return Verbatim(orjson.dumps(values).decode().replace("\\", "\\\\"))


def id_list(ids: Sequence[str] | Sequence[UUID]) -> Verbatim:
    """Ids as a parameter that is a JSON list."""
    return json_list([str(one) for one in ids])


def verbatim(parameters: Mapping[str, str]) -> dict[str, Verbatim]:
    """Parameters that keep their backslashes."""
    return {name: Verbatim(text) for name, text in parameters.items()}
