"""Alert rules as Grafana alert rules, for teams that alert with Grafana.

Each rule queries one number for each combination of labels, over a period up to now, and fires above a
threshold.
"""

from collections.abc import Iterable
from zlib import crc32

from grafana_foundation_sdk.builders import alerting, expr
from grafana_foundation_sdk.models.alerting import RelativeTimeRange

from touchline.alerts import Absence, AlertRule, Change, StrikeOut, Threshold
from touchline.alerts.sql import OLDEST, points, watched
from touchline.grafana.building import Json, to_json
from touchline.grafana.drawing import dashboard_uid, panel_number
from touchline.grafana.queries import ClickHouse
from touchline.vocabulary.durations import WEEK, exact_duration

GROUP = "Touchline"
FOLDER = "touchline"
EVERY_SECONDS = 60

_EXPRESSION = "__expr__"
_NOW = "(toInt64(toUnixTimestamp($__toTime)) * 1000)"
"""SQL for the time of the evaluation, ms since 1970."""


def alert_rules(rules: Iterable[AlertRule], source: str) -> list[Json]:
    """The rules in the format of Grafana's provisioning API; `source` is the uid of the data source."""
    return [to_json(_rule(rule, source).build()) for rule in rules]


def rule_sql(rule: AlertRule) -> str:
    """The SQL of a rule: one text column for each label, and `value`; no rows without data."""
    labels = ", ".join(
        f"substring(labels[{place}], {len(name) + 2}) AS `{name}`"
        for place, name in enumerate(rule.by, start=1)
    )
    return f"SELECT {labels}{', ' if labels else ''}toFloat64(value) AS value\nFROM ({_values(rule)})"


def rule_uid(rule_id: str) -> str:
    """The uid of a rule in Grafana, at most 40 characters long."""
    uid = f"touchline-{rule_id}"
    return uid if len(uid) <= 40 else f"{uid[:31]}-{crc32(rule_id.encode()):08x}"


def _values(rule: AlertRule) -> str:
    if isinstance(rule, Change):
        return _rises(rule)
    if isinstance(rule, Absence):
        seen = _between(points(rule), rule.longer_than + rule.forget)
        return f"SELECT labels, ({_NOW} - max(last)) / 1000 AS value FROM ({seen})\nGROUP BY labels"
    met = _between(watched(rule), rule.within)
    return f"SELECT labels, uniqExact(customer) AS value FROM ({met}) GROUP BY labels"


def _rises(rule: Change) -> str:
    """SQL for the labels whose count is above the usual one; `value` is the count."""
    weeks = range(rule.weeks + 1)
    oldest = f"(SELECT tuple(*).1 FROM ({OLDEST}))"
    known = f"least({rule.weeks}, intDiv({_NOW} - {rule.within} - {oldest}, {WEEK}))"
    counted = ", ".join(f"countIf(week = {week})" for week in weeks if week)
    return f"""
SELECT labels, countIf(week = 0) AS value, {known} AS known,
       arrayReduce('quantileExactInclusive(0.5)', arraySlice([{counted}], 1, greatest(known, 1))) AS usual
FROM (
    SELECT labels, intDiv({_NOW} - at, {WEEK}) AS week
    FROM ({_between(watched(rule, weeks), rule.within)})
)
GROUP BY labels
HAVING known > 0 AND value >= greatest({rule.at_least}, {rule.times} * usual)
"""


def _between(sql: str, span: int) -> str:
    """SQL of a rule with its period set to the last `span` ms."""
    return sql.replace("{lo:Int64}", f"({_NOW} - {span})").replace("{hi:Int64}", _NOW)


def _limit(rule: AlertRule) -> float:
    """The rule fires above this value."""
    match rule:
        case Threshold() | StrikeOut():
            return rule.customers - 1
        case Change():
            return rule.at_least - 1
        case Absence():
            return rule.longer_than / 1000


def _lookback_seconds(rule: AlertRule) -> int:
    return (rule.longer_than if isinstance(rule, Absence) else rule.within) // 1000


def _rule(rule: AlertRule, source: str) -> alerting.Rule:
    dashboard, panel = ("health", "producers") if isinstance(rule, Absence) else ("friction", "friction_rate")
    query = (
        alerting.Query("A")
        .datasource_uid(source)
        .model(ClickHouse(rule_sql(rule), "table", source))
        .relative_time_range(RelativeTimeRange(from_val=_lookback_seconds(rule), to=0))
    )
    condition = (
        alerting.Query("B")
        .datasource_uid(_EXPRESSION)
        .model(_above(_limit(rule)))
        .relative_time_range(RelativeTimeRange(from_val=0, to=0))
    )
    labels = {"severity": rule.severity, "touchline_rule": rule.id}
    annotations = {
        "summary": _summary(rule),
        "__dashboardUid__": dashboard_uid(dashboard),
        "__panelId__": str(panel_number(panel)),
    }
    return (
        alerting.Rule(rule.title)
        .uid(rule_uid(rule.id))
        .org_id(1)
        .folder_uid(FOLDER)
        .rule_group(GROUP)
        .condition("B")
        .with_query(query)
        .with_query(condition)
        .for_val("0s")
        .keep_firing_for(exact_duration(rule.cooldown))
        .missing_series_evals_to_resolve(_evaluations_until_resolved(rule))
        .no_data_state("OK")
        .exec_err_state("Error")
        .labels(labels | ({"owner": rule.owner} if rule.owner else {}))
        .annotations(annotations | ({"description": rule.why} if rule.why else {}))
    )


def _summary(rule: AlertRule) -> str:
    """The title with the labels and the value, as a template of Grafana."""
    labels = ", ".join(f"{name} {{{{ $labels.{name} }}}}" for name in rule.by)
    value = "{{ humanizeDuration $values.A.Value }}" if isinstance(rule, Absence) else "{{ $values.A }}"
    return f"{rule.title}{f' ({labels})' if labels else ''}: {value}"


def _evaluations_until_resolved(rule: AlertRule) -> int:
    """After so many evaluations without the series, Grafana resolves it: the cooldown, at least two."""
    return max(2, -(-rule.cooldown // (1000 * EVERY_SECONDS)))


def _above(limit: float) -> expr.TypeThreshold:
    evaluator = expr.ExprTypeThresholdConditionsEvaluator().type("gt").params([limit])
    condition = expr.ExprTypeThresholdConditions().evaluator(evaluator)
    return expr.TypeThreshold().ref_id("B").expression("A").conditions([condition])
