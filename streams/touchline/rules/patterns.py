"""Regular expressions of rules. RE2 searches in time linear in the text, whatever the pattern and the text.

The only module that imports re2.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import re2

LONGEST = 1_000
"""The longest pattern, in characters."""

LARGEST = 5_000
"""The most instructions of a compiled pattern: a search takes at most so many steps per byte of the text."""

CACHED = 1_000
"""Texts per pattern whose result is cached."""

LONGEST_CACHED = 200
"""The longest of them, in characters."""

_INSTEAD = (
    ("(?=", "has no lookahead: match the text itself"),
    ("(?!", "has no lookahead: exclude values with 'ne' or 'not_in'"),
    ("(?<=", "has no lookbehind: match the text itself"),
    ("(?<!", "has no lookbehind: exclude values with 'ne' or 'not_in'"),
    ("(?P=", "has no backreferences: write out what repeats"),
    *((f"sequence: \\{digit}", "has no backreferences: write out what repeats") for digit in range(1, 10)),
    ("(?>", "has no atomic groups: write (?:…), it never backtracks"),
    ("(?(", "has no conditional groups: write alternatives with |"),
    ("(?#", "has no comments: write them in YAML after #"),
    ("(?x", "has no flag x: write the pattern without spaces and comments"),
    ("repetition operator", "takes one repetition operator: remove the second one, it never backtracks"),
    ("repetition size", "repeats at most 1,000 times: write a smaller number"),
    ("too large", "cannot hold a pattern of this size: write smaller numbers of repetitions"),
    ("sequence: \\Z", "has no \\Z: write \\z for the end of the text"),
    ("sequence: \\u", "has no \\u: write the character itself or \\x{…}"),
)
"""A part of the pattern or of RE2's error, and what RE2 lacks and what to write instead."""


def _options() -> Any:
    options = re2.Options()
    options.max_mem = 1 << 20
    options.log_errors = False
    options.never_capture = True
    return options


_OPTIONS = _options()


def search(pattern: str) -> Callable[[str], bool]:
    """A function that tells whether the pattern occurs anywhere in a text.

    Raises:
        ValueError: RE2 cannot take the pattern; the message says what to write instead.
    """
    if len(pattern) > LONGEST:
        raise ValueError(f"the pattern has {len(pattern):,} characters: write at most {LONGEST:,}")
    try:
        compiled = re2.compile(pattern.encode(), _OPTIONS)
    except UnicodeEncodeError:
        raise ValueError("the pattern holds half a surrogate pair: write whole characters") from None
    except re2.error as error:
        raise ValueError(_refusal(pattern, error.args[0].decode("utf-8", "replace"))) from None
    if compiled.programsize > LARGEST:
        raise ValueError(_refusal(pattern, "too large"))
    find = compiled.search

    def occurs(text: str) -> bool:
        # With bytes, RE2 does not convert the positions of a match.
        return find(text.encode("utf-8", "replace")) is not None

    # The texts of many events are the same few pages.
    cached = lru_cache(maxsize=CACHED)(occurs)
    return lambda text: cached(text) if len(text) <= LONGEST_CACHED else occurs(text)


def _refusal(pattern: str, error: str) -> str:
    shown = pattern if len(pattern) <= 60 else f"{pattern[:60]}…"
    for part, instead in _INSTEAD:
        if part in error or (part in pattern and error.endswith("(?P")):
            return f"'{shown}': RE2 {instead}"
    return f"'{shown}' is not a regular expression of RE2 ({error[:60]}): correct it"
