"""`touchline calibrate`: whether strikes predict what customers do next, and which weights would."""

from dataclasses import asdict
from math import exp
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from touchline.cli.errors import fail
from touchline.cli.output import literal, print_json, screen
from touchline.vocabulary.durations import DAY

if TYPE_CHECKING:
    from touchline.analysis.calibration.calibration import Calibration, Test
    from touchline.analysis.discrimination import Area
    from touchline.config.rule_packs import Pack

LONGEST: Final = 700 * DAY
"""The longest time (ms) that is read."""

LEAVING: Final = {"account.closed", "subscription.cancelled"}
"""Events after which nobody comes back: a rule that waits for them predicts nothing."""


def calibrate(
    since: Annotated[str, typer.Option(metavar="365d|TIME", help="How far back, or from when.")] = "365d",
    rules_out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write a rules file with the suggested weights. Nothing else changes."
        ),
    ] = None,
    data: Annotated[Path | None, typer.Option(metavar="DIR", help="The data folder.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Test whether strike points predict who stays away and who gives low scores, and fit their weights.

    The earlier 70 % of journeys are learned from, the later ones test it. Weights are suggested only if the
    rules predict later outcomes; they come into force only if you use the file.

    Example: touchline calibrate

    Example: touchline calibrate --since 180d --rules-out weights.yaml
    """
    try:
        from touchline.analysis.calibration.calibration import calibrate as calibrated
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("numpy", "scipy"):
            raise
        raise fail(
            "calibrate needs NumPy: from a clone, run pip install './touchline[server,analysis]'"
        ) from None
    from touchline.analysis.calibration.weights import suggested
    from touchline.analysis.reading.calibration import CalibrationReader
    from touchline.cli.spans import extent, query_function
    from touchline.cli.spans import since as began
    from touchline.config.rule_packs import load_pack
    from touchline.config.settings import load_settings
    from touchline.config.stores import readable_store
    from touchline.rules import RulesError

    if rules_out is not None and rules_out.exists():
        raise fail(f"--rules-out {rules_out}: the file exists; name a new one", 2)
    settings = load_settings(data=data)
    pack = load_pack(settings.rules)
    if pack.faults:
        raise RulesError("\n".join(map(str, pack.faults)))
    configured = {rule.id: rule.weight for rule in pack.rules}
    leaving = {
        rule.id for rule in pack.rules if LEAVING & {t for one in rule.selectors for t in one.types or ()}
    }
    with readable_store(settings) as reader:
        ask = query_function(reader)
        _, end = extent(ask)
        start = began(since, end, settings.zone)
        if end - start > LONGEST:
            raise fail(f"--since {since}: at most {LONGEST // DAY} days", 2)
        read = CalibrationReader(ask, start, end)
        away = calibrated(
            read.journeys(settings.journey_gap, [one for one in configured if one not in leaving])
        )
        low = calibrated(read.scores(list(configured)))
    change = suggested(away, configured)
    if rules_out is not None and change:
        _write(rules_out, pack, change, settings.rules is not None)
    if as_json:
        print_json(
            {
                "away": _plain(away, configured),
                "low_scores": _plain(low, configured),
                "left_out": sorted(leaving),
                "suggested": change,
            }
        )
    else:
        _show("Did not come back in 60 days, by journey", away, configured)
        _show("Low score, by frictions in the 30 days before", low, configured)
        _conclude(change, configured)
    if rules_out is not None and not change:
        raise fail(f"no weights are suggested: {rules_out} is not written")


def _write(path: Path, pack: "Pack", change: dict[str, int], is_own: bool) -> None:
    """Write a rules file with other weights: the own file's content, or the default pack with changes."""
    from copy import deepcopy

    import yaml

    content: dict[str, Any] = deepcopy(dict(pack.document.raw)) if is_own else {"extends": "default"}
    written = {rule.get("id"): rule for rule in content.get("rules") or ()}
    for rule, weight in change.items():
        if rule in written:
            written[rule]["weight"] = weight
        else:
            changes = content["change"] = content.get("change") or {}
            changes[rule] = {**(changes.get(rule) or {}), "weight": weight}
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
    path.write_text(
        f"# Weights that `touchline calibrate` suggests; check them before use.\n{text}", encoding="utf-8"
    )


def _plain(found: "Calibration", configured: dict[str, int]) -> dict[str, Any]:
    from touchline.analysis.calibration.weights import weights

    fitted = weights(found, configured)
    plain = asdict(found)
    plain["missing"] = found.missing or None
    plain["rules_predict"] = found.test is not None and found.test.rules_predict
    plain["weights"] = {rule: asdict(one) for rule, one in fitted.items()}
    return plain


def _show(title: str, found: "Calibration", configured: dict[str, int]) -> None:
    from rich.table import Table

    from touchline.analysis.calibration.calibration import NEVER_MET
    from touchline.analysis.calibration.weights import weights

    console = screen()
    console.print(f"{title}: {found.outcomes:,} of {found.number:,}", style="bold")
    if found.test is None:
        console.print(f"  too few to say: {found.missing.removeprefix('too few: ')}")
        return
    _show_test(found.test)
    fitted = weights(found, configured)
    table = Table(
        "rule", "met it", "with the outcome", "odds (95 % interval)", "weight", "fitted (95 % interval)"
    )
    for rule, effect in sorted(found.effects.items(), key=lambda item: -item[1].log_odds):
        one = fitted.get(rule)
        table.add_row(
            literal(rule),
            f"{effect.met:,}",
            f"{effect.outcomes / effect.met:.0%}",
            f"{exp(effect.log_odds):.2f} ({exp(effect.low):.2f} to {exp(effect.high):.2f})",
            str(configured.get(rule, "")),
            "" if one is None else f"{one.fitted:.0f} ({one.low:.0f} to {one.high:.0f})",
        )
    console.print(table)
    few = sorted(rule for rule, reason in found.left_out.items() if reason != NEVER_MET)
    if few:
        console.print(literal(f"left out, too few of either outcome: {', '.join(few)}", "dim"))


def _show_test(test: "Test") -> None:
    console = screen()
    console.print(
        f"  tested on the later {test.number:,}: AUC {_area(test.area)}; strike points alone "
        f"{_area(test.strikes)}; without the rules {_area(test.others)}",
        soft_wrap=True,
    )
    slope, low, high = test.slope
    says = "the rules predict" if test.rules_predict else "the rules tell nothing clear"
    console.print(
        f"  {says}: slope {slope:.2f} ({low:.2f} to {high:.2f}; 1 as learned, 0 nothing); Brier score "
        f"{test.brier:.3f}, {test.base:.3f} without any prediction",
        soft_wrap=True,
    )
    groups = "  ".join(f"{one.predicted:.0%}→{one.observed:.0%}" for one in test.groups)
    console.print(f"  predicted→observed, by tenths: {groups}", soft_wrap=True)


def _area(found: "Area | None") -> str:
    return "unknown" if found is None else f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f})"


def _conclude(change: dict[str, int], configured: dict[str, int]) -> None:
    console = screen()
    if not change:
        console.print("No weights are suggested.", style="bold")
        return
    console.print(
        "Suggested weights (nothing is changed; --rules-out FILE writes a rules file):", style="bold"
    )
    for rule, weight in change.items():
        console.print(literal(f"  {rule}: {configured[rule]} → {weight}"))
