"""How incidents and simulations of alert rules are shown: as tables for people, as JSON for scripts."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from touchline.cli.output import screen

if TYPE_CHECKING:
    from touchline.runtime.alerting.simulation import Simulation
    from touchline.tables import AlertRow, OutboxRow


def plain_alerts(alerts: "list[AlertRow]", outbox: "list[OutboxRow]") -> dict[str, Any]:
    """Incidents and what the channels were told, as JSON has them; times in ms."""
    import msgspec

    return {"alerts": msgspec.to_builtins(alerts), "outbox": msgspec.to_builtins(outbox)}


def show_alerts(alerts: "list[AlertRow]", outbox: "list[OutboxRow]") -> None:
    """Print incidents, and which channels have not taken what they were told."""
    from rich.text import Text

    from touchline.alerts.incident_text import plain
    from touchline.cli.spans import written
    from touchline.vocabulary.wording import counted

    console = screen()
    told: dict[UUID, list[str]] = {}
    for row in outbox:
        state = f"failing: {plain(row.error, 200)}" if row.attempts else row.told
        told.setdefault(row.fingerprint, []).append(f"{row.channel} ({state})")
    for one in alerts:
        colour = "red" if one.status == "firing" else "green"
        over = "" if one.resolved_at is None else f" to {written(one.resolved_at)}"
        head = Text.assemble(
            (f"{one.status:8}", colour), f"  {one.severity:8}  {written(one.opened_at)}{over}"
        )
        console.print(head)
        console.print(Text(f"  {plain(one.summary, 500)}"))
        if channels := told.get(one.fingerprint):
            console.print(Text(f"  told: {', '.join(channels)}", style="dim"))
    firing = sum(one.status == "firing" for one in alerts)
    console.print(f"{counted(len(alerts), 'incident')}, {firing:,} of them firing")
    if failing := sorted({row.channel for row in outbox if row.attempts}):
        console.print(Text(f"not reached: {', '.join(failing)}", style="red"))


def plain_trials(found: "list[Simulation]", since: int, until: int) -> dict[str, Any]:
    """What rules would have made, as JSON has it; times in ms."""
    return {
        "since": since,
        "until": until,
        "rules": [
            {
                "rule": one.rule.id,
                "severity": one.rule.severity,
                "incidents": [
                    {"labels": list(i.labels), "opened_at": i.opened_at, "resolved_at": i.resolved_at}
                    for i in one.incidents
                ],
            }
            for one in found
        ],
    }


def show_trials(found: "list[Simulation]", since: int, until: int) -> None:
    """Print how many incidents each rule would have made."""
    from rich.table import Table
    from rich.text import Text

    from touchline.alerts.incident_text import plain
    from touchline.cli.spans import written

    days = max((until - since) / 86_400_000, 1 / 24)
    console = screen()
    table = Table("rule", "severity", "incidents", "a day", "the last")
    for one in sorted(found, key=lambda one: -len(one.incidents)):
        last = one.incidents[-1] if one.incidents else None
        shown = "" if last is None else f"{written(last.opened_at)} {plain(', '.join(last.labels))}"
        table.add_row(
            one.rule.id,
            one.rule.severity,
            str(len(one.incidents)),
            f"{len(one.incidents) / days:.1f}",
            Text(shown),
        )
    console.print(table)
    console.print(f"{written(since)} to {written(until)} UTC", style="dim")
