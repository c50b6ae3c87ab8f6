"""Alert rules as Grafana alert rules, for teams that alert with Grafana.

Each rule queries one number for each combination of labels, over a period up to now, and fires above a
threshold.
"""

from collections.abc import Iterable
from zlib import crc32

from grafana_foundation_sdk.builders import alerting, expr
from grafana_foundation_sdk.models.alerting import RelativeTimeRange

from touchline.alerts import Absence, AlertRule, Loss, Measured, StrikeOut, Threshold, Unusual
from touchline.alerts.conditions import MOST_SERIES, literal
from touchline.alerts.rules import label_name
from touchline.alerts.sql import points, watched
from touchline.grafana.building import Json, to_json
from touchline.grafana.drawing import dashboard_uid, panel_number
from touchline.grafana.queries import ClickHouse
from touchline.vocabulary.durations import exact_duration

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
        f"substring(labels[{place}], {len(name) + 2}) AS `{label_name(name)}`"
        for place, name in enumerate(rule.by, start=1)
    )
    return f"SELECT {labels}{', ' if labels else ''}toFloat64(value) AS value\nFROM ({_values(rule)})"


def rule_uid(rule_id: str) -> str:
    """The uid of a rule in Grafana, at most 40 characters long."""
    uid = f"touchline-{rule_id}"
    return uid if len(uid) <= 40 else f"{uid[:31]}-{crc32(rule_id.encode()):08x}"


def _values(rule: AlertRule) -> str:
    if isinstance(rule, Unusual | Measured | Loss):
        return _evaluated(rule)
    if isinstance(rule, Absence):
        seen = _between(points(rule), rule.longer_than + rule.forget)
        return f"SELECT labels, ({_NOW} - max(last)) / 1000 AS value FROM ({seen})\nGROUP BY labels"
    met = _between(watched(rule), rule.within)
    return (
        f"SELECT labels, uniqExact(customer) AS value FROM ({met}) GROUP BY labels "
        f"ORDER BY value DESC LIMIT {MOST_SERIES}"
    )


def _evaluated(rule: Unusual | Measured | Loss) -> str:
    """SQL for the firing incidents that Touchline has found; `value` is their number of events."""
    found = f"SELECT labels, count AS value FROM current_alerts WHERE rule = {literal(rule.id)}"
    return f"{found} AND status = 'firing' AND resolved_at IS NULL"


def _between(sql: str, span: int) -> str:
    """SQL of a rule with its period set to the last `span` ms."""
    sql = sql.replace("{lo:Int64}", f"({_NOW} - {span})").replace("{hi:Int64}", _NOW)
    return sql.replace("{held:String}", "'[]'")


def _limit(rule: AlertRule) -> float:
    """The rule fires above this value."""
    match rule:
        case Threshold() | StrikeOut():
            return rule.customers - 1
        case Unusual() | Measured() | Loss():
            return -1
        case Absence():
            return rule.longer_than / 1000


def _lookback_seconds(rule: AlertRule) -> int:
    return (rule.longer_than if isinstance(rule, Absence) else rule.within) // 1000


def _rule(rule: AlertRule, source: str) -> alerting.Rule:
    is_of_data = isinstance(rule, Absence) or (isinstance(rule, Unusual) and rule.refused)
    dashboard, panel = ("health", "producers") if is_of_data else ("friction", "friction_rate")
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
    more = {"description": rule.why, "runbook_url": rule.runbook}
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
        .keep_firing_for(exact_duration(_cooldown(rule)))
        .missing_series_evals_to_resolve(_evaluations_until_resolved(rule))
        .no_data_state("OK")
        .exec_err_state("Error")
        .labels(labels | ({"owner": rule.owner} if rule.owner else {}))
        .annotations(annotations | {name: text for name, text in more.items() if text})
    )


def _summary(rule: AlertRule) -> str:
    """The title with the labels and the value, as a template of Grafana."""
    labels = ", ".join(f"{name} {{{{ $labels.{label_name(name)} }}}}" for name in rule.by)
    if isinstance(rule, Absence):
        value = "no event for {{ humanizeDuration .Value }}"
    else:
        value = "{{ . }} times" if isinstance(rule, Unusual | Measured | Loss) else "{{ . }} customers"
    # A query that fails has no value: the text then ends with the labels.
    return f"{rule.title}{f' ({labels})' if labels else ''}{{{{ with $values.A }}}}: {value}{{{{ end }}}}"


def _evaluations_until_resolved(rule: AlertRule) -> int:
    """After so many evaluations without the series, Grafana resolves it: at least the cooldown, and two.

    The series may end just before an evaluation, so `n` of them last only `n - 1` intervals.
    """
    return max(2, -(-_cooldown(rule) // (1000 * EVERY_SECONDS)) + 1)


def _cooldown(rule: AlertRule) -> int:
    """How long (ms) Grafana keeps an alert; Touchline's own incidents end after their cooldown already."""
    return 0 if isinstance(rule, Unusual | Measured | Loss) else rule.cooldown


def _above(limit: float) -> expr.TypeThreshold:
    evaluator = expr.ExprTypeThresholdConditionsEvaluator().type("gt").params([limit])
    condition = expr.ExprTypeThresholdConditions().evaluator(evaluator)
    return expr.TypeThreshold().ref_id("B").expression("A").conditions([condition])
