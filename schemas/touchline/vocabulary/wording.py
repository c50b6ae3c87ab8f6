"""Counts and lists in English, and texts of unknown origin as plain lines."""

import unicodedata
from collections.abc import Iterable

LONGEST_VALUE = 80


def counted(number: float, noun: str) -> str:
    """A number and its noun: `1 file`, `1,000 files`, `2.5 files`."""
    return f"{number:,.1f}".removesuffix(".0") + f" {noun}{'' if number == 1 else 's'}"


def word_list(words: Iterable[object], last: str = "or") -> str:
    """A list of words: `web`, `web or app`, `web, app or phone`; `last` joins the last two."""
    *first, final = [str(word) for word in words] or [""]
    return f"{', '.join(first)} {last} {final}" if first else final


def plain(text: str, longest: int = LONGEST_VALUE) -> str:
    """A text of unknown origin as one line without control or formatting characters, cut at `longest`."""
    kept = "".join(
        " " if character.isspace() else character
        for character in text[: longest * 8]
        if character.isspace() or unicodedata.category(character)[0] != "C"
    )
    line = " ".join(kept.split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"
