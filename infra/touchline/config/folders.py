"""The data folder: created for its user alone, checked for room, locked for the work of one process."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from touchline.vocabulary.errors import TouchlineError

ROOM_BYTES = 32 * 1024**2
"""The free space on its disk that a data folder needs for a process to begin."""


class FolderError(TouchlineError):
    """A data folder cannot be used; the message says why and what to do."""


class Locked(FolderError):
    """Another process does this work in the data folder; the message names it."""


def make_folder(data: Path) -> None:
    """Create a data folder if there is none. From now on this process creates files for its user alone.

    Raises:
        FolderError: the folder cannot be created or written, or its disk is full. On a full disk, a new store
            would be left incomplete, and could not be opened later.
    """
    os.umask(0o077)
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        with TemporaryFile(dir=data):
            disk = os.statvfs(data)
    except OSError as error:
        raise FolderError(
            f"{data} cannot be used for data: {error.strerror}; name another with --data"
        ) from None
    free = disk.f_bavail * disk.f_frsize
    if free < ROOM_BYTES:
        raise FolderError(
            f"{data} cannot be used for data: its disk has {free // 1024**2} MB left, and at least "
            f"{ROOM_BYTES // 1024**2} MB are needed; free space, or name another with --data"
        )


@contextmanager
def locked(path: Path, doing: str) -> Iterator[None]:
    """Hold the lock file at `path`, whose folder exists, until the block or the process ends.

    `doing` says what its holder does, for the message: `imports into data`.

    Raises:
        Locked: another process holds it.
    """
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Locked(f"process {file.read().strip()} {doing}: wait until it ends, or end it") from None
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
