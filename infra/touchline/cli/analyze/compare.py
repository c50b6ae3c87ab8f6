"""`touchline compare`: two periods, such as before and after a change."""

from dataclasses import asdict
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from touchline.cli.errors import fail
from touchline.cli.output import print_json, screen

if TYPE_CHECKING:
    from touchline.analysis.compare import Change, Comparison, Row

SHOWN = 30
"""Rows that are printed as sentences."""


def compare(
    change: Annotated[
        str | None, typer.Option(metavar="ID", help="The change_id of a change.deployed event.")
    ] = None,
    before: Annotated[str | None, typer.Option(metavar="A..B", help="The first of two periods.")] = None,
    after: Annotated[str | None, typer.Option(metavar="C..D", help="The second.")] = None,
    data: Annotated[Path | None, typer.Option(metavar="DIR", help="The data folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Compare the frictions of two periods: which became rarer or more frequent, and could it be chance?

    Around a change, it compares up to 14 days on either side, as far as the data reach.

    Example: touchline compare --change checkout-2026-11
    Example: touchline compare --before 2026-10-01..2026-10-08 --after 2026-10-08..2026-10-15
    """
    try:
        from touchline.analysis.compare import compare as run
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "scipy":
            raise
        raise fail(
            "compare needs SciPy: from a clone, run pip install './touchline[server,analysis]'"
        ) from None
    from touchline.analysis.periods import Extent, Period, Periods, around, check_covered
    from touchline.analysis.reading.comparison import find_change, read_counts
    from touchline.cli.spans import extent, query_function, stretch
    from touchline.config.rule_packs import load_rules
    from touchline.config.settings import load_settings
    from touchline.config.stores import readable_store

    if (change is None) == (before is None) or (before is None) != (after is None):
        raise fail("give --change ID, or --before A..B with --after C..D", 2)
    settings = load_settings(data=data)
    looks_back = load_rules(settings.rules).reaches
    with readable_store(settings) as reader:
        ask = query_function(reader)
        oldest, end = extent(ask)
        deployed = None if change is None else find_change(ask, change)
        if deployed is not None:
            periods = around(deployed.at, oldest, end)
        else:
            first, second = (
                stretch(text or "", option, settings.zone)
                for text, option in ((before, "--before"), (after, "--after"))
            )
            periods = Periods(Period(*first), Period(*second))
        covered = Extent(oldest, end, looks_back)
        check_covered(periods, covered, settings.zone)
        target, changed = (deployed.rule, deployed.touchpoint) if deployed else ("", ("", ""))
        found = run(periods, read_counts(ask, periods), covered, target, changed)
    if as_json:
        print_json(_plain(found, deployed))
    else:
        _show(found, deployed, settings.zone)


def _plain(found: "Comparison", change: "Change | None") -> dict[str, Any]:
    return {
        "change": change and {"id": change.id, "at": change.at, "title": change.title, "rule": change.rule},
        "before": {"since": found.before.since, "until": found.before.until},
        "after": {"since": found.after.since, "until": found.after.until},
        "rows": [_row(row) for row in found.rows],
        "elsewhere": [{"channel": channel, "source": source} for channel, source in found.elsewhere],
    }


def _row(row: "Row") -> dict[str, Any]:
    ratio = row.ratio
    return {
        "channel": row.channel,
        "source": row.source,
        "rule": row.rule,
        "meant": row.targeted,
        "before": row.before,
        "journeys_before": row.journeys_before,
        "rate_before": row.rate_before,
        "after": row.after,
        "journeys_after": row.journeys_after,
        "rate_after": row.rate_after,
        "ratio": ratio.ratio if ratio.ratio is not None and isfinite(ratio.ratio) else None,
        "low": ratio.low,
        "high": ratio.high if isfinite(ratio.high) else None,
        "p": ratio.p,
        "p_adjusted": row.p_adjusted,
        "verdict": row.verdict,
        "beside": row.beside and asdict(row.beside),
        "sentence": row.sentence,
    }


def _show(found: "Comparison", change: "Change | None", zone: str) -> None:
    from rich.text import Text

    from touchline.vocabulary.moments import in_words

    console = screen()
    if change is not None:
        console.print(
            Text(f"{change.title or change.id}, deployed {in_words(change.at, zone)}"), style="bold"
        )
    colours = {"fell": "green", "rose": "red"}
    for row in found.rows[:SHOWN]:
        counts = f"{row.before} of {row.journeys_before:,}, then {row.after} of {row.journeys_after:,}"
        console.print(Text(row.sentence, style=colours.get(row.verdict, "")), soft_wrap=True)
        console.print(Text(f"    {counts}; {row.ratio.interval}"), style="dim", soft_wrap=True)
    if len(found.rows) > SHOWN:
        console.print(f"… and {len(found.rows) - SHOWN} more; --json prints them all")
    if not found.rows:
        where = " at a touchpoint with journeys in both" if found.elsewhere else ""
        console.print(f"No friction in either period{where}.")
    for channel, source in found.elsewhere:
        console.print(Text(f"{channel} · {source}: no journey in one of the periods"), style="dim")
    console.print(
        f"before {in_words(found.before.since, zone)} to {in_words(found.before.until, zone)}, "
        f"after {in_words(found.after.since, zone)} to {in_words(found.after.until, zone)}",
        style="dim",
    )
