"""`touchline explain`: what distinguishes the customers whom a friction, an alert or a point hits."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from touchline.cli.analyze.explanation_shown import plain_explanation, show_explanation
from touchline.cli.errors import fail
from touchline.cli.options import Rules
from touchline.cli.output import print_json

if TYPE_CHECKING:
    from touchline.alerts import AlertRule
    from touchline.config.settings import Settings
    from touchline.measures import Ask
    from touchline.panels.points import Point
    from touchline.rules import Rule


class _InForce(NamedTuple):
    """The friction rules and the alert rules, by id."""

    rules: "dict[str, Rule]"
    alerts: "dict[str, AlertRule]"


def explain(
    what: Annotated[
        str,
        typer.Argument(
            metavar="RULE|ALERT|PANEL", help="A rule; an alert rule, or an incident's id; a panel."
        ),
    ],
    point: Annotated[
        str | None, typer.Argument(metavar="[POINT]", help="Of a panel: a time within the point.")
    ] = None,
    since: Annotated[
        str, typer.Option(metavar="28d|TIME", help="Of a rule: how far back, or from when.")
    ] = "28d",
    series: Annotated[str, typer.Option(metavar="VALUE", help="Of a panel: one series.")] = "",
    interval: Annotated[str, typer.Option(metavar="30m|1h|1d", help="Of a panel: a point's length.")] = "1h",
    data: Annotated[Path | None, typer.Option(metavar="DIR", help="The data folder.")] = None,
    rules: Rules = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Find what distinguishes those who met a friction from those who could have.

    Compared are the channels, sources and fields of events that customers had before the friction. An alert
    rule stands for its newest incident. A point of a panel stands for the frictions that opened in it.

    Example: touchline explain dead_clicks
    Example: touchline explain queue_abandoned --since 60d --json
    Example: touchline explain payment_outage
    Example: touchline explain rules_over_time 2026-11-30T10:00Z --series dead_clicks
    """
    from touchline.cli.spans import query_function
    from touchline.config.alerts_files import load_alerts
    from touchline.config.rule_packs import load_rules
    from touchline.config.settings import load_settings
    from touchline.config.stores import readable_store
    from touchline.services.explaining import Explainer

    settings = load_settings(data=data, rules=rules)
    in_force = _InForce(
        {rule.id: rule for rule in load_rules(settings.rules).rules},
        {rule.id: rule for rule in load_alerts(settings.alerts).rules},
    )
    with readable_store(settings) as reader:
        ask = query_function(reader)
        explainer = Explainer(ask, list(in_force.rules.values()), list(in_force.alerts.values()))
        if point is not None:
            chosen = _point(what, point, series, interval, settings)
            about: dict[str, Any] = {"panel": what, "from": chosen.between[0], "until": chosen.between[1]}
            explanation = explainer.point(chosen)
        elif (span := _rule_span(ask, what, since, settings, in_force)) is not None:
            about = {"rule": what}
            explanation = explainer.rule(what, *span)
        else:
            incident = _incident(ask, what, in_force)
            about = {"alert": str(incident.id), "rule": incident.rule, "from": incident.opened_at}
            explanation = explainer.incident(incident, int(time.time() * 1000))
    if as_json:
        print_json(about | plain_explanation(explanation))
    else:
        show_explanation(what, explanation)


def _point(what: str, at: str, series: str, interval: str, settings: "Settings") -> "Point":
    from touchline.cli.spans import moment
    from touchline.documents import suggestion
    from touchline.panels import PANELS
    from touchline.panels.points import Point
    from touchline.vocabulary.durations import parse_duration
    from touchline.vocabulary.wording import word_list

    panels = {panel.id: panel for panel in PANELS if panel.friction_series}
    if what not in panels:
        known = word_list(panels)
        raise fail(f"no points of '{what}' can be explained{suggestion(what, panels)}: write {known}", 2)
    try:
        length = parse_duration(interval)
    except ValueError as error:
        raise fail(f"--interval {interval}: {error}", 2) from None
    if not length:
        raise fail(f"--interval {interval}: write a longer one, such as 1h", 2)
    began = moment(at, "POINT", settings.zone) // length * length
    return Point(panels[what], (began, began + length), series)


def _rule_span(
    ask: "Ask", what: str, since: str, settings: "Settings", in_force: _InForce
) -> tuple[int, int] | None:
    """The span (ms) in which to explain a rule; None if there is no rule of this name."""
    from touchline.analysis.reading.steps import StepReader
    from touchline.cli.analyze.named_rules import check_rules, note_unknown
    from touchline.cli.spans import extent
    from touchline.cli.spans import since as began

    _, end = extent(ask)
    start = began(since, end, settings.zone)
    found = StepReader(ask, start, end, base=start).rules()
    if what not in found and what not in in_force.rules:
        return None
    check_rules([what], found, in_force.rules)
    note_unknown([what], in_force.rules)
    return start, end


def _incident(ask: "Ask", what: str, in_force: _InForce) -> Any:
    from touchline.documents import suggestion
    from touchline.panels import BY_ID
    from touchline.runtime.alerting.rows import named_incident

    if (found := named_incident(ask, what)) is not None:
        return found
    if what in in_force.alerts:
        raise fail(f"the alert rule {what} has had no incident")
    if what in BY_ID:
        raise fail(f"{what} is a panel: name a time within the point too, such as 2026-11-30T10:00Z", 2)
    near = suggestion(what, [*in_force.rules, *in_force.alerts, *BY_ID])
    raise fail(f"there is no rule, alert or panel '{what}'{near}")
