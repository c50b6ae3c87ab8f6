"""How incidents and simulations of alert rules are shown: as tables for people, as JSON for scripts."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from touchline.cli.output import literal, screen
from touchline.vocabulary.durations import WEEK, exact_duration

if TYPE_CHECKING:
    from touchline.alerts import AlertRule
    from touchline.alerts.life.precision import Precision
    from touchline.runtime.alerting.simulation import Simulation
    from touchline.tables import AlertActRow, AlertRow, HeldAlertRow, OutboxRow

SHORT_ID = 8
"""So many characters of an incident's id name it."""


def plain_alerts(
    alerts: "list[AlertRow]", outbox: "list[OutboxRow]", acts: "list[AlertActRow]"
) -> dict[str, Any]:
    """Incidents, the state of their notifications and what people did about them, for JSON; times in ms."""
    import msgspec

    shown = {"alerts": alerts, "outbox": outbox, "acts": acts}
    return {name: msgspec.to_builtins(rows) for name, rows in shown.items()}


def show_alerts(
    alerts: "list[AlertRow]", outbox: "list[OutboxRow]", acts: "list[AlertActRow]", zone: str, now: int
) -> None:
    """Print incidents, what people did about them, their notifications, and the channels that fail."""
    from rich.text import Text

    from touchline.alerts.life.notice import story
    from touchline.alerts.life.plan import HoldPlan
    from touchline.alerts.life.precision import precisions
    from touchline.alerts.life.situation import Situation
    from touchline.vocabulary.moments import in_words
    from touchline.vocabulary.wording import counted, plain

    console = screen()
    notified: dict[UUID, list[str]] = {}
    situation = Situation({}, None, HoldPlan(), alerts, acts, now)
    judged = precisions(alerts, acts)
    for row in outbox:
        if row.told == "nothing" and not row.attempts:
            continue
        state = f"failing: {plain(row.error, 200)}" if row.attempts else row.told
        notified.setdefault(row.fingerprint, []).append(f"{row.channel} ({state})")
    for alert in alerts:
        colour = "red" if alert.status == "firing" else "green"
        over = "" if alert.resolved_at is None else f" to {in_words(alert.resolved_at, zone)}"
        head = Text.assemble(
            (f"{alert.status:8}", colour),
            f"  {alert.severity:8}  {in_words(alert.opened_at, zone)}{over}",
            (f"  {str(alert.id)[:SHORT_ID]}", "dim"),
        )
        console.print(head)
        console.print(Text(f"  {plain(alert.summary, 500)}"))
        for line in story(situation.life(alert), zone):
            console.print(Text(f"  {line}"))
        if words := judged[alert.rule].words:
            console.print(Text(f"  this rule so far: {words}", style="dim"))
        if channels := notified.get(alert.fingerprint):
            console.print(Text(f"  notified: {', '.join(channels)}", style="dim"))
    firing = sum(alert.status == "firing" for alert in alerts)
    console.print(f"{counted(len(alerts), 'incident')}, {firing:,} of them firing")
    if failing := sorted({row.channel for row in outbox if row.attempts}):
        console.print(Text(f"not reached: {', '.join(failing)}", style="red"))


def rules_as_json(rules: "Sequence[AlertRule]", found: "Mapping[str, Precision]") -> dict[str, Any]:
    """The rules, their incidents and their precision, for JSON."""
    from touchline.alerts.life.precision import Precision

    shown = []
    for rule in rules:
        precision = found.get(rule.id, Precision())
        about = {"rule": rule.id, "title": rule.title, "severity": rule.severity, "owner": rule.owner}
        shown.append(about | precision._asdict() | {"precision": precision.share})
    return {"rules": shown}


def show_rules(rules: "Sequence[AlertRule]", found: "Mapping[str, Precision]") -> None:
    """Print the rules, their incidents and their precision."""
    from rich.table import Table

    from touchline.alerts.life.precision import Precision

    table = Table("rule", "severity", "owner", "incidents", "precision")
    for rule in rules:
        precision = found.get(rule.id, Precision())
        words = precision.words or "no verdicts"
        table.add_row(rule.id, rule.severity, literal(rule.owner), f"{precision.incidents:,}", words)
    screen().print(table)


def ledger_as_json(rows: "list[HeldAlertRow]") -> dict[str, Any]:
    """What was held, for JSON; times in ms."""
    import msgspec

    return {"held": msgspec.to_builtins(rows)}


def show_ledger(rows: "list[HeldAlertRow]", zone: str) -> None:
    """Print what was held, newest first."""
    from rich.table import Table

    from touchline.alerts.life.notice import hold_words
    from touchline.alerts.messages.incident_text import place
    from touchline.vocabulary.moments import in_words
    from touchline.vocabulary.wording import counted

    table = Table("from", "to", "rule", "where", "held by", "channels", "customers")
    for row in rows:
        ended = "still held" if row.ended_at is None else in_words(row.ended_at, zone)
        table.add_row(
            in_words(row.began_at, zone),
            ended,
            row.rule,
            literal(place(row.labels)),
            literal(hold_words(row.reason, row.name)),
            literal(", ".join(row.channels) or "all"),
            f"{row.customers:,}",
        )
    screen().print(table)
    screen().print(f"{counted(len(rows), 'hold')}; customers are those who met friction meanwhile")


def simulations_as_json(found: "list[Simulation]", since: int, until: int) -> dict[str, Any]:
    """The incidents that rules would have opened, for JSON; times in ms, rates a week."""
    weeks = _weeks(since, until)
    return {
        "since": since,
        "until": until,
        "rules": [
            {
                "rule": simulation.rule.id,
                "severity": simulation.rule.severity,
                "a_week": round(len(simulation.incidents) / weeks, 3),
                "by_chance": None if simulation.forecast is None else round(simulation.forecast, 3),
                "budget": getattr(simulation.rule, "false_alarms", None),
                "known_from": simulation.known_from,
                "transients": simulation.transients and simulation.transients._asdict(),
                "suggested": simulation.suggestion and simulation.suggestion._asdict(),
                "incidents": [
                    {"labels": list(i.labels), "opened_at": i.opened_at, "resolved_at": i.resolved_at}
                    for i in simulation.incidents
                ],
            }
            for simulation in found
        ],
    }


def show_simulations(
    found: "list[Simulation]", since: int, until: int, zone: str, wished: float | None
) -> None:
    """Print how many incidents each rule would have opened, and suggested values if a number is `wished`."""
    from rich.table import Table

    from touchline.vocabulary.moments import in_words
    from touchline.vocabulary.wording import plain

    weeks = _weeks(since, until)
    console = screen()
    table = Table("rule", "severity", "incidents", "a week", "by chance, at most", "the last")
    for simulation in sorted(found, key=lambda simulation: -len(simulation.incidents)):
        last = simulation.incidents[-1] if simulation.incidents else None
        shown = "" if last is None else f"{in_words(last.opened_at, zone)} {plain(', '.join(last.labels))}"
        table.add_row(
            simulation.rule.id,
            simulation.rule.severity,
            str(len(simulation.incidents)),
            f"{len(simulation.incidents) / weeks:.1f}",
            _by_chance(simulation),
            literal(shown),
        )
    console.print(table)
    console.print(f"{in_words(since, zone)} to {in_words(until, zone)}", style="dim")
    for simulation in found:
        if (known := simulation.known_from) is not None:
            begin = "not known yet" if known >= until else f"known from {in_words(known, zone)} on"
            console.print(f"{simulation.rule.id}: losses are {begin}")
    if wished is not None:
        console.print(f"For at most {wished:g} a week:")
        for simulation in found:
            console.print(f"  {simulation.rule.id}: {_suggested(simulation)}")
    for simulation in found:
        if (short := simulation.transients) is not None:
            console.print(
                f"{simulation.rule.id}: {short.ended:,} of {short.notified:,} notified incidents end by "
                f"themselves before a wait of {exact_duration(short.wait)}"
            )


def _weeks(since: int, until: int) -> float:
    return max((until - since) / WEEK, 1 / 168)


def _by_chance(simulation: "Simulation") -> str:
    """The forecast of false alarms a week and the budget, for a rule of kind `unusual`."""
    if simulation.rule.kind != "unusual":
        return ""
    if simulation.forecast is None:
        return "not known"
    return f"{simulation.forecast:.2f} of {getattr(simulation.rule, 'false_alarms', 1.0):.2f}"


def _suggested(simulation: "Simulation") -> str:
    suggestion = simulation.suggestion
    if simulation.known_from is not None:
        return "nothing to suggest: the losses of a part of the time are not known"
    if suggestion is None:
        return "no value has so few"
    value = f"{suggestion.value:.10g}"
    if suggestion.field == "longer_than":
        value = exact_duration(int(suggestion.value))
    return f"{suggestion.field}: {value} ({suggestion.a_week:.1f} a week)"
