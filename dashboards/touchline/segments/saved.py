"""Saved segments and funnels: what their rows in the store say."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from touchline.segments.definition import DefinitionError, Funnel, Segment, read_funnel, read_segment

D = TypeVar("D", Segment, Funnel)

SEGMENTS_SQL = """
SELECT id, definition, author, toInt64(toUnixTimestamp64Milli(written_at)) AS written
FROM current_segments ORDER BY id
"""

FUNNELS_SQL = """
SELECT id, definition, author, toInt64(toUnixTimestamp64Milli(written_at)) AS written
FROM current_funnels ORDER BY id
"""


@dataclass(frozen=True)
class Saved(Generic[D]):
    """A saved document: its text, its last author and when (ms); `definition` is None if it is invalid."""

    id: str
    text: str
    author: str
    written_at: int
    definition: D | None
    error: str = ""


def saved_segments(rows: Sequence[Sequence[Any]]) -> list[Saved[Segment]]:
    """The segments in the rows of `SEGMENTS_SQL`."""
    return [_saved(row, read_segment) for row in rows]


def saved_funnels(rows: Sequence[Sequence[Any]]) -> list[Saved[Funnel]]:
    """The funnels in the rows of `FUNNELS_SQL`."""
    return [_saved(row, read_funnel) for row in rows]


def _saved(row: Sequence[Any], read: Callable[[str], D]) -> Saved[D]:
    id_, text, author, written = row
    try:
        return Saved(id_, text, author, int(written), read(text))
    except DefinitionError as error:
        return Saved(id_, text, author, int(written), None, str(error))
