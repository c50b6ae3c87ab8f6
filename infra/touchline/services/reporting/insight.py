"""What reports say about rules beyond counts: their cost, and what those affected have in common."""

from collections.abc import Callable
from math import isfinite
from typing import Final

from touchline.analysis.explain.explanation import sentence
from touchline.analysis.impact.estimate import Impact
from touchline.analysis.reading.impacts import Span, Surveyor
from touchline.config.settings import Settings
from touchline.friction import RuleSet
from touchline.measures import Ask
from touchline.reports.audit.audit import Cost
from touchline.reports.audit.reading import Costs
from touchline.services.explaining import Explainer

NO_MONEY: Final = "No order with a value is recorded: losses cannot be given in money."

FINDINGS: Final = 3
"""Findings that are said of a rule."""


def computed_costs(ask: Ask, terms: Span, rules: RuleSet) -> Costs:
    """What each rule's frictions cost, and all together."""
    survey = Surveyor(ask, terms, {rule.id: rule for rule in rules.rules}).survey()
    return Costs(
        by_rule={name: cost_of(impact) for name, impact in survey.impacts.items()},
        together=cost_of(survey.together),
        currency=survey.currency,
        missing="" if survey.currency else NO_MONEY,
    )


def terms_of(settings: Settings, since: int, until: int) -> Span:
    """What costs are estimated with, for a span (ms)."""
    return Span(since, until, settings.impact_outcome, settings.impact_within, settings.contact_cost)


def cost_of(impact: Impact) -> Cost:
    """An impact as reports show it."""
    loss, e_value = impact.loss, impact.e_value
    return Cost(
        verdict="unknown" if loss is None else impact.verdict,
        missing=impact.missing,
        value=None if loss is None else loss.value,
        low=None if loss is None else loss.low,
        high=None if loss is None else loss.high,
        e_value=e_value if e_value is not None and isfinite(e_value) else None,
        at_risk=None if loss is None else impact.at_risk,
        doubtful=impact.placebo_fails,
    )


def distinguishing(ask: Ask, since: int, until: int, rules: RuleSet) -> Callable[[str], tuple[str, ...]]:
    """A function for sentences on what distinguishes those whom a rule's frictions of a span hit."""
    explainer = Explainer(ask, rules.rules, ())

    def sentences(rule: str) -> tuple[str, ...]:
        found = explainer.rule(rule, since, until)
        if found.verdict:
            return (found.verdict,)
        return tuple(_capitalized(sentence(one, found.affected)) for one in found.findings[:FINDINGS])

    return sentences


def _capitalized(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
