"""What *Fixes* must show."""

from math import sqrt

from tests.panels.counting.impact import number
from tests.panels.counting.reading import Count, Plain, Row, Rows, Seen, moment, series
from touchline.vocabulary.event import Event


def deployed(plain: Plain, seen: Seen) -> list[Event]:
    """The changes of the span, once each."""
    found = {one.data["change_id"]: one for one in plain.events if one.type == "change.deployed"}
    return [one for one in found.values() if seen.during(one.time)]


def effects(plain: Plain, seen: Seen) -> Rows:
    ids = {one.data["change_id"] for one in deployed(plain, seen)}
    return [row for row in plain.effects if row["change"] in ids and seen.chosen(rule=row["rule"])]


def loss_avoided(plain: Plain, seen: Seen) -> Rows:
    rows = [row for row in effects(plain, seen) if row["verdict"] in ("fell", "rose")]
    total = sum(row["saved"] for row in rows)
    low, high = (
        sqrt(sum((row[name] - row["saved"]) ** 2 for row in rows)) for name in ("saved_low", "saved_high")
    )
    return [{"value": f"{number(total)} EUR", "label": f"{number(total - low)} to {number(total + high)}"}]


def change_effects(plain: Plain, seen: Seen) -> Rows:
    [change] = deployed(plain, seen)
    return [_row(row, change) for row in effects(plain, seen)]


def _row(row: Row, change: Event) -> Row:
    known = row["saved"] is not None
    return {
        "deployed_at": moment(change.time),
        "change": f"{change.data['change_id']}: {change.data['title']}",
        "touchpoint": f"{row['channel']} · {row['source']}",
        "rule": row["rule"],
        "result": row["sentence"],
        "rate_before": 1000 * row["before"] / row["journeys_before"],
        "rate_after": 1000 * row["after"] / row["journeys_after"],
        "saved": row["saved"],
        "likely": f"{number(row['saved_low'])} to {number(row['saved_high'])} EUR" if known else None,
        "compared": 14,
    }


COUNTS: dict[str, Count] = {
    "changes_deployed": lambda plain, seen: [{"value": len(deployed(plain, seen))}],
    "changes_that_helped": lambda plain, seen: [
        {"value": len({row["change"] for row in effects(plain, seen) if row["verdict"] == "fell"})}
    ],
    "loss_avoided": loss_avoided,
    "frictions_meant": lambda plain, seen: series(
        (
            (one["opened_at"], one["rule"])
            for one in plain.frictions
            if seen.during(one["opened_at"])
            and seen.chosen(rule=one["rule"])
            and one["rule"] in {change.data["rule"] for change in deployed(plain, seen)}
        ),
        seen,
    ),
    "change_effects": change_effects,
}
"""Panel id → its plain count."""
