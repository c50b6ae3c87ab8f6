"""Reads deployed changes and compares the time before and after each: the rows of `change_effects`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from touchline.analysis.compare import Change, compare
from touchline.analysis.fixes import WANTED, Effect, Price, effects, nothing_to_report, too_soon
from touchline.analysis.periods import CannotCompare, Extent, Periods, around
from touchline.analysis.reading.comparison import Ask, read_counts
from touchline.tables import ChangeEffectRow
from touchline.vocabulary.durations import DAY

MOST_CHANGES = 30
"""Changes that are compared at a time, the newest first."""

KEPT = 90 * DAY
"""Changes that were deployed longer ago (ms) are not compared any more."""

_CHANGES = f"""
SELECT change, toUnixTimestamp64Milli(min(time)) AS at, argMin(title, time), argMin(rule, time),
       argMin(channel, time), argMin(source, time)
FROM (
    SELECT time, channel, source, JSONExtractString(data, 'change_id') AS change,
           JSONExtractString(data, 'title') AS title, JSONExtractString(data, 'rule') AS rule
    FROM events WHERE type = 'change.deployed'
)
GROUP BY change
HAVING at >= {{since:Int64}}
ORDER BY at DESC, change
LIMIT {MOST_CHANGES}
"""  # noqa: S608 - a constant
_PRICES = """
SELECT rule, loss / exposed, loss_low / exposed, loss_high / exposed, currency FROM current_impact
WHERE rule != '' AND exposed > 0 AND isNotNull(loss)
"""


@dataclass(frozen=True, slots=True)
class _Compared:
    """A change with the periods around it."""

    change: Change
    extent: Extent
    periods: Periods
    computed_at: int


def effect_rows(ask: Ask, extent: Extent, computed_at: int) -> list[ChangeEffectRow]:
    """The rows of all deployed changes, computed at a time (ms)."""
    prices = {rule: Price(*rest) for rule, *rest in ask(_PRICES, {})}
    rows = []
    for change_id, at, title, rule, channel, source in ask(_CHANGES, {"since": str(extent.end - KEPT)}):
        change = Change(change_id, at, title, rule, (channel, source))
        try:
            periods = around(at, extent.oldest, extent.end)
        except CannotCompare as error:
            sentence = too_soon(at, extent.oldest, extent.end) or f"Cannot be compared: {error}"
            rows.append(_row(change, computed_at, sentence=sentence, verdict="early"))
        else:
            rows += _rows(ask, _Compared(change, extent, periods, computed_at), prices)
    return rows


def _rows(ask: Ask, compared: _Compared, prices: Mapping[str, Price]) -> list[ChangeEffectRow]:
    change, extent, periods = compared.change, compared.extent, compared.periods
    early = too_soon(change.at, extent.oldest, extent.end)
    found = compare(periods, read_counts(ask, periods), extent, change.rule, change.touchpoint)
    reported = effects(found, prices, change.touchpoint, early)
    if not reported:
        sentence = early or nothing_to_report(found, change.touchpoint)
        verdict = "early" if early else "chance"
        return [_row(change, compared.computed_at, periods, sentence=sentence, verdict=verdict)]
    return [_row(change, compared.computed_at, periods, **_fields(effect)) for effect in reported]


def _row(change: Change, computed_at: int, periods: Periods | None = None, **more: Any) -> ChangeEffectRow:
    channel, source = change.touchpoint
    fields: dict[str, Any] = {
        "computed_at": computed_at,
        "change": change.id,
        "deployed_at": change.at,
        "title": change.title,
        "channel": channel,
        "source": source,
        "days": periods.after.length / DAY if periods else 0.0,
        "days_wanted": WANTED / DAY,
    }
    return ChangeEffectRow(**(fields | more))


def _fields(effect: Effect) -> dict[str, Any]:
    row, beside, saved = effect.row, effect.row.beside, effect.saved
    values: dict[str, Sequence[float | None]] = {
        "ratio": (row.ratio.ratio, row.ratio.low, row.ratio.high),
        "beside": (beside.value, beside.low, beside.high) if beside else (None,) * 3,
        "saved": (saved.value, saved.low, saved.high) if saved else (None,) * 3,
    }
    return {
        "channel": row.channel,
        "source": row.source,
        "rule": row.rule,
        "meant": int(row.targeted),
        "before": row.before,
        "journeys_before": row.journeys_before,
        "after": row.after,
        "journeys_after": row.journeys_after,
        "elsewhere": beside.elsewhere if beside else None,
        "verdict": effect.verdict,
        "sentence": effect.sentence,
        "currency": saved.currency if saved else "",
        **{
            f"{name}{end}": one if one is not None and isfinite(one) else None
            for name, three in values.items()
            for end, one in zip(("", "_low", "_high"), three, strict=True)
        },
    }
