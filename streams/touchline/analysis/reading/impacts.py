"""Estimates the impact of many rules, and of all together, over one store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from touchline.analysis.impact.estimate import Impact, Terms, estimate, undefined, without_figure
from touchline.analysis.reading.impact import Question, TrialReader
from touchline.analysis.reading.steps import Ask, sample
from touchline.rules.reach import wait
from touchline.rules.rule import ExpectRule, Rule
from touchline.rules.steps import step_types, waits_for
from touchline.vocabulary.durations import DAY

WINDOW = DAY
"""How long (ms) after the step a friction counts, if its rule does not wait longer."""

WAITS = "the rule itself waits for the outcome: choose another one"


@dataclass(frozen=True, slots=True)
class Span:
    """What to estimate.

    Attributes:
        since, until: When steps count, ms since 1970; `until` is the end of the data.
        outcome: The type of the events that count as conversions.
        within: How long after the friction a conversion counts, ms.
        contact_cost: What a contact costs, in the currency of the orders.
    """

    since: int
    until: int
    outcome: str
    within: int
    contact_cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Survey:
    """The impacts of rules in a span.

    Attributes:
        span: What was estimated.
        one_in: Of so many customers one was read; figures are scaled to all.
        currency: Of the orders.
        impacts: By rule.
        together: The impact of all rules together: a customer who met several counts once.
    """

    span: Span
    one_in: int
    currency: str
    impacts: Mapping[str, Impact]
    together: Impact


class Surveyor:
    """Estimates impacts over one store; what all rules share is read once."""

    def __init__(self, ask: Ask, span: Span, rules: Mapping[str, Rule]) -> None:
        self._span, self._rules = span, rules
        self._one_in = sample(ask, span.since, span.until)
        question = Question(span.since, span.until, span.until, span.outcome, self._one_in)
        self._trials = TrialReader(ask, question)
        self.found = self._trials.rules()
        """The rules with a friction in the span, the most frequent first."""

    def survey(self, names: Sequence[str] = ()) -> Survey:
        """The impacts of these rules, or of all that were found."""
        waiting = {name for name, rule in self._rules.items() if waits_for(rule, self._span.outcome)}
        impacts = {}
        for name in names or self.found:
            impacts[name] = self._estimate([name], self._rules.get(name))
            if name in waiting:
                impacts[name] = without_figure(impacts[name], WAITS)
        counted = [name for name in self.found if name not in waiting]
        together = self._estimate(counted) if counted else undefined("no friction in this time")
        return Survey(self._span, self._one_in, self._trials.currency, impacts, together)

    def _estimate(self, names: Sequence[str], rule: Rule | None = None) -> Impact:
        """The impact of these rules; `rule` is their only one, if it is known."""
        window = _window(rule)
        terms = Terms(window, self._span.within, self._span.contact_cost)
        trials = self._trials.trials(names, step_types(rule) if rule else (), window + self._span.within)
        found = estimate(trials, terms).scaled(self._one_in)
        if not self._trials.outcomes:
            return without_figure(found, f"no {self._span.outcome} is recorded: choose another outcome")
        return found


def _window(rule: Rule | None) -> int:
    """How long (ms) after the step a friction of the rule counts: what waits a day opens only after it."""
    waits = wait(rule) if rule else 0
    if isinstance(rule, ExpectRule) and waits >= WINDOW:
        return WINDOW + waits
    return max(WINDOW, waits)
