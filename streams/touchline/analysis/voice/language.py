"""The language of a text, by the detector that py3langid ships with its model.

The detector is a fixed table of letter sequences: the same text always gets the same language.
"""

import re
from functools import cache
from typing import Final

from py3langid.langid import MODEL_FILE, LanguageIdentifier

UNKNOWN: Final = ""
"""The language of a text that is too short, or that could be of several languages."""

FEWEST_WORDS: Final = 4
"""Words that a text must have: shorter ones are often taken for another language."""

LEAST_CONFIDENCE: Final = 0.5
"""The detector's probability below which the language is unknown."""

MOST_CHARACTERS: Final = 2_000
"""Characters that are looked at: more change nothing."""

_NOISE = re.compile(r"https?:\s*//\S+|\S+@\S+|[@#]\w+|__\w+__|&#?\w+;")
"""Links, addresses, names of accounts, tags and marks of masked values: of no language."""


def without_noise(text: str) -> str:
    """The text without links, addresses, account names, tags and marks of masked values."""
    return _NOISE.sub(" ", text)


def language(text: str) -> str:
    """The code of the language, such as `en`; `UNKNOWN` if it cannot be told."""
    plain = without_noise(text[:MOST_CHARACTERS])
    words = sum(part.isalpha() for part in re.findall(r"[^\W_]+", plain))
    if words < FEWEST_WORDS:
        return UNKNOWN
    code, confidence = _detector().classify(plain)
    return str(code) if confidence >= LEAST_CONFIDENCE else UNKNOWN


@cache
def _detector() -> LanguageIdentifier:
    """The detector, loaded once: a second, and 90 MB."""
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
