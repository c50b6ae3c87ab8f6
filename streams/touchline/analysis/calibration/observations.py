"""Observations: journeys, or scores, as columns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from touchline.analysis.impact.trials import Mask, Real, Whole


@dataclass(frozen=True, slots=True)
class Observations:
    """One row for each observation, in the order of time.

    Attributes:
        customer: A number for each customer.
        outcome: Whether the outcome came: the customer did not come back, or the score was low.
        rules: The rules, one for each column of `met`.
        met: Whether a friction of each rule came before the outcome.
        strikes: The sum of the weights of these frictions, as configured.
        adjusted: What else is known, one column each, such as the number of touchpoints.
    """

    customer: Whole
    outcome: Mask
    rules: Sequence[str]
    met: Mask
    strikes: Real
    adjusted: Real

    def __len__(self) -> int:
        """The number of observations."""
        return len(self.outcome)

    def chosen(self, rows: Mask) -> "Observations":
        """Some of the observations."""
        return Observations(
            self.customer[rows],
            self.outcome[rows],
            self.rules,
            self.met[rows],
            self.strikes[rows],
            self.adjusted[rows],
        )

    def of_rules(self, rules: Sequence[str]) -> "Observations":
        """The same with some of the rules."""
        columns = [list(self.rules).index(rule) for rule in rules]
        return replace(self, rules=tuple(rules), met=self.met[:, columns])

    def standardised(self) -> "Observations":
        """The same with adjusted columns of mean 0 and standard deviation 1."""
        spread = self.adjusted.std(axis=0)
        centred = self.adjusted - self.adjusted.mean(axis=0)
        return replace(self, adjusted=centred / np.where(spread > 0, spread, 1.0))
