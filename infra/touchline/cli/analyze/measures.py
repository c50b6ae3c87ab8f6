"""`touchline measures`: service measures with the team's goals."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from touchline.cli.errors import fail
from touchline.cli.output import print_json, screen

if TYPE_CHECKING:
    from touchline.measures import Reading, Span


def measures(
    since: Annotated[str, typer.Option(metavar="7d|TIME", help="How far back, or from when.")] = "7d",
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="Up to when; now, or the newest event, if not given.")
    ] = None,
    channel: Annotated[str, typer.Option(help="Only this channel.")] = "",
    source: Annotated[str, typer.Option(help="Only this source.")] = "",
    queue: Annotated[str, typer.Option(help="Only this queue.")] = "",
    data: Annotated[Path | None, typer.Option(metavar="DIR", help="The data folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array, with every definition.")] = False,
) -> None:
    """Show every measure with its goal and the distance to it.

    Set goals on the live page, or in touchline.toml, in the table goals: first_contact_resolution = 0.75.

    Example: touchline measures --since 30d --channel phone
    """
    from touchline.cli.spans import extent, moment, query_function
    from touchline.cli.spans import since as began
    from touchline.config.settings import load_settings
    from touchline.config.stores import readable_store
    from touchline.measures import Span, evaluate, goals_in_force
    from touchline.vocabulary.envelope import Channel

    if channel and channel not in list(Channel):
        raise fail(f"--channel {channel}: write one of {', '.join(Channel)}", 2)
    settings = load_settings(data=data)
    with readable_store(settings) as reader:
        ask = query_function(reader)
        _, now = extent(ask)
        end = now if until is None else moment(until, "--until", settings.zone)
        span = Span(began(since, end, settings.zone), end, channel, source, queue)
        goals = goals_in_force(ask, settings.goals)
        readings = evaluate(ask, span, {name: goal.value for name, goal in goals.items()}, now=now)
    if as_json:
        print_json([_plain(reading) for reading in readings])
    else:
        _show(readings, span, settings.zone)


def _plain(reading: "Reading") -> dict[str, object]:
    return {
        "measure": reading.measure.name,
        "version": reading.measure.version,
        "title": reading.measure.title,
        "value": reading.value,
        "unit": reading.unit,
        "numerator": reading.numerator,
        "denominator": reading.denominator,
        "settled": reading.settled,
        "goal": reading.goal,
        "distance": reading.distance,
        "met": reading.met,
        "definition": reading.measure.definition,
        "source": reading.measure.benchmark,
    }


def _show(readings: "list[Reading]", span: "Span", zone: str) -> None:
    from rich.table import Table

    from touchline.measures import format_distance, format_goal, format_value
    from touchline.vocabulary.moments import in_words

    table = Table("measure", "value", "of", "goal", "distance")
    for column in table.columns[1:]:
        column.justify = "right"
    for reading in readings:
        table.add_row(
            reading.measure.title,
            format_value(reading.value, reading.unit)
            + ("" if reading.settled or reading.value is None else " *"),
            f"{reading.denominator:,.0f}",
            ""
            if reading.goal is None
            else format_goal(reading.goal, reading.unit, higher_is_better=reading.measure.higher_is_better),
            format_distance(reading.value, reading.goal, reading.unit),
            style=None if reading.met is None else "green" if reading.met else "red",
        )
    console = screen()
    console.print(table)
    if any(not reading.settled and reading.value is not None for reading in readings):
        console.print("* may still change: the newest contacts and posts are not over", style="dim")
    console.print(f"{in_words(span.since, zone)} to {in_words(span.until, zone)}", style="dim")
