"""`touchline explain`: what distinguishes the customers that a friction hits."""

from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from touchline.cli.errors import fail
from touchline.cli.output import print_json, screen

if TYPE_CHECKING:
    from touchline.analysis.explain.findings import Finding

SHOWN = 10
"""Findings that are printed as sentences."""


def explain(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="The rule whose friction to explain.")],
    since: Annotated[str, typer.Option(metavar="28d|TIME", help="How far back, or from when.")] = "28d",
    data: Annotated[Path | None, typer.Option(metavar="DIR", help="The data folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Find what distinguishes those who met a friction from those who could have.

    Compared are the channels, sources and fields of events that customers had before the friction.

    Example: touchline explain dead_clicks
    Example: touchline explain queue_abandoned --since 60d --json
    """
    try:
        from touchline.analysis.explain.findings import find
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("numpy", "scipy"):
            raise
        raise fail(
            "explain needs NumPy: from a clone, run pip install './touchline[server,analysis]'"
        ) from None
    from touchline.analysis.impact.matching import match
    from touchline.analysis.reading.explanation import ExplanationReader
    from touchline.cli.analyze.steps import defining_fields, friction_types, step_types
    from touchline.cli.spans import extent, query_function
    from touchline.cli.spans import since as began
    from touchline.config.rule_packs import load_rules
    from touchline.config.settings import load_settings
    from touchline.config.stores import readable_store
    from touchline.vocabulary.durations import DAY

    settings = load_settings(data=data)
    in_force = {one.id: one for one in load_rules(settings.rules).rules}.get(rule)
    with readable_store(settings) as reader:
        ask = query_function(reader)
        _, end = extent(ask)
        explanations = ExplanationReader(ask, began(since, end, settings.zone), end)
        if rule not in (found := explanations.rules()):
            raise fail(f"no friction of {rule} in this time: it has {', '.join(found) or 'none'}")
        trials, sightings = (
            explanations.read(rule, step_types(in_force), friction_types(in_force))
            if in_force
            else explanations.read(rule)
        )
    matched = match(trials, trials.friction, DAY, 0.0)
    affected, others = int(matched.exposed.sum()), int((~matched.exposed).sum())
    findings = find(sightings, matched, defining_fields(in_force) if in_force else ())
    if as_json:
        plain = [_plain(one) for one in findings]
        print_json({"rule": rule, "affected": affected, "others": others, "findings": plain})
    else:
        _show(rule, affected, others, findings)


def _plain(finding: "Finding") -> dict[str, Any]:
    found = finding.association
    return {
        "field": finding.attribute.field,
        "value": finding.attribute.value,
        "affected": finding.affected,
        "share": finding.share,
        "share_of_others": finding.share_of_others,
        "excess": found.excess,
        "lift": found.lift if isfinite(found.lift) else None,
        "low": found.low,
        "high": found.high if isfinite(found.high) else None,
        "p": found.p,
        "also": [{"field": one.field, "value": one.value} for one in finding.also],
    }


def _show(rule: str, affected: int, others: int, findings: "list[Finding]") -> None:
    from rich.text import Text

    from touchline.analysis.explain.findings import FEWEST

    console = screen()
    console.print(Text(f"{rule}: {affected:,} affected, {others:,} who could have been", style="bold"))
    if affected < FEWEST:
        console.print(f"too few to say: at least {FEWEST} must be affected")
        return
    for one in findings[:SHOWN]:
        found = one.association
        console.print(
            Text(
                f"{one.attribute.field} = {one.attribute.value}: {one.share:.0%} of the affected, "
                f"{one.share_of_others:.0%} of the others; about {found.excess:,.0f} customers in excess"
            ),
            soft_wrap=True,
        )
        size = f"{found.low:.1f} to {found.high:.1f} times as frequent with it (95 % confidence)"
        if not isfinite(found.lift):
            size = "nobody met it without this"
        also = "".join(f"; the same have {other.field} = {other.value}" for other in one.also[:3])
        console.print(Text(f"    {size}{also}", style="dim"), soft_wrap=True)
    if len(findings) > SHOWN:
        console.print(f"… and {len(findings) - SHOWN} more; --json prints them all")
    if not findings:
        console.print("Nothing that they had before distinguishes the affected from the others.")
