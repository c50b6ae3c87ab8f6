"""Topics of texts of one language: words that occur together, by NMF over TF-IDF."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from touchline.analysis.impact.trials import Real, Whole
from touchline.analysis.voice.factorise import factorise, project
from touchline.analysis.voice.vectors import Vocabulary, tf_idf, vocabulary
from touchline.analysis.voice.words import Words

FEWEST: Final = 60
"""Texts of a language below which there are no topics."""

PER_TOPIC: Final = 60
"""Texts for each topic: 300 texts have 5 topics. There are always two."""

MOST_TOPICS: Final = 12
"""The most topics: nobody reads more."""

MOST_LEARNED: Final = 4_000
"""Texts that the topics are learned from, evenly spaced over the span; the others are only assigned."""

MOST_WORDS: Final = 1_500
"""Words of the vocabulary."""

SHOWN: Final = 6
"""Words that label a topic."""

BATCH: Final = 2_000
"""Texts that are assigned at a time."""

LEAST_LIKENESS: Final = 0.1
"""The cosine between a text and its topic below which it has none."""

NO_TOPIC: Final = -1
"""The topic of a text that is like none."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic: the words that label it, the heaviest first, and how well they go together (-1 to 1)."""

    words: tuple[str, ...]
    coherence: float


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one language, most texts first, and the topic of each text.

    `missing` says why there are none; it is empty if there are.
    """

    topics: tuple[Topic, ...]
    topic: Whole
    missing: str = ""


def find_topics(texts: Sequence[Sequence[str]], words: Words) -> Topics:
    """The topics of texts, which are given as their stems, in the order of time."""
    nothing = np.full(len(texts), NO_TOPIC, dtype=np.int64)
    if len(texts) < FEWEST:
        return Topics((), nothing, f"too few texts: {len(texts)}, {FEWEST} are needed")
    learned = [texts[index] for index in _spaced(len(texts), MOST_LEARNED)]
    known = vocabulary(learned, MOST_WORDS)
    rows = tf_idf(learned, known)
    rows = rows[rows.any(axis=1)]
    # Texts of few words, such as templates, have no more topics than these words can label.
    number = max(2, min(MOST_TOPICS, len(rows) // PER_TOPIC, len(known) // SHOWN))
    if len(rows) < FEWEST or len(known) < SHOWN * number:
        return Topics((), nothing, "too few words: these texts have too few in common")
    found = factorise(rows, number)
    together = (rows > 0).T.astype(np.float64) @ (rows > 0)
    coherences = [_coherence(together, len(rows), _top(one)) for one in found]
    topic = _assigned(texts, known, found)
    counts = np.bincount(topic[topic >= 0], minlength=len(found))
    order = sorted(range(len(found)), key=lambda index: (-counts[index], index))
    place = np.empty(len(found) + 1, dtype=np.int64)
    place[order] = np.arange(len(found))
    place[NO_TOPIC] = NO_TOPIC
    stems = known.stems
    labelled = tuple(
        Topic(tuple(words.shown(stems[column]) for column in _top(found[index])), coherences[index])
        for index in order
    )
    return Topics(labelled, place[topic])


def _coherence(together: Real, texts: int, columns: Sequence[int]) -> float:
    """The mean normalised pointwise mutual information of the pairs of a topic's words.

    Bouma, GSCL 2009: 1 for words that only occur together, 0 for independent ones, -1 for none together.
    """
    scores = []
    for place, one in enumerate(columns):
        for other in columns[:place]:
            both = together[one, other] / texts
            if both == 0:
                scores.append(-1.0)
                continue
            if both == 1:
                scores.append(1.0)
                continue
            apart = together[one, one] * together[other, other] / texts**2
            scores.append(float(np.log(both / apart) / -np.log(both)))
    return float(np.mean(scores))


def _assigned(texts: Sequence[Sequence[str]], known: Vocabulary, found: Real) -> Whole:
    """The heaviest topic of each text."""
    found = found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)
    topic = np.full(len(texts), NO_TOPIC, dtype=np.int64)
    for first in range(0, len(texts), BATCH):
        rows = tf_idf(texts[first : first + BATCH], known)
        heaviest = project(rows, found).argmax(axis=1)
        like = np.einsum("ij,ij->i", rows, found[heaviest]) >= LEAST_LIKENESS
        topic[first : first + BATCH][like] = heaviest[like]
    return topic


def _top(topic: Real) -> list[int]:
    """The columns of a topic's heaviest words; of equals, the more frequent word first."""
    return [int(column) for column in np.argsort(-topic, kind="stable")[:SHOWN]]


def _spaced(count: int, most: int) -> Whole:
    """Indices of at most `most` of `count` things, evenly spaced."""
    if count <= most:
        return np.arange(count)
    return np.unique(np.linspace(0, count - 1, most).astype(np.int64))
