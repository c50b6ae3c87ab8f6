"""How `touchline explain` shows an explanation: in sentences, or as JSON."""

from math import isfinite
from typing import TYPE_CHECKING, Any

from touchline.cli.output import literal, screen

if TYPE_CHECKING:
    from touchline.analysis.explain.explanation import Explanation, Finding

SHOWN = 10
"""Findings that are printed as sentences."""


def plain_explanation(explanation: "Explanation") -> dict[str, Any]:
    """An explanation for JSON; a ratio without an end is null."""
    return {
        "affected": explanation.affected,
        "others": explanation.others,
        "compared": explanation.compared,
        "unmatched": explanation.unmatched,
        "missing": explanation.missing,
        "findings": [_plain(finding, explanation.affected) for finding in explanation.findings],
    }


def _plain(finding: "Finding", affected: int) -> dict[str, Any]:
    from touchline.analysis.explain.explanation import sentence

    found = finding.association
    return {
        "sentence": sentence(finding, affected),
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


def show_explanation(what: str, explanation: "Explanation") -> None:
    """Print an explanation."""
    from touchline.analysis.explain.explanation import sentence, shares

    console = screen()
    counts = f"{explanation.affected:,} affected, compared with {explanation.compared}"
    if explanation.unmatched:
        counts += f"; {explanation.unmatched:,} more had nobody to compare with"
    console.print(literal(f"{what}: {counts}", style="bold"))
    if explanation.verdict:
        console.print(literal(explanation.verdict), soft_wrap=True)
    for finding in explanation.findings[:SHOWN]:
        console.print(literal(sentence(finding, explanation.affected)), soft_wrap=True)
        console.print(literal(f"    {shares(finding)}", style="dim"), soft_wrap=True)
    if (left := len(explanation.findings) - SHOWN) > 0:
        console.print(f"… and {left} more; --json prints them all")
