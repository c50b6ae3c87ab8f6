"""Counts and lists in English."""

from collections.abc import Iterable


def counted(number: float, noun: str) -> str:
    """A number and its noun: `1 file`, `1,000 files`, `2.5 files`."""
    return f"{number:,.1f}".removesuffix(".0") + f" {noun}{'' if number == 1 else 's'}"


def word_list(words: Iterable[object], last: str = "or") -> str:
    """A list of words: `web`, `web or app`, `web, app or phone`; `last` joins the last two."""
    *first, final = [str(word) for word in words] or [""]
    return f"{', '.join(first)} {last} {final}" if first else final
