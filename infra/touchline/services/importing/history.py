"""The log that events of the past are put into, and the worker that folds them as of their own time.

Where a server already runs on the data folder, it is the one that folds what is put into its log.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager

import msgspec

from touchline.config.folders import make_folder
from touchline.config.settings import Settings
from touchline.config.stores import folding_store
from touchline.engine.identity.decider import RefoldProgress, unseen_progress
from touchline.engine.worker import Worker
from touchline.friction import RuleSet
from touchline.identity import Entry
from touchline.imports import ImportItem
from touchline.log.contract import Batch, LogFull
from touchline.log.sqlite import SqliteLog
from touchline.services.importing.judging import Judge, Portion
from touchline.services.submitting import NotApplied
from touchline.store.reader import Reader, running_server, store_reader
from touchline.vocabulary.event import IMPORTED
from touchline.vocabulary.validation import Validator

FULL_SECONDS = 120
"""How long a full log may stay full before the import gives up."""

SERVER_SECONDS = 600
"""How long a running server may take to process what is in its log."""


class History:
    """A log that events of the past are put into, and the worker that folds them, if it is ours to fold.

    Made by `open_history`. `stored`, `duplicates` and `conflicting` are None where a running server folds the
    events.
    """

    def __init__(
        self,
        log: SqliteLog,
        worker: Worker | None,
        reader: Reader,
        validator: Validator,
        refolding: RefoldProgress | None = None,
    ) -> None:
        self._log = log
        self._worker = worker
        self._judge = Judge(validator)
        self.reader = reader
        self.stored: int | None = None
        self.duplicates: int | None = None
        self.conflicting: int | None = None
        if worker is not None:
            self.stored = self.duplicates = self.conflicting = 0
            worker.bring_rules_into_force(progress=refolding or unseen_progress)
            self._fold()

    def add(self, items: Sequence[ImportItem]) -> None:
        """Validate the events of some rows, make them durable, and fold them."""
        self.put(self._judge.portion(items, int(time.time() * 1000)))

    def put(self, portion: Portion) -> None:
        """Make validated events durable, and fold them."""
        self._append(portion.batch)
        if self.duplicates is not None:
            self.duplicates += portion.repeated
        if self.conflicting is not None:
            self.conflicting += portion.conflicting
        self._fold()

    def decide(self, entry: Entry) -> None:
        """Make an entry of the ledger durable, and return once it is applied.

        Raises:
            NotApplied: a running server did not apply it in time.
        """
        self._append(Batch([], [], entry.at, [msgspec.json.encode(entry)]))
        self._fold()
        self.catch_up()

    def catch_up(self) -> None:
        """Return once everything in the log is processed.

        Raises:
            NotApplied: a running server did not do it in time.
        """
        if self._worker is not None:
            return
        end = self._log.end()
        give_up_at = time.monotonic() + SERVER_SECONDS
        while self._log.committed() < end:
            if time.monotonic() > give_up_at:
                raise NotApplied(
                    f"the server did not process its log within {SERVER_SECONDS} s: see what /readyz says it"
                    " waits for, then repeat the command"
                )
            time.sleep(0.05)

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
                self.stored = (self.stored or 0) + flushed.stored
                self.duplicates = (self.duplicates or 0) + flushed.duplicates
                self.conflicting = (self.conflicting or 0) + flushed.conflicting.get(IMPORTED, 0)
        while self._worker.flush([]):
            pass


@contextmanager
def open_history(
    settings: Settings, rules: RuleSet, validator: Validator, refolding: RefoldProgress | None = None
) -> Iterator[History]:
    """Open the data folder for an import, after a refold of every customer if rules or law changed.

    Raises:
        StoreError, LogFull, LogUnavailable: the data folder cannot be used.
    """
    data = settings.data
    make_folder(data)
    with ExitStack() as parts:
        reader: Reader
        if running_server(data):
            store, reader = None, parts.enter_context(store_reader(data))
        else:
            store = reader = parts.enter_context(folding_store(settings))
        log = parts.enter_context(closing(SqliteLog(data / "log.sqlite")))
        limits = settings.limits
        worker = None if store is None else Worker(log, store, rules, settings.journey_gap, limits=limits)
        yield History(log, worker, reader, validator, refolding)
