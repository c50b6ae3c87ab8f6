"""Normalisation: what producers send becomes identifiers, `kind:value` (docs/semantics.md#customers).

Normalising an identifier again changes nothing: an exported event keeps its identifiers when it is replayed.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from fnmatch import translate
from functools import lru_cache
from typing import Any, Final
from unicodedata import category, normalize

from touchline.vocabulary.identifiers import (
    DEVICE,
    STAND_INS,
    TERMINAL,
    InvalidIdentifier,
    identifier_values,
    rank,
)

TERMINAL_CHANNELS: Final = frozenset({"kiosk", "store"})
"""On these channels a device is the company's own: a terminal."""

PLACEHOLDERS: Final = frozenset(
    {"", "-1", "-", "--", "?", "null", "(null)", "nil", "none", "nan", "n/a", "na", "#n/a", "undefined"}
    | {"[object object]", "anonymous", "unknown", "guest", "true", "false"}
)
"""Values that stand for no value, in lower case; so does a value of zeros or of control characters only."""

WITHHELD: Final = frozenset(
    {"restricted", "private", "withheld", "unavailable", "blocked", "no caller id"}
    # The last one spells ANONYMOUS on a keypad.
    | {"sip:anonymous@anonymous.invalid", "+266696687"}
)
"""What telephone systems send for a caller who withholds the number, in lower case."""

FEWEST_DIGITS: Final = 7
"""Digits that a phone number needs if no region says which numbers are possible."""

SEALED: Final = re.compile(r"hmac-[0-9a-f]{32}\Z")
"""The value of an identifier that is a keyed hash. Of any kind, it is in its normal form."""

Seal = Callable[[str, str], str | None]
"""Gives the identifier that is stored for a kind and a value in normal form; None if none is."""

CACHED: Final = 65_536
"""Normal forms that are cached, each in some 300 bytes."""

_LONGEST = max(map(len, PLACEHOLDERS))
_ALL_ZEROS = re.compile(r"0[0\-]*\Z")
# Each opening quotation mark, and those that close it.
_QUOTES = {'"': '"', "'": "'", "“": "”", "„": "“”", "«": "»", "\u2018": "\u2019", "\u201a": "\u2018\u2019"}
_PATTERN = re.compile(r"([a-z][a-z0-9_]{0,31}):(.+)", re.DOTALL)
_WILDCARD = re.compile(r"[*?\[]")

_POINT_ZERO = re.compile(r"(?<=\d)(?:\.0)+\Z")
_EXPONENT = re.compile(r"\d[eE][+-]?\d")
_YEAR, _MONTH, _DAY = r"(?:19|20)\d\d", r"(?:0?[1-9]|1[0-2])", r"(?:0?[1-9]|[12]\d|3[01])"
_DATE = re.compile(
    rf"(?<!\d)(?:{_YEAR}([-/.]){_MONTH}\1{_DAY}|{_DAY}([-/.]){_MONTH}\2{_YEAR}|{_MONTH}/{_DAY}/{_YEAR})(?!\d)"
)
_DATE_DIGITS = re.compile(rf"{_YEAR}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\d{{6}})?\Z")


class Normaliser:
    """Turns what producers send into identifiers, by the settings of an installation. It has no state.

    Args:
        region: The default region of local phone numbers (ISO 3166 alpha-2).
        placeholders: Kind → more values that stand for no value.
        terminals: Patterns of the company's own devices, `kind:value`, where `*`, `?` and `[…]` match as in
            file names. They match identifiers in clear.
        seal: Seals identifiers that are not stored in clear. Default: all are.

    Raises:
        ValueError: a pattern has no kind or matches a placeholder only.
    """

    def __init__(
        self,
        region: str | None = None,
        placeholders: Mapping[str, Collection[str]] | None = None,
        terminals: Collection[str] = (),
        seal: Seal | None = None,
    ) -> None:
        self.region = region
        self._seal: Seal | None = None
        # Few customers send most events, and parsing a phone number takes long.
        self._ranked = lru_cache(maxsize=CACHED)(self._rank_normal)
        self._placeholders: dict[str, frozenset[str]] = {}
        self._terminals: frozenset[str] = frozenset()
        self._terminal: re.Pattern[str] | None = None
        self._placeholders = {
            kind: frozenset(text for value in values for text in self._spellings(kind, value))
            for kind, values in (placeholders or {}).items()
        }
        exact, globs = set(), []
        for pattern in terminals:
            found = _PATTERN.fullmatch(pattern)
            if found is None:
                raise ValueError(f"{pattern!r} is no pattern: write kind:value, such as device:till-*")
            if _WILDCARD.search(found[2]):
                globs.append(translate(pattern.lower() if found[1] == "email" else pattern))
            elif identifier := self.identifier(found[1], found[2]):
                exact.add(identifier)
            else:
                raise ValueError(f"{pattern!r} matches nothing: its value stands for no value")
        # Built without terminals and seal so far.
        self._ranked.cache_clear()
        self._seal = seal
        self._terminals = frozenset(exact)
        self._terminal = re.compile("|".join(globs)) if globs else None

    def identifier(self, kind: str, value: str) -> str | None:
        """The identifier `kind:value` in its normal form, or None if the value is a placeholder."""
        ranked = self._ranked(kind, value)
        return None if ranked is None else ranked[2]

    def _rank_normal(self, kind: str, value: str) -> tuple[int, str, str] | None:
        identifier = self._normalise(kind, value)
        return None if identifier is None else rank(identifier)

    def _normalise(self, kind: str, value: str) -> str | None:
        text = _trimmed(value)
        lowered = text.lower()
        if _is_placeholder(lowered) or (self._placeholders and lowered in self._placeholders.get(kind, ())):
            return None
        if lowered[0] == "h" and SEALED.match(lowered):
            return self._sealed(kind, lowered)
        if kind == "email":
            # Lower case can make composed characters possible.
            text = lowered if lowered.isascii() else normalize("NFC", lowered)
        elif kind == "phone":
            number = _phone(text, self.region)
            if number is None or (self._placeholders and number in self._placeholders.get(kind, ())):
                return None
            text = number
        identifier = f"{kind}:{text}"
        if identifier in self._terminals or (self._terminal and self._terminal.match(identifier)):
            return f"{TERMINAL}:{text}"
        return self._sealed(kind, text)

    def _sealed(self, kind: str, value: str) -> str | None:
        return f"{kind}:{value}" if self._seal is None else self._seal(kind, value)

    def identifiers(self, given: Mapping[str, Iterable[str]], channel: str) -> tuple[str, ...]:
        """The identifiers of an event on a channel, without placeholders, each once, strongest first."""
        found = {
            ranked
            for kind, values in given.items()
            for value in values
            if (ranked := self._ranked(kind, value)) is not None
        }
        if channel in TERMINAL_CHANNELS:
            found = {rank(_as_terminal(identifier)) for _, _, identifier in found}
        if len(found) == 1:
            return (found.pop()[2],)
        return tuple([identifier for _, _, identifier in sorted(found)])

    def nobody(self, *fields: Mapping[str, Any]) -> tuple[str, ...]:
        """The identifier of an event that names no customer: one, or none.

        It is of the first kind of `STAND_INS` whose id one of the objects has: `contact_id`, `cart_id`,
        `order_id` or `session_id`.
        """
        for kind in STAND_INS:
            for each in fields:
                with suppress(InvalidIdentifier):
                    for value in identifier_values(each.get(f"{kind}_id")):
                        if identifier := self.identifier(kind, value):
                            return (identifier,)
        return ()

    def _spellings(self, kind: str, value: str) -> Iterable[str]:
        text = _trimmed(value).lower()
        yield text
        if kind == "phone" and (number := _phone(text, self.region)):
            yield number


PLAIN: Final = Normaliser()
"""Without settings."""


def is_placeholder(text: str) -> bool:
    """Whether a text stands for no value, whatever it should identify: a customer, an event or an order."""
    # Most ids are long and end in a letter or a digit: the ends of these need no cleaning.
    if len(text) > _LONGEST and text[0].isalnum() and text[-1].isalnum() and text[-1] != "0":
        return False
    return _is_placeholder(_trimmed(text).lower())


def _is_placeholder(lowered: str) -> bool:
    if lowered in PLACEHOLDERS or (lowered[0] == "0" and _ALL_ZEROS.match(lowered) is not None):
        return True
    return not lowered[0].isprintable() and all(map(_is_unseen, lowered))


def _as_terminal(identifier: str) -> str:
    kind, _, value = identifier.partition(":")
    return f"{TERMINAL}:{value}" if kind == DEVICE else identifier


def _trimmed(text: str) -> str:
    """The text in Unicode NFC, without white space, invisible characters and quotes around it."""
    text = text.strip() if text.isascii() else _visible(normalize("NFC", text))
    while text and text[0] in _QUOTES and len(text) > 1 and text[-1] in _QUOTES[text[0]]:
        text = _visible(text[1:-1])
    return text


def _visible(text: str) -> str:
    begin, end = 0, len(text)
    while begin < end and _is_invisible(text[begin]):
        begin += 1
    while begin < end and _is_invisible(text[end - 1]):
        end -= 1
    return text[begin:end]


def _is_invisible(character: str) -> bool:
    return character.isspace() or category(character) == "Cf"


def _is_unseen(character: str) -> bool:
    return _is_invisible(character) or category(character) == "Cc"


def _phone(text: str, region: str | None) -> str | None:
    """The normal form of a phone number, or None if the text is none."""
    text = _POINT_ZERO.sub("", text)
    if text.lower() in WITHHELD or _ALL_ZEROS.match(text) or _EXPONENT.search(text):
        return None
    if _is_date(text) or (region is None and _DATE_DIGITS.match(text)):
        return None
    number = _e164(text, region)
    if number is None and region is None and sum(map(str.isdecimal, text)) >= FEWEST_DIGITS:
        return text
    return None if number in WITHHELD else number


def _is_date(text: str) -> bool:
    return not text.startswith("+") and _DATE.search(text) is not None


def _e164(text: str, region: str | None) -> str | None:
    # Imported here: it loads slowly, and processes that read stored events never need it.
    import phonenumbers

    # Some numbers (mostly with surplus zeros) do not parse back to themselves at once.
    for _ in range(4):
        try:
            number = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException:
            return None
        if not phonenumbers.is_possible_number(number):
            return None
        before, text = text, phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        if text == before:
            return text
    return None
