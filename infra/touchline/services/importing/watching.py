"""Imports each new file of a folder once: `touchline import --watch`.

A file is read when it has stayed as it is for a while. What was imported is known by its contents, as for
every import, so a file that is renamed is not imported again, also not after a restart. A file that is
refused is reported and left where it is; it is tried again when it changes.
"""

import errno
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Literal, NamedTuple

from touchline.config.folders import FolderError
from touchline.config.settings import Settings
from touchline.friction import RuleSet
from touchline.imports import FileError, MappingError
from touchline.imports.bookmarks import Bookmarks, fingerprint
from touchline.imports.readers.formats import is_known
from touchline.services.importing.files import BOOKMARKS, Job, import_files
from touchline.services.submitting import NotApplied
from touchline.store import StoreError
from touchline.vocabulary.errors import LogError

SETTLE_SECONDS: Final = 5.0
"""How long a file must stay as it is before it is read."""

_LOOK_SECONDS: Final = 1.0
_RETRY_SECONDS: Final = 5.0

# Nothing is wrong with the file, and the next attempt may succeed.
_RETRIED: Final = (FolderError, LogError, NotApplied, StoreError)

Status = Literal["imported", "already", "refused", "waiting"]


class FileReport(NamedTuple):
    """What became of a file.

    Attributes:
        status: `already` if its contents were imported before; `waiting` if it cannot be imported now.
        stored: Events that were new; None where a running server folds them.
        duplicates: Events that were there already; None as above.
        why: Why it is refused, or what is waited for.
    """

    file: str
    status: Status
    rows: int = 0
    events: int = 0
    quarantined: int = 0
    stored: int | None = None
    duplicates: int | None = None
    seconds: float = 0.0
    why: str = ""


class _Ended(Exception):
    """The watch ends within a file; the next import of it goes on from there."""


class _Stamp(NamedTuple):
    """What changes with a file."""

    size: int
    changed_ns: int
    inode: int


class Arrivals:
    """The files of a folder that have settled and are not done.

    Args:
        folder: The folder; those in it are not looked into.
        settle: Seconds that a file must stay as it is.
        clock: Returns monotonic seconds.
    """

    def __init__(self, folder: Path, settle: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._settle = settle
        self._clock = clock
        self._seen: dict[Path, tuple[_Stamp, float]] = {}
        self._done: dict[Path, _Stamp] = {}

    def settled(self) -> list[Path]:
        """Look, and return the files to read now, the oldest first.

        Raises:
            FileError: the folder cannot be read.
        """
        now = self._clock()
        seen: dict[Path, tuple[_Stamp, float]] = {}
        ready: list[tuple[int, Path]] = []
        for path, stamp in self._files():
            before = self._seen.get(path)
            since = before[1] if before is not None and before[0] == stamp else now
            seen[path] = stamp, since
            if now - since >= self._settle and self._done.get(path) != stamp:
                ready.append((stamp.changed_ns, path))
        self._seen = seen
        self._done = {path: stamp for path, stamp in self._done.items() if path in seen}
        return [path for _, path in sorted(ready)]

    def is_same(self, path: Path) -> bool:
        """Whether a file is still as it was at the last look."""
        return path in self._seen and _stamp(path) == self._seen[path][0]

    def done(self, path: Path) -> None:
        """Return a file no more, unless it changes from what it was at the last look."""
        self._done[path] = self._seen[path][0]

    def _files(self) -> Iterator[tuple[Path, _Stamp]]:
        try:
            paths = list(self._folder.iterdir())
        except OSError as error:
            raise FileError(f"cannot read the folder {self._folder}: {error.strerror or error}") from None
        for path in paths:
            # Programs that copy files give them such names until they are whole.
            if path.name.startswith((".", "~")) or not is_known(path):
                continue
            stamp = _stamp(path)
            if stamp is not None and stamp.size:
                yield path, stamp


def watch(
    folder: Path,
    job: Job,
    settings: Settings,
    rules: RuleSet,
    *,
    stop: threading.Event,
    report: Callable[[FileReport], None],
    settle: float = SETTLE_SECONDS,
) -> None:
    """Import the files of a folder, and each that comes, until `stop` is set.

    Args:
        folder: The folder.
        job: How to import; its `files` are not used. With `again`, a file whose contents changed replaces
            what it gave before.
        settings: Name the data folder.
        rules: The rules to fold by, where no server runs on the data folder.
        stop: Set it to end within seconds, between two portions of a file.
        report: Called with each result.
        settle: Seconds that a file must stay as it is before it is read.

    Raises:
        FileError: the folder cannot be read at the start.
        PlanError, PrivacyError: a file of the settings cannot be used.
    """
    arrivals = Arrivals(folder, settle)
    arrivals.settled()
    waiting = ""
    while not stop.wait(_LOOK_SECONDS):
        try:
            paths = arrivals.settled()
        except FileError as error:
            # It may be on a disk of another machine.
            paths = []
            if str(error) != waiting:
                waiting = str(error)
                report(FileReport(str(folder), "waiting", why=waiting))
        for path in paths:
            if stop.is_set():
                return
            done = _import(path, job, settings, rules, stop)
            if done is None:
                return
            if done.status == "waiting":
                if done.why != waiting:
                    report(done)
                waiting = done.why
                stop.wait(_RETRY_SECONDS)
                break
            waiting = ""
            if done.status != "imported" or arrivals.is_same(path):
                arrivals.done(path)
            report(done)


def _import(
    path: Path, job: Job, settings: Settings, rules: RuleSet, stop: threading.Event
) -> FileReport | None:
    """Import one file; None if the watch ended within it."""

    def progress(what: str, path: Path, done: int) -> None:
        if stop.is_set():
            raise _Ended

    try:
        mapping = job.mapping.name if job.mapping else ""
        key = fingerprint(path, mapping)
        bookmarks = Bookmarks(settings.data / BOOKMARKS)
        if bookmarks.of(key).done:
            return FileReport(str(path), "already")
        again = job.again and bool(bookmarks.at((str(path.resolve()), mapping)))
        done = import_files(job._replace(files=[path], again=again), settings, rules, progress)
    except _Ended:
        return None
    except _RETRIED as error:
        return FileReport(str(path), "waiting", why=str(error))
    except (FileError, MappingError) as error:
        return FileReport(str(path), "refused", why=str(error))
    except OSError as error:
        status: Status = "refused" if error.errno in (errno.ENOENT, errno.EISDIR) else "waiting"
        return FileReport(str(path), status, why=f"{error.filename or path}: {error.strerror}")
    return FileReport(
        str(path),
        "imported",
        done.rows,
        done.events,
        done.quarantined,
        done.stored,
        done.duplicates,
        round(done.seconds, 3),
        "it has no rows" if done.empty else "",
    )


def _stamp(path: Path) -> _Stamp | None:
    """What changes with a file; None if it is no file any more."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return _Stamp(stat.st_size, stat.st_mtime_ns, stat.st_ino) if path.is_file() else None
