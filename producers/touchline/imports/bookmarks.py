"""Bookmarks: how far each file was imported, so that an interrupted import resumes there.

A bookmark only saves work. Without it the file is read again; its events keep their ids, so nothing is added.
"""

import hashlib
import os
from collections.abc import Collection
from pathlib import Path

import msgspec

from touchline.imports.errors import FileError
from touchline.imports.readers.rows import START, Position

_SAMPLE = 64 * 1024


class Bookmark(msgspec.Struct):
    """How far a file was imported.

    Attributes:
        place: The file's path, and the name of its mapping.
        position: Where an import resumes.
        done: Whether the file is imported whole.
        replaces: Fingerprints of which events may be stored that the file replaces: they are withdrawn first.
    """

    place: tuple[str, str] = ("", "")
    position: Position = START
    done: bool = False
    replaces: tuple[str, ...] = ()


class Bookmarks:
    """The bookmarks in one file (`imports.json` in the data folder)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._kept = msgspec.json.decode(path.read_bytes(), type=dict[str, Bookmark])
        except FileNotFoundError:
            self._kept = {}
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise FileError(
                f"cannot read {path} ({error}): remove it; the files are then read from their start"
            ) from error

    def of(self, key: str) -> Bookmark:
        """The bookmark of a file, by its `fingerprint`."""
        return self._kept.get(key, Bookmark())

    def at(self, place: tuple[str, str]) -> tuple[str, ...]:
        """The fingerprints of all contents that the file at a place has had."""
        return tuple(key for key, bookmark in self._kept.items() if bookmark.place == place)

    def put(self, key: str, bookmark: Bookmark, without: Collection[str] = ()) -> None:
        """Save a bookmark, and remove those of the fingerprints `without`."""
        self._kept = {name: kept for name, kept in self._kept.items() if name not in without}
        self._kept[key] = bookmark
        fresh = self._path.with_suffix(".new")
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.encode(self._kept))
        fresh.replace(self._path)


def fingerprint(path: Path, mapping: str) -> str:
    """A hash of a file and its mapping: of its size, its start and its end, but not its name.

    Raises:
        FileError: the file cannot be read.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            beginning = file.read(_SAMPLE)
            file.seek(max(0, size - _SAMPLE))
            end = file.read(_SAMPLE)
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror or error}") from error
    return hashlib.sha256(b"\0".join((mapping.encode(), str(size).encode(), beginning, end))).hexdigest()
