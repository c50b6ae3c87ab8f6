"""Impacts as rows of the store, and back."""

from typing import TypeVar

from touchline.analysis.impact.estimate import Impact, Interval, Verdict
from touchline.analysis.impact.risk_difference import RiskDifference
from touchline.tables import RuleImpactRow

_Range = TypeVar("_Range", Interval, RiskDifference)

_VERDICTS: dict[str, Verdict] = {
    "loss": "loss",
    "gain": "gain",
    "no clear difference": "no clear difference",
}


def impact_columns(impact: Impact) -> dict[str, object]:
    """The fields of a `RuleImpactRow` that an impact decides."""
    return {
        "verdict": impact.verdict,
        "missing": impact.missing,
        "exposed": impact.exposed,
        "controls": impact.controls,
        "matched": impact.matched,
        "converted": impact.converted[0],
        "converted_controls": impact.converted[1],
        **_flat("difference", impact.difference),
        **_flat("loss", impact.loss),
        **_flat("contacts", impact.contacts),
        **_flat("placebo", impact.placebo),
        "e_value": impact.e_value,
        "at_risk": impact.at_risk if impact.loss is not None else None,
    }


def impact_of(row: RuleImpactRow) -> Impact:
    """The impact of a row."""
    return Impact(
        exposed=row.exposed,
        controls=row.controls,
        matched=row.matched,
        converted=(row.converted, row.converted_controls),
        verdict=_VERDICTS.get(row.verdict, "unknown"),
        missing=row.missing,
        difference=_range(RiskDifference, row.difference, row.difference_low, row.difference_high),
        e_value=row.e_value,
        loss=_range(Interval, row.loss, row.loss_low, row.loss_high),
        contacts=_range(Interval, row.contacts, row.contacts_low, row.contacts_high),
        at_risk=row.at_risk or 0.0,
        placebo=_range(RiskDifference, row.placebo, row.placebo_low, row.placebo_high),
    )


def _flat(name: str, found: Interval | RiskDifference | None) -> dict[str, float | None]:
    values = (None, None, None) if found is None else (found.value, found.low, found.high)
    return dict(zip((name, f"{name}_low", f"{name}_high"), values, strict=True))


def _range(kind: type[_Range], value: float | None, low: float | None, high: float | None) -> _Range | None:
    return None if value is None or low is None or high is None else kind(value, low, high)
