"""The texts of each language, and what is found in them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from touchline.analysis.impact.trials import Whole
from touchline.analysis.voice.contrast import Word, standing_out
from touchline.analysis.voice.language import language
from touchline.analysis.voice.sentiment import Sentiment, learn
from touchline.analysis.voice.topics import Topics, find_topics
from touchline.analysis.voice.words import Words

FEWEST_WRITERS: Final = 20
"""Customers who wrote after a friction, and others who wrote, for words to be compared."""


class Written(NamedTuple):
    """A text of a customer.

    Attributes:
        id: Of the event.
        customer: Whose it is; any text that is the same for one customer.
        at: When, ms since 1970.
        text: The words.
        low: Whether it came with a low score; None without a score, or with a middling one.
        rules: The rules whose friction the customer met before, within the time that counts.
    """

    id: str
    customer: str
    at: int
    text: str
    low: bool | None
    rules: Collection[str]


@dataclass(frozen=True, slots=True)
class Contrast:
    """The words that stand out after a friction, in one language.

    Attributes:
        language: The language.
        affected: Customers who wrote after the friction.
        others: Customers who wrote without it.
        words: The words, the surest first; `stem` is the form that is shown.
        missing: Why nothing can be said; empty if it can.
    """

    language: str
    affected: int
    others: int
    words: tuple[Word, ...] = ()
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Corpus:
    """The texts of one language, in the order of time, with the stems of each."""

    language: str
    texts: list[Written] = field(default_factory=list)
    stems: list[list[str]] = field(default_factory=list)
    words: Words = field(default_factory=lambda: Words(""))

    def topics(self) -> Topics:
        """Their topics."""
        if not self.language:
            nothing = np.full(len(self.texts), -1, dtype=np.int64)
            return Topics((), nothing, "too short, or of several languages")
        return find_topics(self.stems, self.words)

    def sentiment(self) -> Sentiment:
        """What their scores tell of their words."""
        scored = [index for index, one in enumerate(self.texts) if one.low is not None]
        numbers: dict[str, int] = {}
        customer = [numbers.setdefault(self.texts[index].customer, len(numbers)) for index in scored]
        return learn(
            [self.stems[index] for index in scored],
            np.array([bool(self.texts[index].low) for index in scored], dtype=bool),
            np.array(customer, dtype=np.int64),
        )

    def rules(self) -> list[str]:
        """The rules that a text came after."""
        return sorted({rule for one in self.texts for rule in one.rules})

    def contrast(self, rule: str) -> Contrast:
        """The words that customers use more often after a rule's friction than others do."""
        affected: dict[str, set[str]] = {}
        others: dict[str, set[str]] = {}
        for one, stems in zip(self.texts, self.stems, strict=True):
            side = affected if rule in one.rules else others
            side.setdefault(one.customer, set()).update(stems)
        for customer in affected:
            others.pop(customer, None)
        for count, who in ((len(affected), "wrote after it"), (len(others), "wrote without it")):
            if count < FEWEST_WRITERS:
                missing = f"too few to say: {count} {who}, {FEWEST_WRITERS} are needed"
                return Contrast(self.language, len(affected), len(others), missing=missing)
        found = standing_out(list(affected.values()), list(others.values()))
        shown = tuple(word._replace(stem=self.words.shown(word.stem)) for word in found)
        return Contrast(self.language, len(affected), len(others), shown)


def by_language(texts: Sequence[Written]) -> list[Corpus]:
    """The corpora of texts in the order of time, the largest first; that of unknown languages last."""
    corpora: dict[str, Corpus] = {}
    for one in texts:
        code = language(one.text)
        corpus = corpora.get(code)
        if corpus is None:
            corpus = corpora[code] = Corpus(code, words=Words(code))
        corpus.texts.append(one)
        corpus.stems.append(corpus.words.stems(one.text))
    return sorted(corpora.values(), key=lambda one: (not one.language, -len(one.texts), one.language))


def topic_counts(topics: Topics) -> Whole:
    """How many texts each topic has."""
    return np.bincount(topics.topic[topics.topic >= 0], minlength=len(topics.topics))
