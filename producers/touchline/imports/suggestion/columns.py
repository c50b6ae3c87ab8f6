"""What a column holds, by its name and its values: times, numbers, durations, identifiers, words."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any, Final, Literal

from touchline.imports.yaml_mapping.spelling import Order, read_spelling

NULL_WORDS: Final = frozenset(
    {"-", "--", "?", "n/a", "na", "#n/a", "null", "none", "nan", "k.a.", "unbekannt", "unknown", "(null)"}
)

Kind = Literal["empty", "time", "date", "clock", "number", "text"]

_MOST: Final = 0.95
"""The share of a column's values that must have a shape for the column to have it."""

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
_UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
_PHONE = re.compile(r"'?\(?(?:\+|0)[\d ()/.-]{5,24}(?:\.0)?")
_DIGITS = re.compile(r"\d{6,15}")
_POINT = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
_COMMA = re.compile(r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d+)?")
_TIME_WORDS = frozenset({"time", "timestamp", "ts", "at", "date", "datum", "day", "epoch", "created", "zeit"})
_UNIX = {"unix": re.compile(r"1\d{9}(?:\.\d+)?"), "unix_ms": re.compile(r"1\d{12}")}
_FIRST_YEAR = 1970
_CLOCK = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?(?: ?[ap]m)?", re.IGNORECASE)
_LONG_CLOCK = re.compile(r"\d+:\d{2}:\d{2}")
_GERMAN = str.maketrans({"ß": "ss", "ä": "ae", "ö": "oe", "ü": "ue"})
# German names end in "nr" without a mark: `Anrufnr`.
_SPLIT = re.compile(r"[^a-z0-9]+|(?<=[a-z])(?=[0-9]|nr(?![a-z]))")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Column:
    """A column and what is known of it.

    Attributes:
        words: The words of its name, lower case, without accents.
        kind: What its values are.
        values: Its different values as text, the most frequent first; without those that mean none.
        filled: The share of rows with a value.
        unique: Whether no value occurs twice.
        format: Of a time: `iso`, `dmy`, `mdy`, `unix` or `unix_ms`.
        ambiguous: Whether the times could also be read with the month first.
        has_zone: Whether the times say their zone.
        decimal_comma: Whether numbers are written with a decimal comma.
        grouped: Whether some numbers have marks between thousands.
    """

    name: str
    words: tuple[str, ...]
    kind: Kind
    values: tuple[str, ...]
    filled: float
    unique: bool
    format: str = "iso"
    ambiguous: bool = False
    has_zone: bool = False
    decimal_comma: bool = False
    grouped: bool = False

    def named(self, *hints: str) -> bool:
        """Whether one of the hints is a word of the name, or, if it is long, a part of one."""
        return any(hint == word or (len(hint) > 3 and hint in word) for hint in hints for word in self.words)

    def mostly(self, holds: Callable[[str], object], share: float = 0.8) -> bool:
        """Whether something holds for a share of the different values."""
        return bool(self.values) and sum(map(bool, map(holds, self.values))) >= share * len(self.values)

    @property
    def names_people(self) -> bool:
        """Whether the column holds people's names, which several customers share."""
        return any(word.endswith("name") for word in self.words) and not self.named("user", "login")

    @property
    def emails(self) -> bool:
        """Whether the values are e-mail addresses."""
        return self.mostly(_EMAIL.fullmatch)

    @property
    def uuids(self) -> bool:
        """Whether the values are UUIDs."""
        return self.mostly(_UUID.fullmatch)

    @property
    def phones(self) -> bool:
        """Whether the values look like phone numbers, with a country code or a leading zero."""
        return self.mostly(_PHONE.fullmatch, 0.6)

    @property
    def digits(self) -> bool:
        """Whether the values are as long as phone numbers, and digits alone."""
        return self.mostly(lambda value: _DIGITS.fullmatch(re.sub(r"[ ()/.-]", "", value)), 0.6)

    @property
    def durations(self) -> bool:
        """Whether the values are numbers or `0:03:20`."""
        return self.kind == "number" or self.mostly(_LONG_CLOCK.fullmatch)


def look(name: str, values: Iterable[Any]) -> Column:
    """What a column holds."""
    found = list(values)
    texts = [_text(value) for value in found if not _is_null(value)]
    counts = Counter(texts)
    typed = [value for value in found if isinstance(value, datetime | date)]
    words = words_of(name)
    return Column(
        name=name,
        words=words,
        values=tuple(value for value, _ in counts.most_common()),
        filled=len(texts) / len(found) if found else 0.0,
        unique=len(counts) == len(texts) == len(found),
        **_kind(words, texts, typed),
    )


def words_of(name: str) -> tuple[str, ...]:
    """The words of a name, lower case and without accents: `CustomerNo` gives `customer`, `no`."""
    text = _CAMEL.sub(" ", unicodedata.normalize("NFC", name)).lower().translate(_GERMAN)
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return tuple(filter(None, _SPLIT.split(plain)))


def _kind(words: tuple[str, ...], texts: list[str], typed: list[date]) -> dict[str, Any]:
    if not texts:
        return {"kind": "empty"}
    if typed and len(typed) >= _MOST * len(texts):
        zone = any(isinstance(value, datetime) and value.tzinfo is not None for value in typed)
        return {"kind": "time" if isinstance(typed[0], datetime) else "date", "has_zone": zone}
    if _most(texts, _CLOCK.fullmatch):
        return {"kind": "clock"}
    number = _number(texts)
    if number is not None:
        return _unix(words, texts) or _packed(words, texts) or number
    return _time(texts) or {"kind": "text"}


def _number(texts: list[str]) -> dict[str, Any] | None:
    point, comma = _most(texts, _POINT.fullmatch), _most(texts, _COMMA.fullmatch)
    if not point and not comma:
        return None
    # `1.080` alone has two readings; the mark that some value needs decides.
    decimal_comma = comma and not point
    thousands = "." if decimal_comma else ","
    return {
        "kind": "number",
        "decimal_comma": decimal_comma,
        "grouped": any(thousands in text for text in texts),
    }


def _unix(words: tuple[str, ...], texts: list[str]) -> dict[str, Any] | None:
    """Seconds or milliseconds since 1970, if the name speaks for a time."""
    if _TIME_WORDS.isdisjoint(words):
        return None
    for format, pattern in _UNIX.items():
        if _most(texts, pattern.fullmatch):
            return {"kind": "time", "format": format, "has_zone": True}
    return None


def _packed(words: tuple[str, ...], texts: list[str]) -> dict[str, Any] | None:
    """Days such as 20261231 or 261231, if the name speaks for a date."""
    if _TIME_WORDS.isdisjoint(words):
        return None
    for format in ("%Y%m%d", "%y%m%d"):
        if _most(texts, partial(_is_day, format)):
            return {"kind": "date", "format": format}
    return None


def _is_day(format: str, text: str) -> bool:
    try:
        day = datetime.strptime(text, format)
    except ValueError:
        return False
    return day.year >= _FIRST_YEAR and day.strftime(format) == text


def _time(texts: list[str]) -> dict[str, Any] | None:
    orders: tuple[tuple[str, Order | None], ...] = (("iso", None), ("dmy", "dmy"), ("mdy", "mdy"))
    fitting = [(format, times) for format, order in orders if (times := _times(texts, order))]
    if not fitting:
        return None
    format, times = fitting[0]
    dates = all(not time.hour and not time.minute and not time.second for time, _ in times)
    return {
        "kind": "date" if dates else "time",
        "format": format,
        "ambiguous": len(fitting) > 1 and format != "iso",
        "has_zone": all(time.tzinfo is not None or letters is not None for time, letters in times),
    }


def _times(texts: list[str], order: Order | None) -> list[tuple[datetime, str | None]]:
    """The times of a column, if nearly all of its values are times of this order."""
    times = []
    for text in texts:
        try:
            # Digits alone are numbers: an id, or a day as 20261231.
            if not text.isdigit():
                times.append(read_spelling(text, order))
        except (ValueError, OverflowError):
            pass
    return times if len(times) >= _MOST * len(texts) else []


def _most(texts: list[str], holds: Callable[[str], object]) -> bool:
    return sum(map(bool, map(holds, texts))) >= _MOST * len(texts)


def _is_null(value: Any) -> bool:
    return value is None or value != value or (isinstance(value, str) and _null_word(value))


def _null_word(text: str) -> bool:
    return not text.strip() or text.strip().lower() in NULL_WORDS


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else str(value)
