"""Explains a rule, an incident or a point of a panel: one way for commands, the live page and alerts."""

from collections.abc import Callable, Mapping, Sequence

from touchline.alerts import Absence, AlertRule
from touchline.alerts.messages.message import MOST_CAUSES
from touchline.analysis.explain.explanation import Explanation
from touchline.panels.points import Point, frictions_of_point
from touchline.rules import Rule
from touchline.runtime.alerting.rows import named_incident
from touchline.tables import AlertRow
from touchline.vocabulary.errors import TouchlineError

Ask = Callable[[str, Mapping[str, str]], Sequence[Sequence[object]]]
"""Runs a query: SQL and its parameters as text → the rows."""


class CannotExplain(TouchlineError):
    """There is nothing to compare; the text says why."""


class Explainer:
    """Explains over a store. Its methods raise StoreError if the store does not answer.

    Args:
        ask: Queries the store.
        rules: The friction rules in force.
        alert_rules: The alert rules in force.
    """

    def __init__(self, ask: Ask, rules: Sequence[Rule], alert_rules: Sequence[AlertRule]) -> None:
        self._ask = ask
        self._rules = {rule.id: rule for rule in rules}
        self._alert_rules = {rule.id: rule for rule in alert_rules}

    def rule(self, rule: str, since: int, until: int) -> Explanation:
        """What distinguishes those who met a rule between two times (ms)."""
        from touchline.analysis.reading.explaining.explanation import read_explanation
        from touchline.analysis.reading.explaining.scopes import of_rule

        return read_explanation(self._ask, of_rule(rule, self._rules, since, until))

    def incident(self, row: AlertRow, until: int) -> Explanation:
        """What distinguishes those whom an incident affects; one that fires is looked at until a time (ms).

        Raises:
            CannotExplain: the incident affects no customers, or its rule is no longer in force.
        """
        from touchline.analysis.reading.explaining.explanation import read_explanation
        from touchline.analysis.reading.explaining.scopes import of_incident

        rule = self._alert_rules.get(row.rule)
        if rule is None:
            raise CannotExplain(f"the alert rule {row.rule} is no longer in force: explain the friction rule")
        if isinstance(rule, Absence):
            raise CannotExplain(f"{row.rule} fires when events stay away: it affects no customers to compare")
        return read_explanation(self._ask, of_incident(rule, row, self._rules, until))

    def alert(self, name: str, until: int) -> Explanation:
        """What distinguishes those whom an incident affects, by its id or as the newest of an alert rule.

        Raises:
            CannotExplain: there is no such incident, and as `incident`.
        """
        row = named_incident(self._ask, name)
        if row is None:
            raise CannotExplain(f"there is no incident {name}")
        return self.incident(row, until)

    def point(self, point: Point) -> Explanation:
        """What distinguishes those whose frictions a point of a panel counts.

        Raises:
            CannotExplain: the panel does not count frictions as they open.
        """
        from touchline.analysis.reading.explaining.explanation import read_explanation
        from touchline.analysis.reading.explaining.scopes import of_point

        series, by = point.series, point.panel.friction_series
        if not by:
            raise CannotExplain(f"the points of {point.panel.id} are no frictions that opened then")
        rules = [series] if by == "rule" and series else list(point.chosen.get("rule", ()))
        scope = of_point(
            frictions_of_point(point),
            {"series": series},
            point.between,
            rules,
            self._rules,
            {by, *point.chosen, *(f"data.{name}" for name in point.chosen)},
        )
        return read_explanation(self._ask, scope)


def cause_sentences(explainer: Explainer, row: AlertRow, until: int) -> tuple[str, ...]:
    """Up to three sentences on the likely causes of an incident until a time (ms), or why there are none.

    Raises:
        CannotExplain: as `Explainer.incident`.
        StoreError: the store does not answer.
    """
    from touchline.analysis.explain.explanation import sentence

    explanation = explainer.incident(row, until)
    if explanation.verdict:
        return (f"Cause: {explanation.verdict[0].lower()}{explanation.verdict[1:].rstrip('.')}",)
    found = [
        f"Likely cause: {sentence(finding, explanation.affected)}"
        for finding in explanation.findings[:MOST_CAUSES]
    ]
    found[0] += f", compared with {explanation.compared}"
    return tuple(found)
