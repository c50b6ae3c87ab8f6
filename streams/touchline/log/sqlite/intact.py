"""Whether the log's files are still those that were opened, and what SQLite drops of them without a word.

SQLite writes on into a file that was removed, and never reads again what was cut off: events would be
acknowledged and lost. When it opens a file after a crash, it takes the write-ahead file up to the first frame
that is damaged, and drops the rest.
"""

import os
import struct
import threading
from pathlib import Path
from typing import Final

_HEADER: Final = struct.Struct(">IIIIIIII")
"""Of a write-ahead file: magic number, version, page size, checkpoint, two salts, two checksums."""

_FRAME: Final = struct.Struct(">IIIIII")
"""Of a frame: page, size of the database if the frame ends a transaction, two salts, two checksums."""


class OpenFiles:
    """The log's files, as they were when they were opened and grew since. For any thread."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._seen = {
            file: os.stat(file) for file in (path, wal_of(path), path.with_name(f"{path.name}-shm"))
        }

    def fault(self) -> str | None:
        """What happened to the files that takes events away; None if nothing did."""
        with self._lock:
            for file, seen in self._seen.items():
                try:
                    found = os.stat(file)
                except FileNotFoundError:
                    return f"{file} was removed while it was in use"
                except OSError as error:
                    return f"{file} cannot be reached any more: {error.strerror}"
                if (found.st_ino, found.st_dev) != (seen.st_ino, seen.st_dev):
                    return f"{file} was replaced while it was in use"
                if found.st_size < seen.st_size:
                    return f"{file} was cut short while it was in use"
                self._seen[file] = found
        return None


def wal_of(path: Path) -> Path:
    """The write-ahead file of a database."""
    return path.with_name(f"{path.name}-wal")


def written_frames(path: Path) -> int:
    """The number of frames in a database's write-ahead file, up to the end of the last transaction.

    A frame counts by its salts, also if its content is damaged. 0 where there is no such file.
    """
    frames = 0
    try:
        with wal_of(path).open("rb") as file:
            header = file.read(_HEADER.size)
            if len(header) < _HEADER.size:
                return 0
            _, _, page_bytes, _, *salts, _, _ = _HEADER.unpack(header)
            size = os.fstat(file.fileno()).st_size - _HEADER.size
            for number in range(size // (_FRAME.size + page_bytes)):
                file.seek(_HEADER.size + number * (_FRAME.size + page_bytes))
                _, pages, *found, _, _ = _FRAME.unpack(file.read(_FRAME.size))
                if found != salts:
                    break
                if pages:
                    frames = number + 1
    except FileNotFoundError:
        return 0
    return frames
