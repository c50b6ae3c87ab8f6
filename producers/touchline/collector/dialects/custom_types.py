"""The names of types of a producer's own: `custom.…`, by what its client calls the event."""

import re
from functools import lru_cache
from hashlib import sha256
from typing import Final
from unicodedata import combining, normalize

from touchline.vocabulary.registry import CUSTOM_FAMILY

LONGEST_NAME: Final = 96
"""Longer names are cut, and end with a digest of the whole name."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\dA-Z_]+|\d+|[^\W_]+")


_LONGEST_CACHED: Final = 256


def custom_type(name: str) -> str:
    """The type for events that a client calls `name`.

    The name is split into words where it has a separator or a capital after a small letter; the words are
    lower case, without accents, and joined by `_`: "Quiz Finished" and "quizFinished" are both
    `custom.quiz_finished`. A name without a letter or a digit gives `custom.unnamed`.
    """
    return _cached(name) if len(name) <= _LONGEST_CACHED else _custom_type(name)


def _custom_type(name: str) -> str:
    plain = "".join(one for one in normalize("NFKD", name) if not combining(one))
    words = "_".join(_WORD.findall(plain)).lower() or "unnamed"
    if not words[0].isalpha():
        words = f"n{words}"
    if len(words) > LONGEST_NAME:
        words = f"{words[: LONGEST_NAME - 9]}_{sha256(words.encode()).hexdigest()[:8]}"
    return f"{CUSTOM_FAMILY}.{words}"


_cached = lru_cache(maxsize=4_096)(_custom_type)
