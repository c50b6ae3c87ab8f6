"""A weighted log-linear regression of counts: Poisson, fitted by iteratively reweighted least squares."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log

_ROUNDS = 25
_CLOSE = 1e-8
_LARGEST = 30.0
"""The largest logarithm of a mean: counts beyond it do not occur."""

Vector = list[float]
Matrix = list[Vector]


@dataclass(frozen=True, slots=True)
class Fit:
    """Coefficients, the inverse of their information matrix, and the mean of each count."""

    coefficients: Vector
    inverse: Matrix
    means: Vector

    def mean(self, row: Sequence[float]) -> float:
        """The mean of a count with these terms."""
        return exp(min(_LARGEST, sum(c * x for c, x in zip(self.coefficients, row, strict=True))))

    def variance(self, row: Sequence[float]) -> float:
        """The variance of the logarithm of that mean, if counts are Poisson."""
        return sum(x * y * self.inverse[i][j] for i, x in enumerate(row) for j, y in enumerate(row))


def fit(rows: Sequence[Sequence[float]], counts: Sequence[int], weights: Sequence[float]) -> Fit | None:
    """Fit log(mean) = coefficients · row.

    None if the counts do not determine the coefficients, such as where all are 0.
    """
    width = len(rows[0])
    total = sum(w * y for w, y in zip(weights, counts, strict=True))
    if total <= 0:
        return None
    coefficients = [log(total / sum(weights)), *([0.0] * (width - 1))]
    inverse: Matrix | None = None
    means: Vector = []
    for _ in range(_ROUNDS):
        means = [exp(max(-_LARGEST, min(_LARGEST, _dot(coefficients, row)))) for row in rows]
        information = [[0.0] * width for _ in range(width)]
        score = [0.0] * width
        for row, count, weight, mean in zip(rows, counts, weights, means, strict=True):
            for i, x in enumerate(row):
                score[i] += weight * x * (count - mean)
                for j, y in enumerate(row):
                    information[i][j] += weight * mean * x * y
        inverse = _inverse(information)
        if inverse is None:
            return None
        step = [_dot(line, score) for line in inverse]
        coefficients = [c + s for c, s in zip(coefficients, step, strict=True)]
        if max(map(abs, coefficients)) > _LARGEST:
            return None
        if max(map(abs, step)) < _CLOSE:
            break
    return None if inverse is None else Fit(coefficients, inverse, means)


def _dot(left: Sequence[float], right: Sequence[float]) -> float:
    return sum(x * y for x, y in zip(left, right, strict=True))


def _inverse(matrix: Matrix) -> Matrix | None:
    """The inverse of a small symmetric matrix, by Gauss and Jordan; None if there is none."""
    size = len(matrix)
    rows = [[*line, *(float(i == j) for j in range(size))] for i, line in enumerate(matrix)]
    for column in range(size):
        pivot = max(range(column, size), key=lambda index: abs(rows[index][column]))
        if abs(rows[pivot][column]) < 1e-10:
            return None
        rows[column], rows[pivot] = rows[pivot], rows[column]
        rows[column] = [value / rows[column][column] for value in rows[column]]
        for other in range(size):
            if other != column and (factor := rows[other][column]):
                rows[other] = [a - factor * b for a, b in zip(rows[other], rows[column], strict=True)]
    return [line[size:] for line in rows]
