"""An import of history: events are put into the log, and folded as of their own time.

Where a server already runs on the data folder, it is the one that folds what is put into its log.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid5

import orjson

from touchline.collector.acceptance import Result, accept_each
from touchline.collector.accounts import account_row
from touchline.config.settings import Settings
from touchline.config.stores import writable_store
from touchline.engine.worker import Worker
from touchline.friction import RuleSet
from touchline.imports import START, BadRow, ImportItem, Mapping, check_file, read_events
from touchline.imports.bookmarks import Bookmark, Bookmarks, fingerprint
from touchline.log.contract import Batch, LogFull
from touchline.log.sqlite import SqliteLog
from touchline.runtime.garbage import search_seldom
from touchline.store.reader import running_server
from touchline.vocabulary.ids import NAMESPACE
from touchline.vocabulary.refusal import Reason

PORTION = 5_000
"""Events that are made durable together."""

FULL_SECONDS = 120
"""How long a full log may stay full before the import gives up."""

PRODUCER = "import"
"""What the store names as the producer of imported events."""


@dataclass
class Imported:
    """What an import did.

    `already` names files that were imported before, `resumed` the row at which files that were cut off went
    on. `stored`, `duplicates` and `frictions` (how many the store holds now) are None where a running server
    folds the events.
    """

    files: int = 0
    rows: int = 0
    events: int = 0
    quarantined: int = 0
    stored: int | None = None
    duplicates: int | None = None
    frictions: int | None = None
    already: list[str] = field(default_factory=list)
    resumed: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


class History:
    """A log that events of the past are put into, and the worker that folds them, if it is ours to fold.

    Made by `open_history`.
    """

    def __init__(self, log: SqliteLog, worker: Worker | None, region: str | None) -> None:
        self._log = log
        self._worker = worker
        self._region = region
        self.done = Imported()
        if worker is not None:
            self.done.stored = self.done.duplicates = 0
            worker.bring_rules_into_force()
            self._fold()

    def add(self, items: Sequence[ImportItem]) -> None:
        """Judge the events of some rows, make them durable, and fold them."""
        now = int(time.time() * 1000)
        raws = [(item, orjson.dumps(event, default=str)) for item in items for event in item.events]
        acceptance = accept_each(
            (raw for _, raw in raws), received_at_ms=now, producer=PRODUCER, region=self._region
        )
        refused = [
            raw
            for raw, result in zip(raws, acceptance.results, strict=True)
            if result.status == "quarantined"
        ]
        quarantine = [
            _refused(orjson.loads(line), item, raw)
            for line, (item, raw) in zip(acceptance.batch.quarantine, refused, strict=True)
        ]
        quarantine += (_bad_row(item, item.bad, now) for item in items if item.bad is not None)
        # A row that is no event is counted as one that could not be used.
        unusable = [Result(None, "quarantined", None)] * (len(quarantine) - len(refused))
        line = account_row([*acceptance.results, *unusable], PRODUCER, now)
        self._append(Batch(acceptance.batch.touchpoints, quarantine, now, accounts=[line]))
        self.done.rows += sum(item.rows for item in items)
        self.done.events += len(raws)
        self.done.quarantined += len(quarantine)
        if self.done.duplicates is not None:
            self.done.duplicates += sum(result.status == "duplicate" for result in acceptance.results)
        self._fold()

    def _append(self, batch: Batch) -> None:
        """Append; where the log is full, wait for its reader to make room."""
        give_up_at = time.monotonic() + FULL_SECONDS
        while True:
            try:
                return self._log.append(batch)
            except LogFull:
                if time.monotonic() > give_up_at:
                    raise
                time.sleep(0.5)

    def _fold(self) -> None:
        if self._worker is None:
            return
        while records := self._worker.read():
            if flushed := self._worker.flush(records):
                self.done.stored = (self.done.stored or 0) + flushed.stored
                self.done.duplicates = (self.done.duplicates or 0) + flushed.duplicates
        while self._worker.flush([]):
            pass


@contextmanager
def open_history(settings: Settings, rules: RuleSet) -> Iterator[History]:
    """Open the data folder for an import.

    Raises:
        StoreError, LogFull, LogUnavailable: the data folder cannot be used.
    """
    search_seldom()
    data = settings.data
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    began = time.monotonic()
    with ExitStack() as parts:
        store = None if running_server(data) else parts.enter_context(writable_store(settings))
        log = parts.enter_context(closing(SqliteLog(data / "log.sqlite")))
        worker = None if store is None else Worker(log, store, rules, settings.journey_gap)
        history = History(log, worker, settings.region)
        yield history
        if store is not None:
            history.done.frictions = int(
                store.query("SELECT count() FROM current_frictions").result_rows[0][0]
            )
        history.done.seconds = time.monotonic() - began


def import_files(
    files: Sequence[Path],
    mapping: Mapping | None,
    settings: Settings,
    rules: RuleSet,
    *,
    again: bool = False,
    progress: Callable[[Path, int], None] = lambda path, done: None,
) -> Imported:
    """Import files in the order given; what was imported before is skipped, unless `again`.

    `progress` is told a file and how many of its bytes are done.

    Raises:
        FileError, MappingError: a file or the mapping cannot be used: nothing is imported where that shows
            at its beginning, else what came before is kept.
        StoreError, LogFull, LogUnavailable: the data folder cannot be used.
    """
    for path in files:
        check_file(path, mapping)
    with open_history(settings, rules) as history:
        bookmarks = Bookmarks(settings.data / "imports.json")
        for path in files:
            key = fingerprint(path, mapping.name if mapping else "")
            bookmark = Bookmark() if again else bookmarks.of(key)
            if bookmark.done:
                history.done.already.append(str(path))
                progress(path, path.stat().st_size)
                continue
            if bookmark.position != START:
                history.done.resumed[str(path)] = bookmark.position.row
            for items in portions(read_events(path, mapping, bookmark.position)):
                history.add(items)
                bookmarks.put(key, Bookmark(items[-1].position))
                progress(path, items[-1].progress)
            bookmarks.put(key, Bookmark(done=True))
            history.done.files += 1
            progress(path, path.stat().st_size)
    return history.done


def portions(items: Iterable[ImportItem]) -> Iterator[list[ImportItem]]:
    """Items in lists of about `PORTION` events."""
    portion: list[ImportItem] = []
    size = 0
    for item in items:
        portion.append(item)
        size += max(1, len(item.events))
        if size >= PORTION:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


def _refused(entry: dict[str, Any], item: ImportItem, raw: bytes) -> bytes:
    # The same row of the same file is the same entry, however often it is read.
    message = f"{item.file}, row {item.row}: {entry['message']}"
    return orjson.dumps({**entry, "id": _entry_id(item, raw), "message": message})


def _bad_row(item: ImportItem, bad: BadRow, now: int) -> bytes:
    return orjson.dumps(
        {
            "id": _entry_id(item, bad.body.encode()),
            "received_at": now,
            "producer": PRODUCER,
            "reason": Reason.MALFORMED_JSON,
            "message": f"{item.file}, row {bad.row}: {bad.what}",
            "field": "",
            "body": bad.body,
        }
    )


def _entry_id(item: ImportItem, body: bytes) -> str:
    return str(uuid5(NAMESPACE, f"quarantine:{item.file}:{item.row}:{body.decode(errors='replace')}"))
