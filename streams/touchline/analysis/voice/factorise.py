"""Non-negative matrix factorisation: rows as sums of few topics, without chance.

Columns are updated one after the other (hierarchical alternating least squares, Cichocki and Phan, IEICE
Transactions E92-A, 2009, 708-721), from a start that follows from the singular value decomposition (NNDSVD
with zeros filled by the mean, Boutsidis and Gallopoulos, Pattern Recognition 41, 2008, 1350-1362).
"""

from typing import Final

import numpy as np

from touchline.analysis.impact.trials import Real

ROUNDS: Final = 60
"""The most rounds of updates."""

ENOUGH: Final = 1e-4
"""The relative change of the topics at which the updates end."""

_TINY = 1e-12


def factorise(rows: Real, topics: int) -> Real:
    """The topics (one row each), whose sums with weights ≥ 0 are near `rows`.

    Args:
        rows: What to factorise, without negative numbers.
        topics: How many; at most the smaller side of `rows`.
    """
    weights, found = _start(rows, *_decomposed(rows, topics))
    for _ in range(ROUNDS):
        before = found.copy()
        weights = _updated(weights, rows @ found.T, found @ found.T)
        found = _updated(found.T, rows.T @ weights, weights.T @ weights).T
        if np.abs(found - before).max() <= ENOUGH * max(float(found.max()), _TINY):
            break
    return found


def project(rows: Real, topics: Real) -> Real:
    """The weights of the topics in each row: the non-negative least squares."""
    gram = topics @ topics.T
    product = rows @ topics.T
    weights = np.maximum(product / np.maximum(np.diag(gram), _TINY), 0.0)
    for _ in range(ROUNDS):
        weights = _updated(weights, product, gram)
    return weights


def _decomposed(rows: Real, most: int) -> tuple[Real, Real, Real]:
    """The singular vectors and values of `rows`, the `most` largest, by its smaller Gram matrix."""
    wide = rows.shape[1] > rows.shape[0]
    values, vectors = np.linalg.eigh(rows @ rows.T if wide else rows.T @ rows)
    order = np.argsort(values)[::-1][:most]
    singular = np.sqrt(np.maximum(values[order], _TINY))
    if wide:
        left = vectors[:, order]
        return left, singular, (rows.T @ left / singular).T
    right = vectors[:, order].T
    return rows @ right.T / singular, singular, right


def _updated(weights: Real, product: Real, gram: Real) -> Real:
    """One update of each column; `product` and `gram` belong to the other factor."""
    weights = weights.copy()
    for column in range(weights.shape[1]):
        step = product[:, column] - weights @ gram[:, column]
        size = max(float(gram[column, column]), _TINY)
        weights[:, column] = np.maximum(weights[:, column] + step / size, 0.0)
    return weights


def _start(rows: Real, left: Real, singular: Real, right: Real) -> tuple[Real, Real]:
    weights, found = np.zeros_like(left), np.zeros_like(right)
    for topic in range(len(singular)):
        u, v = left[:, topic], right[topic]
        # The sign of a pair is free: take the one whose positive parts are larger.
        halves = [(np.maximum(sign * u, 0), np.maximum(sign * v, 0)) for sign in (1.0, -1.0)]
        u, v = max(halves, key=lambda half: float(np.linalg.norm(half[0]) * np.linalg.norm(half[1])))
        size = float(np.linalg.norm(u) * np.linalg.norm(v))
        if size > 0:
            scale = np.sqrt(singular[topic] * size)
            weights[:, topic] = scale * u / np.linalg.norm(u)
            found[topic] = scale * v / np.linalg.norm(v)
    mean = float(rows.mean())
    weights[weights == 0] = mean
    found[found == 0] = mean
    return weights, found
