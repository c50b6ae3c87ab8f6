"""`touchline impact`: what each friction costs."""

from dataclasses import asdict
from math import inf, isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from touchline.cli.errors import fail
from touchline.cli.options import Rules
from touchline.cli.output import print_json, screen

if TYPE_CHECKING:
    from touchline.analysis.impact.estimate import Impact, Interval
    from touchline.config.settings import Settings
    from touchline.measures import Ask
    from touchline.tables import RuleImpactRow

DURATION = "30m|4h|7d"


def impact(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RULE]...", help="Rules; if none, all that found any."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(metavar="30d|TIME", help="How far back, or from when; default: `impact_period`."),
    ] = None,
    outcome: Annotated[
        str | None,
        typer.Option(
            metavar="TYPE",
            help="The type of the events that count as conversions; default: `impact_outcome`.",
        ),
    ] = None,
    within: Annotated[
        str | None,
        typer.Option(
            metavar=DURATION,
            help="How long after the friction a conversion counts; default: `impact_within`.",
        ),
    ] = None,
    contact_cost: Annotated[
        float | None,
        typer.Option(
            metavar="N",
            min=0,
            help="What a contact costs, in the currency of the orders; default: `contact_cost`.",
        ),
    ] = None,
    stored: Annotated[
        bool, typer.Option("--stored", help="Show the figures of the last run of the job; compute nothing.")
    ] = False,
    data: Annotated[Path | None, typer.Option(metavar="DIR", help="The data folder.")] = None,
    rules: Rules = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Estimate what each friction costs: lost conversions, their money, and the contacts it brings.

    Customers who met the friction are compared with customers at the same touchpoint who did not. Defaults
    are settings.

    Example: touchline impact --contact-cost 6
    Example: touchline impact checkout_abandoned --since 60d --within 14d --json
    Example: touchline impact --stored
    """
    try:
        from touchline.analysis.reading.stored_impact import read_impacts
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("numpy", "scipy"):
            raise
        raise fail(
            "impact needs NumPy: from a clone, run pip install './touchline[server,analysis]'"
        ) from None
    from touchline.cli.spans import query_function
    from touchline.config.settings import load_settings
    from touchline.config.stores import readable_store
    from touchline.vocabulary.durations import parse_duration

    if stored and (since, outcome, within, contact_cost) != (None,) * 4:
        raise fail("--stored shows what was computed with the settings: leave out the other options", 2)
    try:
        _ = within and parse_duration(within)
    except ValueError as error:
        raise fail(f"--within {within}: {error}", 2) from None
    settings = load_settings(
        data=data, rules=rules, impact_outcome=outcome, impact_within=within, contact_cost=contact_cost
    )
    with readable_store(settings) as reader:
        ask = query_function(reader)
        rows = read_impacts(ask) if stored else _computed(ask, settings, names or [], since)
    if stored and not rows:
        raise fail("nothing is stored yet: `touchline up` computes it; or leave out --stored")
    chosen = [row for row in rows if not row.rule or not names or row.rule in names]
    if as_json:
        print_json(_plain(chosen))
    else:
        _show(chosen, settings.zone)


def _computed(ask: "Ask", settings: "Settings", names: list[str], since: str | None) -> "list[RuleImpactRow]":
    """The rows that the job would store now, for the span that is given."""
    from touchline.analysis.reading.impacts import Span, Surveyor
    from touchline.analysis.reading.stored_impact import impact_rows
    from touchline.cli.analyze.named_rules import check_rules, note_unknown
    from touchline.cli.spans import extent
    from touchline.cli.spans import since as began
    from touchline.config.rule_packs import load_rules

    _, end = extent(ask)
    in_force = {rule.id: rule for rule in load_rules(settings.rules).rules}
    span = Span(
        end - settings.impact_period if since is None else began(since, end, settings.zone),
        end,
        settings.impact_outcome,
        settings.impact_within,
        settings.contact_cost,
    )
    surveyor = Surveyor(ask, span, in_force)
    check_rules(names, surveyor.found, in_force)
    note_unknown(names or surveyor.found, in_force)
    return impact_rows(surveyor.survey(names), in_force, end)


def _plain(rows: "list[RuleImpactRow]") -> dict[str, Any]:
    together, *by_rule = sorted(rows, key=lambda row: (bool(row.rule), row.loss is None, -(row.loss or 0)))
    return {
        "since": together.since,
        "until": together.until,
        "computed_at": together.computed_at,
        "outcome": together.outcome,
        "within": together.within,
        "one_in": together.one_in,
        "currency": together.currency,
        "together": _impact(together),
        "impacts": [{"rule": row.rule, **_impact(row)} for row in by_rule],
    }


def _impact(row: "RuleImpactRow") -> dict[str, Any]:
    from touchline.analysis.impact.stored import impact_of

    impact = impact_of(row)
    plain = asdict(impact)
    plain["converted"] = {"exposed": impact.converted[0], "controls": impact.converted[1]}
    if impact.e_value is not None and not isfinite(impact.e_value):
        plain["e_value"] = None
    return {**plain, "placebo_fails": impact.placebo_fails}


def _show(rows: "list[RuleImpactRow]", zone: str) -> None:
    from rich.table import Table

    from touchline.analysis.impact.stored import impact_of
    from touchline.vocabulary.durations import exact_duration
    from touchline.vocabulary.moments import in_words

    console = screen()
    together, *by_rule = sorted(rows, key=lambda row: (bool(row.rule), row.loss is None, -(row.loss or 0)))
    if not by_rule:
        console.print("No friction in this time.")
        return
    table = Table("rule", "met it", "converted", "without it", "associated loss", "contacts", "what it says")
    for column in table.columns[1:6]:
        column.justify = "right"
    for row in [*by_rule, together]:
        one = impact_of(row)
        table.add_row(
            row.rule or "all rules together",
            f"{one.exposed:,}",
            "" if one.difference is None else f"{one.converted[0]:.1%}",
            "" if one.difference is None else f"{max(0.0, one.converted[0] - one.difference.value):.1%}",
            _range(one.loss),
            _range(one.contacts, "+"),
            _said(one),
            style={"loss": "red", "gain": "green"}.get(one.verdict),
            end_section=row is by_rule[-1],
        )
    console.print(table)
    read = f" Computed from one of {together.one_in} customers, by chance." if together.one_in > 1 else ""
    console.print(
        f"Losses in {together.currency or 'units of value'}, with 95 % intervals: associated with the "
        "friction, not proved to be caused by it. A customer who met several frictions counts once in each, "
        f"and once in all together.{read}\n"
        f"{in_words(together.since, zone)} to {in_words(together.until, zone)}, computed "
        f"{in_words(together.computed_at, zone)}; conversions: {together.outcome} within "
        f"{exact_duration(together.within)}",
        style="dim",
        soft_wrap=True,
    )


def _range(found: "Interval | None", sign: str = "") -> str:
    """A value and its interval; `sign` is `+` where a value above 0 has a sign."""
    if found is None:
        return ""
    values = map(round, (found.value, found.low, found.high))
    value, low, high = (f"{one:{sign if one else ''},}" for one in values)
    return f"{value} ({low} to {high})"


def _said(impact: "Impact") -> str:
    if impact.verdict == "unknown":
        return impact.missing
    said: list[str] = [impact.verdict, *([impact.missing] if impact.missing else [])]
    if impact.verdict == "loss" and impact.e_value is not None and 1 < impact.e_value < inf:
        said.append(f"an unseen cause would need a risk ratio of {impact.e_value:.1f}")
    if impact.placebo_fails:
        said.append("doubtful: those who met it later had differed before")
    return "; ".join(said)
