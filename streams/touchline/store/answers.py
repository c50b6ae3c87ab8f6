"""Answers to queries: as bytes in a ClickHouse format, or parsed."""

from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as bytes in `format`."""

    body: bytes
    format: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer. Values are those of JSON: times and UUIDs are text."""

    column_names: tuple[str, ...]
    column_types: tuple[str, ...]
    result_rows: list[list[Any]]


def parse_answer(body: bytes) -> Answer:
    """Parse an answer in ClickHouse's format JSONCompact."""
    answer = orjson.loads(body)
    return Answer(
        column_names=tuple(column["name"] for column in answer["meta"]),
        column_types=tuple(column["type"] for column in answer["meta"]),
        result_rows=answer["data"],
    )
