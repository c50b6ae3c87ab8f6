"""Lines of a text file with their positions, in any encoding, plain or gzipped; one line at a time."""

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from touchline.imports.errors import FileError
from touchline.imports.readers.options import Choice
from touchline.imports.readers.rows import BODY, LONGEST_ROW, START, Position

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

SAMPLE = 256 * 1024
"""How much of the text, in bytes, decides its encoding, its line ends and its delimiter."""

_CHUNK = 64 * 1024
_MARKS = (
    # UTF-32's mark begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8"),
)
_ASCII = '\n\r,;\t|"0aA'
_WORD_END = re.compile(rb"[\s,;|\"]")
_LINE_END = re.compile(r'"[^"]*"|\r\n|\n|\r')


class Line(NamedTuple):
    """One line; `problem` if it is too long or not text, `after` the position after it."""

    text: str
    problem: str | None
    row: int
    after: Position


class Lines:
    """The lines of a file, in order.

    Args:
        path: The file; `.gz` is decompressed.
        encoding: The encoding. Default: by the byte order mark, else UTF-8.
        carriage_returns: Whether a carriage return alone may end the lines.

    `sample` is the beginning of the text, `detected` what was chosen.

    Raises:
        FileError: the file is damaged, or no text of the encoding.
    """

    def __init__(self, path: Path, encoding: str | None = None, *, carriage_returns: bool = False) -> None:
        self._path = path
        self._raw = path.open("rb")
        self._stream: io.BufferedIOBase = self._raw
        self.detected: tuple[Choice, ...] = ()
        self._at = START
        self._converted = False
        try:
            self._stream = self._unpacked()
            self._begin = self._stream.read(SAMPLE)
            self._given = encoding is not None
            self._chosen = encoding or self._by_mark(self._begin)
            # What is not text stays visible.
            self.sample = self._begin.decode(self._chosen, "backslashreplace").removeprefix("\ufeff")
            self._returns = carriage_returns and _only_returns(self.sample)
            if self._returns:
                self.sample = self.sample.replace("\r", "\n")
                self.detected += (Choice("line ends", "CR", "the first line ends with it alone"),)
            self._converted = self._returns or _ASCII.encode(self._chosen) != _ASCII.encode()
            self._encoding = "utf-8" if self._converted else self._chosen
            self.seek(START)
        except (EOFError, OSError, zlib.error) as error:
            self.close()
            raise self._damaged(error) from error
        except BaseException:
            self.close()
            raise

    @property
    def progress(self) -> int:
        """Bytes of the file on the disk that have been read."""
        return self._raw.tell()

    def check_encoding(self) -> None:
        """Check that the beginning is UTF-8, unless the encoding is given.

        Raises:
            FileError: it is not; the message names the option.
        """
        if self._given:
            return
        try:
            codecs.getincrementaldecoder(self._chosen)().decode(self._begin)
        except UnicodeDecodeError as error:
            line = self._begin.count(b"\n", 0, error.start) + 1
            begin = self._begin.rfind(b"\n", 0, error.start) + 1
            what = not_text(self._chosen, self._begin, error.start, begin)
            raise FileError(f"{self._path} line {line}: {what}") from None

    def seek(self, place: Position) -> None:
        """Continue at a position.

        Raises:
            FileError: the file ends before it.
        """
        try:
            # One byte less, to detect the end of the file.
            self._skip_to(max(0, place.offset - 1))
            if place.offset and not self._stream.read(1):
                raise FileError(
                    f"{self._path} ends before row {place.row}, up to which it was imported:"
                    " it has changed; import it from its start"
                )
        except (EOFError, OSError, UnicodeError, zlib.error) as error:
            raise self._damaged(error) from error
        self._at = place

    def __iter__(self) -> Iterator[Line]:
        return self

    def __next__(self) -> Line:
        try:
            raw = self._stream.readline(LONGEST_ROW + 1)
            if not raw:
                raise StopIteration
            length, problem = len(raw), None
            if length > LONGEST_ROW:
                problem = f"the row is longer than {LONGEST_ROW:,} bytes: shorten it"
                rest = raw
                while rest and not rest.endswith(b"\n"):
                    rest = self._stream.readline(LONGEST_ROW)
                    length += len(rest)
                raw = raw[:BODY]
        except (EOFError, OSError, UnicodeError, zlib.error) as error:
            raise self._damaged(error) from error
        row = self._at.row
        self._at = Position(row + 1, self._at.offset + length)
        try:
            text = raw.decode(self._encoding)
        except UnicodeDecodeError as error:
            text = raw.decode(self._encoding, "backslashreplace")
            problem = problem or not_text(self._chosen, raw, error.start)
        if row == 1:
            text = text.removeprefix("\ufeff")
        return Line(text, problem, row, self._at)

    def close(self) -> None:
        """Close the file."""
        self._stream.close()
        self._raw.close()

    def _unpacked(self) -> io.BufferedIOBase:
        if self._path.suffix.lower() != ".gz":
            return self._raw
        # gzip reads in small steps; the buffer makes reading lines cheap.
        return io.BufferedReader(gzip.GzipFile(fileobj=self._raw), _CHUNK)

    def _by_mark(self, begin: bytes) -> str:
        for mark, encoding in _MARKS:
            if begin.startswith(mark):
                self.detected += (Choice("encoding", encoding, "byte order mark"),)
                return encoding
        if begin.count(0) * 4 > len(begin):
            raise FileError(
                f"{self._path} is not UTF-8 text ({begin.count(0) / len(begin):.0%} of it are NUL bytes):"
                " set its encoding, such as encoding: utf-16-le"
            )
        return "utf-8"

    def _skip_to(self, offset: int) -> None:
        if not self._converted:
            self._stream.seek(offset)
            return
        self._raw.seek(0)
        stream = _Converted(self._unpacked(), self._chosen, returns=self._returns)
        self._stream = io.BufferedReader(stream, _CHUNK)
        while offset and (skipped := len(self._stream.read(min(offset, _CHUNK)))):
            offset -= skipped

    def _damaged(self, error: Exception) -> FileError:
        if isinstance(error, UnicodeError):
            return FileError(
                f"{self._path} is not {self._chosen} after row {self._at.row - 1} ({error}): set its encoding"
            )
        return FileError(f"{self._path} is damaged or cut off after row {self._at.row - 1}: {error}")


class _Converted(io.RawIOBase):
    """A stream of text as UTF-8, whose lines end with a line feed."""

    def __init__(self, stream: io.BufferedIOBase, encoding: str, *, returns: bool) -> None:
        self._stream = stream
        # Bytes that are not UTF-8 pass, for the line that has them to be refused.
        errors = "surrogateescape" if encoding == "utf-8" else "strict"
        self._decoder = codecs.getincrementaldecoder(encoding)(errors)
        self._returns = returns
        self._ready = b""
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        while not self._ready and not self._ended:
            raw = self._stream.read(_CHUNK)
            self._ended = not raw
            text = self._decoder.decode(raw, final=self._ended)
            if self._returns:
                text = text.replace("\r", "\n")
            self._ready = text.encode("utf-8", "surrogateescape")
        view = memoryview(buffer).cast("B")
        taken, self._ready = self._ready[: len(view)], self._ready[len(view) :]
        view[: len(taken)] = taken
        return len(taken)


def _only_returns(sample: str) -> bool:
    """Whether the first line ends with a carriage return alone."""
    ends = (match[0] for match in _LINE_END.finditer(sample) if match[0][0] != '"')
    return next(ends, "\n") == "\r"


def not_text(encoding: str, raw: bytes, at: int, begin: int = 0) -> str:
    """What is wrong with a row that is no text of an encoding at a byte, and which option to set.

    The row begins at the byte `begin`.
    """
    what = f"not {encoding.upper()} at byte {at - begin + 1} of the row"
    if encoding != "utf-8":
        return f"{what}: set another encoding"
    before, after = raw[max(begin, at - 20) : at], raw[at : at + 20]
    word = _WORD_END.split(before)[-1] + _WORD_END.split(after)[0]
    return (
        f"{what}: set encoding: cp1252 if the word is {word.decode('cp1252', 'replace')!r},"
        " else the encoding that the file has"
    )
