"""Validated events on the disk, between the check of all files and the import of the first.

A file is imported only if few enough of its rows are refused, which is known at its end. So that its rows
need not be mapped and validated twice, what the check accepts is kept here: a file without a name, which is
gone when the process ends, however it ends. It is bounded: of what does not fit, nothing is kept, and the
import reads those rows from their file again.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final, Self

import msgspec

from touchline.services.importing.judging import Portion

SPOOL_BYTES: Final = 1024**3
"""The largest spool."""

_LENGTH_BYTES: Final = 8

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Portion).decode


class Spool:
    """Portions in the order in which they were added, each with the number of its file.

    Args:
        folder: On whose disk the portions lie; nothing is created in it that stays.
        most: Bytes kept at most.
    """

    def __init__(self, folder: Path, most: int = SPOOL_BYTES) -> None:
        self._file = TemporaryFile(dir=_existing(folder))  # noqa: SIM115 - see close
        self._most = most
        self._kept: list[int] = []
        self._at = 0
        self.full = False
        """Whether a portion did not fit; after it, none is kept."""

    def add(self, file: int, portion: Portion) -> None:
        """Keep a portion of a file, if there is room."""
        if self.full:
            return
        body = _encode(portion)
        if self._at + len(body) > self._most:
            self.full = True
            return
        try:
            self._file.seek(self._at)
            self._file.write(len(body).to_bytes(_LENGTH_BYTES, "big") + body)
            self._file.flush()
        except OSError:
            # The disk is full: the import itself will say so, if it finds no room either.
            self.full = True
            return
        self._at += _LENGTH_BYTES + len(body)
        while len(self._kept) <= file:
            self._kept.append(0)
        self._kept[file] += 1

    def take(self, file: int) -> Iterator[Portion]:
        """The portions of a file. Take files in order, each once."""
        if file == 0:
            self._file.seek(0)
        for _ in range(self._kept[file] if file < len(self._kept) else 0):
            length = int.from_bytes(self._file.read(_LENGTH_BYTES), "big")
            yield _decode(self._file.read(length))

    def close(self) -> None:
        """Close the file, which removes it."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists: a check creates no data folder."""
    return next((path for path in (folder, *folder.resolve().parents) if path.is_dir()), Path.cwd())
