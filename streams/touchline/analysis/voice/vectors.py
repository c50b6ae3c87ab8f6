"""Texts as rows of numbers: TF-IDF over the words that enough texts have."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from touchline.analysis.impact.trials import Real

FEWEST_TEXTS: Final = 5
"""Texts that must have a word: rarer ones tell of single customers, and may name them."""

MOST_SHARE: Final = 0.5
"""The share of texts above which a word says nothing about any of them."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words that count.

    Attributes:
        index: The column of each stem.
        weight: The inverse document frequency of each column, ln((1 + n) / (1 + texts with it)) + 1.
    """

    index: dict[str, int]
    weight: Real

    def __len__(self) -> int:
        """The number of words."""
        return len(self.index)

    @property
    def stems(self) -> list[str]:
        """The stems, by column."""
        return list(self.index)


def vocabulary(texts: Sequence[Sequence[str]], most: int, fewest: int = FEWEST_TEXTS) -> Vocabulary:
    """The stems that at least `fewest` and at most half of the texts have; the `most` frequent of these."""
    counts = Counter(stem for text in texts for stem in set(text))
    kept = [
        (stem, count)
        for stem, count in counts.items()
        if fewest <= count <= max(fewest, MOST_SHARE * len(texts))
    ]
    kept.sort(key=lambda item: (-item[1], item[0]))
    kept = kept[:most]
    weight = np.array([np.log((1 + len(texts)) / (1 + count)) + 1 for _, count in kept], dtype=np.float64)
    return Vocabulary({stem: column for column, (stem, _) in enumerate(kept)}, weight)


def tf_idf(texts: Sequence[Sequence[str]], known: Vocabulary) -> Real:
    """One row for each text, of length 1; all zeros if it has none of the words."""
    rows = np.zeros((len(texts), len(known)))
    for row, text in enumerate(texts):
        for stem, count in Counter(text).items():
            column = known.index.get(stem)
            if column is not None:
                rows[row, column] = 1 + np.log(count)
    rows *= known.weight
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: Real = np.divide(rows, length, out=rows, where=length > 0)
    return scaled
