"""The stored impacts of rules: rows of `rule_impact`, written by a survey and read back."""

from collections.abc import Mapping

import msgspec

from touchline.analysis.impact.stored import impact_columns
from touchline.analysis.reading.impacts import Survey
from touchline.analysis.reading.steps import Ask
from touchline.rules.rule import Rule
from touchline.tables import RuleImpactRow

TOGETHER = ""
"""The rule of the row for all rules together."""

_FIELDS = RuleImpactRow.__struct_fields__
_CURRENT = """
SELECT * REPLACE (toUnixTimestamp64Milli(computed_at) AS computed_at, toUnixTimestamp64Milli(since) AS since,
    toUnixTimestamp64Milli(until) AS until)
FROM current_impact ORDER BY loss DESC NULLS LAST, rule
"""


def impact_rows(survey: Survey, rules: Mapping[str, Rule], computed_at: int) -> list[RuleImpactRow]:
    """The rows of a survey that was made at a time (ms): one for each rule, and one for all together."""
    span = survey.span
    rows = []
    for name, impact in {TOGETHER: survey.together, **survey.impacts}.items():
        rule = rules.get(name)
        fields = {
            "computed_at": computed_at,
            "rule": name,
            "title": rule.title if rule else "",
            "factor": rule.factor if rule else "",
            "owner": rule.owner if rule else "",
            "since": span.since,
            "until": span.until,
            "outcome": span.outcome,
            "within": span.within,
            "one_in": survey.one_in,
            "currency": survey.currency,
            "contact_cost": span.contact_cost,
            **impact_columns(impact),
        }
        rows.append(msgspec.convert(fields, RuleImpactRow))
    return rows


def read_impacts(ask: Ask) -> list[RuleImpactRow]:
    """The rows of the last survey, the largest loss first; none if there was no survey yet."""
    return [
        msgspec.convert(dict(zip(_FIELDS, row, strict=True)), RuleImpactRow, strict=False)
        for row in ask(_CURRENT, {})
    ]
