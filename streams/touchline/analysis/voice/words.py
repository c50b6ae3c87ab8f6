"""The words of a text: lower case, without stop words, each with its stem.

Stems join the forms of a word (`delivery`, `deliveries`). A stem is shown as its most frequent form.
"""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any, Final

import snowballstemmer
import stopwordsiso

from touchline.analysis.voice.language import MOST_CHARACTERS, without_noise

SHORTEST: Final = 2
"""Letters of the shortest word."""

LONGEST: Final = 40
"""Letters of the longest word: what is longer is no word."""

_APOSTROPHE = "\u2019"
_WORD = re.compile(rf"\w+(?:['{_APOSTROPHE}]\w+)*")

_STEMMERS: Final = {
    "ar": "arabic",
    "ca": "catalan",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "eu": "basque",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "nb": "norwegian",
    "ne": "nepali",
    "nl": "dutch",
    "nn": "norwegian",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
}
"""The stemmer of each language; words of other languages are their own stems."""


class Words:
    """Reads texts of one language into stems, and counts the forms in which each stem occurs."""

    def __init__(self, language: str) -> None:
        known = _STEMMERS.get(language)
        self._stemmer: Any = snowballstemmer.stemmer(known) if known else None
        self._stop = _stop_words(language)
        self._stems: dict[str, str] = {}
        self._forms: dict[str, dict[str, int]] = {}

    def stems(self, text: str) -> list[str]:
        """The stems of the text's words, in their order."""
        found = []
        for word in words(text):
            if word in self._stop:
                continue
            stem = self._stems.get(word)
            if stem is None:
                stem = self._stems[word] = self._stemmer.stemWord(word) if self._stemmer else word
            forms = self._forms.setdefault(stem, {})
            forms[word] = forms.get(word, 0) + 1
            found.append(stem)
        return found

    def shown(self, stem: str) -> str:
        """The most frequent form of a stem; of several, the shortest, then the first in the alphabet."""
        forms = self._forms.get(stem, {stem: 1})
        return min(forms, key=lambda form: (-forms[form], len(form), form))


def words(text: str) -> Iterable[str]:
    """The words of a text in lower case; numbers and words with digits are none."""
    for found in _WORD.findall(without_noise(text[:MOST_CHARACTERS]).lower()):
        word = found.replace(_APOSTROPHE, "'")
        if SHORTEST <= len(word) <= LONGEST and word.replace("'", "").isalpha():
            yield word


@cache
def _stop_words(language: str) -> frozenset[str]:
    """The stop words of a language; none if it has no list."""
    if not stopwordsiso.has_lang(language):
        return frozenset()
    listed = {word.lower().replace(_APOSTROPHE, "'") for word in stopwordsiso.stopwords(language)}
    # People also write these without the apostrophe.
    return frozenset(listed | {word.replace("'", "") for word in listed if "'" in word})
