"""Loads what each rule found in a period, and what its frictions cost."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from touchline.live import queries
from touchline.live.boards.spans import Period, window
from touchline.live.labels import customer_label
from touchline.live.queries import Row, Store, run
from touchline.live.rules.workshop import RuleSheet
from touchline.measures import format_value
from touchline.vocabulary.durations import DAY

SPANS = ("24h", "7d", "30d")
DEFAULT_SPAN = "7d"

_HITS = """
SELECT rule, toInt64(count()) AS hits, toInt64(countIf(status = 'open')) AS unresolved,
       toInt64(uniqExact(customer)) AS affected, toInt64(sum(weight)) AS points,
       toString(argMax(customer, opened_at)) AS example, toUnixTimestamp64Milli(max(opened_at)) AS newest
FROM current_frictions
WHERE opened_at >= fromUnixTimestamp64Milli({start:Int64})
  AND opened_at < fromUnixTimestamp64Milli({end:Int64})
GROUP BY rule
"""
_LOSSES = """
SELECT rule, loss, loss_low, loss_high, currency, verdict, missing,
       toUnixTimestamp64Milli(since) AS begin, toUnixTimestamp64Milli(until) AS finish
FROM current_impact WHERE rule != ''
"""


@dataclass(frozen=True)
class Loss:
    """The associated loss of a rule as last computed: its value or why there is none, and its interval."""

    value: str
    interval: str
    start: int
    end: int


@dataclass(frozen=True)
class RuleRow:
    """A rule, and what it found in the period; `newest` is a time in ms, None without a friction.

    `example` is the customer of the newest friction, `example_name` their label.
    """

    sheet: RuleSheet
    hits: int = 0
    per_day: float = 0.0
    unresolved: int = 0
    customers: int = 0
    strikes: int = 0
    newest: int | None = None
    example: str = ""
    example_name: str = ""
    loss: Loss | None = None


@dataclass(frozen=True)
class RuleList:
    """All rules, the most frequent first; times in ms since 1970.

    `empty`: the store has no event. `old`: the period ends at the newest event, not now. `past`: it is over.
    """

    span: str
    empty: bool = False
    start: int = 0
    end: int = 0
    first: int = 0
    newest: int = 0
    old: bool = False
    past: bool = False
    rules: list[RuleRow] = field(default_factory=list)


def load(store: Store, sheets: Sequence[RuleSheet], selected: Period, now: int) -> RuleList:
    """Read what the rules found in a period at the time `now` (ms). Raises what the store raises."""
    period = window(store, selected, now)
    if period is None:
        return RuleList(selected.span, empty=True, rules=[RuleRow(sheet) for sheet in sheets])
    hits = {row["rule"]: row for row in run(store, _HITS, start=period.start, end=period.end)}
    losses = {row["rule"]: _loss(row) for row in run(store, _LOSSES)}
    customers = sorted({row["example"] for row in hits.values()})
    named = run(store, queries.IDENTIFIERS_OF_CUSTOMERS, customers=customers) if customers else []
    names = {row["owner"]: customer_label(row["entities"]) for row in named}
    days = (period.end - period.start) / DAY
    rows = [_row(sheet, hits.get(sheet.id), days, names, losses.get(sheet.id)) for sheet in sheets]
    rows.sort(key=lambda row: (-row.hits, row.sheet.title.casefold()))
    return RuleList(
        selected.span,
        start=period.start,
        end=period.end,
        first=period.first,
        newest=period.newest,
        old=period.old,
        past=period.past,
        rules=rows,
    )


def _row(
    sheet: RuleSheet, hits: Row | None, days: float, names: dict[str, str], loss: Loss | None
) -> RuleRow:
    if hits is None:
        return RuleRow(sheet, loss=loss)
    return RuleRow(
        sheet,
        hits=hits["hits"],
        per_day=hits["hits"] / days,
        unresolved=hits["unresolved"],
        customers=hits["affected"],
        strikes=hits["points"],
        newest=hits["newest"],
        example=hits["example"],
        example_name=names.get(hits["example"], str(hits["example"])),
        loss=loss,
    )


def _loss(row: Row) -> Loss:
    if row["loss"] is None or row["verdict"] == "unknown":
        value = "too few to say" if row["missing"].startswith("too few") else "not known"
        return Loss(value, row["missing"], row["begin"], row["finish"])
    currency = row["currency"]
    interval = f"{format_value(row['loss_low'], currency)} to {format_value(row['loss_high'], currency)}"
    match row["verdict"]:
        case "loss":
            value = format_value(row["loss"], currency)
        case "gain":
            value, interval = "none", f"the affected spent {format_value(-row['loss'], currency)} more"
        case _:
            value = "no clear loss"
    return Loss(value, interval, row["begin"], row["finish"])
