"""Whether a text is negative, learned from the scores that the company's own customers gave with texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from touchline.analysis.discrimination import Area, area
from touchline.analysis.impact.trials import Mask, Real, Whole
from touchline.analysis.logistic import Fit, fit
from touchline.analysis.voice.vectors import Vocabulary, tf_idf, vocabulary

FEWEST: Final = 200
"""Texts with a score of one language."""

FEWEST_EACH: Final = 20
"""Texts with a low score, and with a high one."""

MOST_LEARNED: Final = 4_000
"""The newest texts with a score, from which is learned."""

MOST_WORDS: Final = 500
"""Words of the vocabulary."""

PENALTY: Final = 1.0
"""Of the regression: the weights of rare words stay small."""

FOLDS: Final = 5
"""Parts of the customers: the scores of each are predicted from the others."""


@dataclass(frozen=True, slots=True)
class Sentiment:
    """What was learned.

    Attributes:
        scored: Texts with a score.
        area: How well it predicts scores of customers that it did not learn from.
        missing: Why it is not used; empty if it is.
    """

    scored: int
    area: Area | None
    missing: str
    _known: Vocabulary | None = None
    _fit: Fit | None = None

    def negative(self, texts: Sequence[Sequence[str]]) -> Real | None:
        """The chance that each text comes with a low score; None if that is not known."""
        if self._known is None or self._fit is None:
            return None
        return self._fit.chance(tf_idf(texts, self._known))


def learn(texts: Sequence[Sequence[str]], low: Mask, customer: Whole) -> Sentiment:
    """Learn from texts with a score, given as stems in the order of time.

    Args:
        texts: The texts.
        low: Whether the score of each is low.
        customer: Whose each is: the texts of one customer are learned from, or predicted, together.
    """
    count = len(texts)
    if count < FEWEST:
        return Sentiment(count, None, f"not enough scored texts: {count}, {FEWEST} are needed")
    texts, low, customer = texts[-MOST_LEARNED:], low[-MOST_LEARNED:], customer[-MOST_LEARNED:]
    lows = int(low.sum())
    if min(lows, len(low) - lows) < FEWEST_EACH:
        has = f"{lows} low and {len(low) - lows} high"
        return Sentiment(count, None, f"not enough scored texts: {has}, {FEWEST_EACH} of each are needed")
    predicted = np.zeros(len(texts))
    for fold in range(FOLDS):
        out = customer % FOLDS == fold
        if out.any() and not out.all():
            known, fitted = _fitted(_chosen(texts, ~out), low[~out])
            predicted[out] = fitted.log_odds(tf_idf(_chosen(texts, out), known))
    found = area(predicted, low)
    if found is None or found.low <= 0.5:
        return Sentiment(count, found, "words do not predict the scores")
    return Sentiment(count, found, "", *_fitted(texts, low))


def _fitted(texts: Sequence[Sequence[str]], low: Mask) -> tuple[Vocabulary, Fit]:
    known = vocabulary(texts, MOST_WORDS)
    return known, fit(tf_idf(texts, known), low.astype(np.float64), PENALTY)


def _chosen(texts: Sequence[Sequence[str]], rows: Mask) -> list[Sequence[str]]:
    return [text for text, is_in in zip(texts, rows, strict=True) if is_in]
