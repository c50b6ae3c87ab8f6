"""Imports files: all of them are checked, then each is imported, from where it was left.

A bookmark tells how far a file was imported. `--again` replaces what a file gave before: its old events and
refused rows are withdrawn, by entries of the ledger, and its rows are imported from the first. The bookmark
says that this is under way until the last of them is gone, so whichever import comes after an interrupted one
ends it.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from msgspec import structs

from touchline.config.folders import locked, make_folder
from touchline.config.settings import Settings
from touchline.config.validator_in_force import load_validator
from touchline.engine.identity.decider import RefoldProgress
from touchline.friction import RuleSet
from touchline.imports import START, Mapping, check_file, read_events
from touchline.imports.bookmarks import Bookmark, Bookmarks, fingerprint
from touchline.imports.refusals import MOST_REFUSED, Tally
from touchline.runtime.garbage import search_seldom
from touchline.services.importing.history import History, open_history
from touchline.services.importing.judging import Judge, Portion, portions
from touchline.services.importing.replacing import withdraw
from touchline.services.importing.spool import Spool
from touchline.store.answers import parse_answer
from touchline.vocabulary.validation import Validator

Progress = Callable[[str, Path, int], None]
"""Called with the step (`checking`, `withdrawing`, `importing`), a file, and its bytes that are done."""

BOOKMARKS = "imports.json"
"""The file of bookmarks in the data folder."""


@dataclass
class Imported:
    """What an import did.

    `already` names files that were imported before, `resumed` the row at which files that were cut off went
    on, `empty` files without a row, `detected` what the reader of each file chose, by option. `withdrawn`
    counts old events that a file gave before, `unrefused` its old rows in quarantine, `ambiguous` times in an
    hour that a clock change repeats, `national` phone numbers of rows that stay as written, without a region,
    `suppressed` events that were not stored because their customers refused their purpose.
    `stored`, `duplicates`, `conflicting` (those whose content differs from the first event with the id) and
    `frictions` (how many the store holds now) are None where a running server folds the events.
    """

    files: int = 0
    rows: int = 0
    events: int = 0
    quarantined: int = 0
    withdrawn: int = 0
    unrefused: int = 0
    ambiguous: int = 0
    national: int = 0
    suppressed: int = 0
    stored: int | None = None
    duplicates: int | None = None
    conflicting: int | None = None
    frictions: int | None = None
    already: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    resumed: dict[str, int] = field(default_factory=dict)
    detected: dict[str, dict[str, str]] = field(default_factory=dict)
    seconds: float = 0.0


class Job(NamedTuple):
    """What to import, and how.

    Attributes:
        files: The files, in this order.
        mapping: Maps rows to events; None for native events.
        most_refused: The largest share of refused rows of a file, 0 to 1.
        again: Whether to replace what the files gave before.
        strict: Whether a file without rows stops the import.
    """

    files: Sequence[Path]
    mapping: Mapping | None
    most_refused: float = MOST_REFUSED
    again: bool = False
    strict: bool = False


class _Pending(NamedTuple):
    """A file to import: its place in the spool, its fingerprint, and where reading resumes."""

    number: int
    path: Path
    key: str
    bookmark: Bookmark


def import_files(
    job: Job,
    settings: Settings,
    rules: RuleSet,
    progress: Progress = lambda what, path, done: None,
    refolding: RefoldProgress | None = None,
) -> Imported:
    """Import files; one that was imported before is skipped, unless the job says `again`.

    Raises:
        FileError, MappingError, PlanError: a file, the mapping or the tracking plan cannot be used; nothing
            is stored.
        TooManyRefused, NoRows: too many rows of a file are refused, or it has none; nothing is stored.
        StoreError, LogFull, LogUnavailable, FolderError: the data folder cannot be used, or not now.
    """
    # Before the check, whose portions of events would be searched again and again.
    search_seldom()
    began = time.monotonic()
    done = Imported()
    validator = load_validator(settings)
    for path in job.files:
        detected = check_file(path, job.mapping)
        done.detected[str(path)] = {choice.option: choice.value for choice in detected}
    with ExitStack() as parts:
        # The check creates no folder.
        if exists := settings.data.is_dir():
            parts.enter_context(_alone(settings.data))
        bookmarks = Bookmarks(settings.data / BOOKMARKS)
        pending = list(_pending(job, bookmarks, done))
        spool = parts.enter_context(Spool(settings.data))
        for file in pending:
            if not _check(file, job, validator, spool, progress):
                done.empty.append(str(file.path))
        if not exists:
            parts.enter_context(_alone(settings.data))
            # Another import may have begun and ended during the check.
            bookmarks = Bookmarks(settings.data / BOOKMARKS)
        with open_history(settings, rules, validator, refolding) as history:
            for file in pending:
                _import(file, job, validator, (history, bookmarks, spool), done, progress)
            done.stored, done.duplicates = history.stored, history.duplicates
            done.conflicting = history.conflicting
            if history.stored is not None:
                answer = history.reader.reply("SELECT count() FROM current_frictions", "JSONCompact")
                done.frictions = int(parse_answer(answer.body).result_rows[0][0])
    done.seconds = time.monotonic() - began
    return done


def _alone(data: Path) -> AbstractContextManager[None]:
    make_folder(data)
    return locked(data / "imports.lock", f"imports into {data}")


def _pending(job: Job, bookmarks: Bookmarks, done: Imported) -> Iterator[_Pending]:
    number = 0
    for path in job.files:
        mapping = job.mapping.name if job.mapping else ""
        key, place = fingerprint(path, mapping), (str(path.resolve()), mapping)
        bookmark = bookmarks.of(key)
        if job.again:
            # The file may have had other contents, and an interrupted import may not have replaced them all.
            replaces = dict.fromkeys((key, *bookmarks.at(place), *bookmark.replaces))
            bookmark = Bookmark(replaces=tuple(replaces))
        bookmark = structs.replace(bookmark, place=place)
        if bookmark.done:
            done.already.append(str(path))
            continue
        if bookmark.position != START:
            done.resumed[str(path)] = bookmark.position.row
        yield _Pending(number, path, key, bookmark)
        number += 1


def _check(file: _Pending, job: Job, validator: Validator, spool: Spool, progress: Progress) -> int:
    """Validate a whole file, and keep what is not imported yet in the spool; returns how many rows it has."""
    tally = Tally(str(file.path))
    judge = Judge(validator, mark_of(file.key))
    resume = file.bookmark.position
    for items in portions(read_events(file.path, job.mapping)):
        portion = judge.portion(items, int(time.time() * 1000))
        tally.add(portion.rows, len(portion.touchpoints), portion.refusals)
        # Portions begin elsewhere in a file that is resumed: its rows are read again.
        if resume == START:
            spool.add(file.number, portion)
        progress("checking", file.path, portion.progress)
    tally.check(job.most_refused)
    if job.strict:
        tally.check_rows()
    progress("checking", file.path, file.path.stat().st_size)
    return tally.rows


def _import(
    file: _Pending,
    job: Job,
    validator: Validator,
    parts: tuple[History, Bookmarks, Spool],
    done: Imported,
    progress: Progress,
) -> None:
    history, bookmarks, spool = parts
    mark = mark_of(file.key)
    place, replaces = file.bookmark.place, file.bookmark.replaces
    if replaces:
        bookmarks.put(file.key, file.bookmark)
        size = file.path.stat().st_size

        def gone(share: float) -> None:
            progress("withdrawing", file.path, int(share * size))

        for key in replaces:
            events, refused = withdraw(history, mark_of(key), file.path.name, gone)
            done.withdrawn += events
            done.unrefused += refused
        bookmarks.put(file.key, Bookmark(place), without=replaces)
    for portion in _portions(file, job, Judge(validator, mark), spool):
        history.put(portion)
        bookmarks.put(file.key, Bookmark(place, portion.position))
        done.rows += portion.rows
        done.events += portion.events
        done.quarantined += len(portion.quarantine)
        done.suppressed += portion.suppressed
        done.ambiguous += portion.ambiguous
        done.national += portion.national
        progress("importing", file.path, portion.progress)
    # A file without rows is warned of, or refused, each time.
    if str(file.path) not in done.empty:
        bookmarks.put(file.key, Bookmark(place, done=True))
    done.files += 1
    progress("importing", file.path, file.path.stat().st_size)


def _portions(file: _Pending, job: Job, judge: Judge, spool: Spool) -> Iterator[Portion]:
    """What is not imported yet: what the spool keeps, then the rest of the file."""
    position = file.bookmark.position
    for portion in spool.take(file.number):
        position = portion.position
        yield portion
    if spool.full or file.bookmark.position != START:
        for items in portions(read_events(file.path, job.mapping, position)):
            yield judge.portion(items, int(time.time() * 1000))


def mark_of(key: str) -> str:
    """The mark of a file's events, from its fingerprint."""
    return key[:24]
