"""What an import of a file would do: its first events, and the rows it would refuse. Nothing is written."""

import time
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from touchline.imports import Choice, ImportItem, Mapping, check_file, read_events
from touchline.imports.refusals import Tally
from touchline.runtime.garbage import search_seldom
from touchline.services.importing.files import Progress
from touchline.services.importing.judging import Judge, portions
from touchline.vocabulary.validation import Validator

SHOWN: Final = 50
"""Rows of a file that are shown as events."""


class ShownRow(NamedTuple):
    """A row as the import would take it: its events as they are stored, and why it is refused, if it is."""

    row: int
    events: list[dict[str, Any]]
    refused: str


class Rehearsal(NamedTuple):
    """What an import of one file would do.

    `ambiguous` counts times in an hour that a clock change repeats, `national` phone numbers of rows that
    stay as written, without a region.
    """

    tally: Tally
    shown: list[ShownRow]
    detected: tuple[Choice, ...]
    ambiguous: int
    national: int


def rehearse(
    path: Path,
    mapping: Mapping | None,
    validator: Validator,
    progress: Progress = lambda what, path, done: None,
) -> Rehearsal:
    """Map and validate a whole file.

    Raises:
        FileError, MappingError: the file or the mapping cannot be used.
    """
    search_seldom()
    tally, shown = Tally(str(path)), list[ShownRow]()
    detected = check_file(path, mapping)
    judge, ambiguous, national = Judge(validator), 0, 0
    now = int(time.time() * 1000)
    for items in portions(read_events(path, mapping)):
        for item in items[: SHOWN - len(shown)]:
            shown.append(_row(item, judge, now))
        portion = judge.portion(items, now)
        ambiguous += portion.ambiguous
        national += portion.national
        tally.add(portion.rows, len(portion.touchpoints), portion.refusals)
        progress("checking", path, portion.progress)
    return Rehearsal(tally, shown, detected, ambiguous, national)


def _row(item: ImportItem, judge: Judge, now: int) -> ShownRow:
    portion = judge.portion([item], now)
    refused = next((refusal.why for refusal in portion.refusals), "")
    return ShownRow(item.row, [orjson.loads(line) for line in portion.touchpoints], refused)
