"""How far each file was imported, so that an import that was cut off goes on where it was.

A bookmark saves work and nothing else: without it the file is read again, and as its events have the
same ids, nothing is added.
"""

import hashlib
from pathlib import Path

import msgspec

from touchline.imports.errors import FileError
from touchline.imports.rows import START, Position

_SAMPLE = 64 * 1024


class Bookmark(msgspec.Struct):
    """Where to go on in a file, and whether its end was reached."""

    position: Position = START
    done: bool = False


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
                f"{path} cannot be read ({error}): remove it, and files are read again"
            ) from error

    def of(self, key: str) -> Bookmark:
        """The bookmark in a file, by its `fingerprint`."""
        return self._kept.get(key, Bookmark())

    def put(self, key: str, bookmark: Bookmark) -> None:
        """Keep a bookmark."""
        self._kept[key] = bookmark
        fresh = self._path.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(self._kept))
        fresh.replace(self._path)


def fingerprint(path: Path, mapping: str) -> str:
    """What tells a file and its mapping from others: size, beginning and end, not the name.

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
