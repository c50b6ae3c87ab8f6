"""`touchline impact`: what each friction costs."""

from dataclasses import asdict
from math import inf, isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from touchline.cli.errors import fail
from touchline.cli.output import print_json, screen

if TYPE_CHECKING:
    from touchline.analysis.impact.estimate import Impact
    from touchline.rules.rule import Rule

DURATION = "30m|4h|7d"


def impact(
    rules: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RULE]...", help="Rules; if none, all that found any."),
    ] = None,
    since: Annotated[str, typer.Option(metavar="28d|TIME", help="How far back, or from when.")] = "28d",
    outcome: Annotated[
        str, typer.Option(metavar="TYPE", help="The type of the events that count as conversions.")
    ] = "order.placed",
    within: Annotated[
        str, typer.Option(metavar=DURATION, help="How long after the friction a conversion counts.")
    ] = "7d",
    contact_cost: Annotated[
        float, typer.Option(metavar="N", min=0, help="What a contact costs, in the currency of the orders.")
    ] = 0.0,
    data: Annotated[Path | None, typer.Option(metavar="DIR", help="The data folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Estimate what each friction costs: lost conversions, their money, and the contacts it brings.

    Customers who met the friction are compared with customers at the same touchpoint who did not.

    Example: touchline impact --contact-cost 6
    Example: touchline impact checkout_abandoned --since 60d --within 14d --json
    """
    try:
        from touchline.analysis.impact.estimate import Terms, estimate, undefined
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("numpy", "scipy"):
            raise
        raise fail(
            "impact needs NumPy: from a clone, run pip install './touchline[server,analysis]'"
        ) from None
    from touchline.analysis.reading.impact import Question, TrialReader
    from touchline.cli.analyze.steps import step_types
    from touchline.cli.spans import extent, query_function
    from touchline.cli.spans import since as began
    from touchline.config.rule_packs import load_rules
    from touchline.config.settings import load_settings
    from touchline.config.stores import readable_store
    from touchline.vocabulary.durations import DAY, parse_duration

    try:
        follow = parse_duration(within)
    except ValueError as error:
        raise fail(f"--within {within}: {error}", 2) from None
    settings = load_settings(data=data)
    terms = Terms(window=DAY, follow=follow, contact_cost=contact_cost)
    with readable_store(settings) as reader:
        ask = query_function(reader)
        _, end = extent(ask)
        question = Question(began(since, end, settings.zone), end, end, outcome, DAY + follow)
        trials = TrialReader(ask, question)
        found = trials.rules()
        if unknown := [rule for rule in rules or () if rule not in found]:
            raise fail(
                f"no friction of {', '.join(unknown)} in this time: it has {', '.join(found) or 'none'}"
            )
        in_force = {rule.id: rule for rule in load_rules(settings.rules).rules}
        impacts = {}
        for name in rules or found:
            rule = in_force.get(name)
            if rule is not None and _waits_for(rule, outcome):
                impacts[name] = undefined("the rule itself waits for the outcome: name another --outcome")
            else:
                impacts[name] = estimate(trials.trials(name, step_types(rule) if rule else ()), terms)
    ranked = dict(sorted(impacts.items(), key=lambda item: -_loss(item[1])))
    if as_json:
        print_json({"currency": trials.currency, "impacts": [_plain(*item) for item in ranked.items()]})
    else:
        _show(ranked, trials.currency)


def _waits_for(rule: "Rule", outcome: str) -> bool:
    """Whether the friction is that the outcome is missing: nobody without it has none to compare with."""
    ends = [selector for name, selector in rule.parts if rule.kind == "expect" and name in ("then", "unless")]
    types = [name for selector in ends for name in selector.types or ["*"]]
    return any(name == outcome or (name.endswith("*") and outcome.startswith(name[:-1])) for name in types)


def _loss(impact: "Impact") -> float:
    return impact.loss.value if impact.loss else float("-inf")


def _plain(rule: str, impact: "Impact") -> dict[str, Any]:
    plain = asdict(impact)
    plain["converted"] = {"exposed": impact.converted[0], "controls": impact.converted[1]}
    if impact.e_value is not None and not isfinite(impact.e_value):
        plain["e_value"] = None
    return {"rule": rule, **plain, "placebo_fails": impact.placebo_fails}


def _show(impacts: "dict[str, Impact]", currency: str) -> None:
    from rich.table import Table

    console = screen()
    if not impacts:
        console.print("No friction in this time.")
        return
    table = Table("rule", "met it", "converted", "without it", "associated loss", "contacts", "what it says")
    for column in table.columns[1:6]:
        column.justify = "right"
    for rule, one in impacts.items():
        table.add_row(
            rule,
            f"{one.exposed:,}",
            f"{one.converted[0]:.1%}",
            "" if one.difference is None else f"{one.converted[0] - one.difference.value:.1%}",
            _money(one),
            "" if one.contacts is None else f"{one.contacts.value:+,.0f}",
            _said(one),
            style={"loss": "red", "gain": "green"}.get(one.verdict),
        )
    console.print(table)
    console.print(
        f"Losses in {currency or 'units of value'}, with 95 % intervals: associated with the friction, not "
        "proved to be caused by it.",
        style="dim",
    )


def _money(impact: "Impact") -> str:
    loss = impact.loss
    return "" if loss is None else f"{loss.value:,.0f} ({loss.low:,.0f} to {loss.high:,.0f})"


def _said(impact: "Impact") -> str:
    if impact.verdict == "unknown":
        return impact.missing
    said: list[str] = [impact.verdict]
    if impact.verdict == "loss" and impact.e_value is not None and 1 < impact.e_value < inf:
        said.append(f"an unseen cause would need a risk ratio of {impact.e_value:.1f}")
    if impact.placebo_fails:
        said.append("doubtful: those who met it later had differed before")
    return "; ".join(said)
