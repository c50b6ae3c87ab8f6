"""How incidents and simulations of alert rules are shown: as tables for people, as JSON for scripts."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from touchline.cli.output import literal, screen

if TYPE_CHECKING:
    from touchline.runtime.alerting.simulation import Simulation
    from touchline.tables import AlertRow, OutboxRow


def plain_alerts(alerts: "list[AlertRow]", outbox: "list[OutboxRow]") -> dict[str, Any]:
    """Incidents and the state of their notifications, for JSON; times in ms."""
    import msgspec

    return {"alerts": msgspec.to_builtins(alerts), "outbox": msgspec.to_builtins(outbox)}


def show_alerts(alerts: "list[AlertRow]", outbox: "list[OutboxRow]", zone: str) -> None:
    """Print incidents, their notifications, and the channels that fail."""
    from rich.text import Text

    from touchline.alerts.incident_text import plain
    from touchline.vocabulary.moments import in_words
    from touchline.vocabulary.wording import counted

    console = screen()
    notified: dict[UUID, list[str]] = {}
    for row in outbox:
        state = f"failing: {plain(row.error, 200)}" if row.attempts else row.told
        notified.setdefault(row.fingerprint, []).append(f"{row.channel} ({state})")
    for alert in alerts:
        colour = "red" if alert.status == "firing" else "green"
        over = "" if alert.resolved_at is None else f" to {in_words(alert.resolved_at, zone)}"
        head = Text.assemble(
            (f"{alert.status:8}", colour), f"  {alert.severity:8}  {in_words(alert.opened_at, zone)}{over}"
        )
        console.print(head)
        console.print(Text(f"  {plain(alert.summary, 500)}"))
        if channels := notified.get(alert.fingerprint):
            console.print(Text(f"  notified: {', '.join(channels)}", style="dim"))
    firing = sum(alert.status == "firing" for alert in alerts)
    console.print(f"{counted(len(alerts), 'incident')}, {firing:,} of them firing")
    if failing := sorted({row.channel for row in outbox if row.attempts}):
        console.print(Text(f"not reached: {', '.join(failing)}", style="red"))


def simulations_as_json(found: "list[Simulation]", since: int, until: int) -> dict[str, Any]:
    """The incidents that rules would have opened, for JSON; times in ms."""
    return {
        "since": since,
        "until": until,
        "rules": [
            {
                "rule": simulation.rule.id,
                "severity": simulation.rule.severity,
                "incidents": [
                    {"labels": list(i.labels), "opened_at": i.opened_at, "resolved_at": i.resolved_at}
                    for i in simulation.incidents
                ],
            }
            for simulation in found
        ],
    }


def show_simulations(found: "list[Simulation]", since: int, until: int, zone: str) -> None:
    """Print how many incidents each rule would have opened."""
    from rich.table import Table

    from touchline.alerts.incident_text import plain
    from touchline.vocabulary.moments import in_words

    days = max((until - since) / 86_400_000, 1 / 24)
    console = screen()
    table = Table("rule", "severity", "incidents", "a day", "the last")
    for simulation in sorted(found, key=lambda simulation: -len(simulation.incidents)):
        last = simulation.incidents[-1] if simulation.incidents else None
        shown = "" if last is None else f"{in_words(last.opened_at, zone)} {plain(', '.join(last.labels))}"
        table.add_row(
            simulation.rule.id,
            simulation.rule.severity,
            str(len(simulation.incidents)),
            f"{len(simulation.incidents) / days:.1f}",
            literal(shown),
        )
    console.print(table)
    console.print(f"{in_words(since, zone)} to {in_words(until, zone)}", style="dim")
