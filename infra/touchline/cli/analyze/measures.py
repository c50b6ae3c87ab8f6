"""`touchline measures`: how the service does, against the team's goals."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from touchline.cli.errors import fail
from touchline.cli.output import screen

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

    Set goals in touchline.toml, in the table goals: first_contact_resolution = 0.75.

    Example: touchline measures --since 30d --channel phone
    """
    import orjson

    from touchline.cli.spans import asking, extent, moment
    from touchline.cli.spans import since as began
    from touchline.config.settings import load_settings
    from touchline.config.stores import readable_store
    from touchline.measures import Span, evaluate
    from touchline.vocabulary.envelope import Channel

    if channel and channel not in list(Channel):
        raise fail(f"--channel {channel}: write one of {', '.join(Channel)}", 2)
    settings = load_settings(data=data)
    with readable_store(settings) as reader:
        ask = asking(reader)
        _, now = extent(ask)
        end = now if until is None else moment(until, "--until")
        span = Span(began(since, end), end, channel, source, queue)
        readings = evaluate(ask, span, settings.goals, now=now)
    if as_json:
        body = orjson.dumps([_plain(one) for one in readings], option=orjson.OPT_INDENT_2)
        sys.stdout.write(body.decode() + "\n")
    else:
        _show(readings, span)


def _plain(one: "Reading") -> dict[str, object]:
    return {
        "measure": one.measure.name,
        "version": one.measure.version,
        "title": one.measure.title,
        "value": one.value,
        "unit": one.unit,
        "numerator": one.numerator,
        "denominator": one.denominator,
        "settled": one.settled,
        "goal": one.goal,
        "distance": one.distance,
        "met": one.met,
        "definition": one.measure.definition,
        "source": one.measure.benchmark,
    }


def _show(readings: "list[Reading]", span: "Span") -> None:
    from rich.table import Table

    from touchline.cli.spans import written
    from touchline.measures import format_distance, format_value

    table = Table("measure", "value", "of", "goal", "distance")
    for column in table.columns[1:]:
        column.justify = "right"
    for one in readings:
        table.add_row(
            one.measure.title,
            format_value(one.value, one.unit) + ("" if one.settled or one.value is None else " *"),
            f"{one.denominator:,.0f}",
            "" if one.goal is None else format_value(one.goal, one.unit),
            format_distance(one.value, one.goal, one.unit),
            style=None if one.met is None else "green" if one.met else "red",
        )
    console = screen()
    console.print(table)
    if any(not one.settled and one.value is not None for one in readings):
        console.print("* may still change: the newest contacts and posts are not over", style="dim")
    console.print(f"{written(span.since)} to {written(span.until)} UTC", style="dim")
