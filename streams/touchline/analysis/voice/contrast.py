"""Words that customers with a friction use more often than others do.

Log-odds with an informative Dirichlet prior (Monroe, Colaresi and Quinn, Political Analysis 16, 2008,
372-403): the prior has the words as often as all texts together, so that rare words need more to stand out.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from math import erfc, exp, log, sqrt
from typing import Final, NamedTuple

from touchline.analysis.explain.association import discoveries

PRIOR: Final = 500.0
"""How many words the prior is worth."""

FEWEST: Final = 5
"""Customers with the friction who must use a word."""

LEAST_Z: Final = 3.0
"""Standard errors by which the log-odds must exceed 0."""


class Word(NamedTuple):
    """A word that stands out.

    Attributes:
        stem: Its stem.
        customers: Customers with the friction who use it.
        others: Customers without it who do.
        odds: How many times higher the odds of the word are.
        z: The log of that, in standard errors.
    """

    stem: str
    customers: int
    others: int
    odds: float
    z: float


def standing_out(affected: Sequence[Collection[str]], others: Sequence[Collection[str]]) -> list[Word]:
    """The words that stand out, the surest first.

    Each item is the set of stems of one customer: who repeats a word counts once. Of the words named, 5 % are
    false on average (Benjamini and Hochberg's procedure over the words with enough customers).
    """
    inside = Counter(stem for one in affected for stem in set(one))
    outside = Counter(stem for one in others for stem in set(one))
    n_inside, n_outside = inside.total(), outside.total()
    both = n_inside + n_outside
    tested = []
    for stem, count in inside.items():
        if count < FEWEST:
            continue
        prior = PRIOR * (count + outside[stem]) / both
        first, second = count + prior, outside[stem] + prior
        odds = log(first / (n_inside + PRIOR - first)) - log(second / (n_outside + PRIOR - second))
        tested.append(Word(stem, count, outside[stem], exp(odds), odds / sqrt(1 / first + 1 / second)))
    # The tail of the normal distribution.
    found = discoveries([erfc(word.z / sqrt(2)) / 2 for word in tested])
    named = [word for word, is_found in zip(tested, found, strict=True) if is_found and word.z >= LEAST_Z]
    return sorted(named, key=lambda word: (-word.z, word.stem))
