"""What *Impact* must show."""

from collections import Counter
from datetime import UTC, datetime

from tests.panels.counting.reading import Count, Plain, Row, Rows, Seen, moment, second

DAY = 86_400_000


def number(value: float) -> str:
    """A number as text; the store rounds halves to even, as Python does."""
    return f"{round(value):,}"


def interval(row: Row, name: str) -> str:
    return f"{number(row[f'{name}_low'])} to {number(row[f'{name}_high'])}"


def last(row: Row) -> int:
    """The end of the time whose frictions count."""
    return int(row["until"] - row["within"])


def loss_of(row: Row) -> str:
    since, until = (datetime.fromtimestamp(ms / 1000, UTC) for ms in (row["since"], last(row)))
    return f"frictions of {since:%-d %b} to {until:%-d %b %Y}, computed 5 days ago"


def loss_texts(plain: Plain, rule: str) -> Row:
    """The columns of a table in which rules are ranked."""
    row = next((one for one in plain.impacts if one["rule"] == rule), None)
    if row is None:
        return {"loss": None, "loss_of": None}
    if row["loss"] is None:
        text = "too few to say" if row["missing"].startswith("too few") else "not measurable"
    elif row["verdict"] == "loss":
        text = f"{number(row['loss'])} EUR ({interval(row, 'loss')})"
    else:
        text = f"no clear loss ({interval(row, 'loss')} EUR)"
    return {"loss": text, "loss_of": loss_of(row)}


def together(plain: Plain) -> Row:
    return next(one for one in plain.impacts if not one["rule"])


def chosen(plain: Plain, seen: Seen) -> Rows:
    rows = [one for one in plain.impacts if one["rule"] and seen.chosen(rule=one["rule"])]
    return sorted(rows, key=lambda row: (row["loss"] is None, -(row["loss"] or 0), -row["exposed"]))


def impact_loss(plain: Plain, seen: Seen) -> Rows:
    row = together(plain)
    return [{"value": f"{number(row['loss'])} EUR", "label": interval(row, "loss")}]


def impact_contacts(plain: Plain, seen: Seen) -> Rows:
    row = together(plain)
    cost = f"{number(row['contacts'] * row['contact_cost'])} EUR at 6.5 each"
    return [{"value": number(row["contacts"]), "label": f"{interval(row, 'contacts')}; {cost}"}]


def impact_at_risk(plain: Plain, seen: Seen) -> Rows:
    row = together(plain)
    label = f"of {row['exposed']} who met friction"
    return [{"value": f"{number(row['at_risk'])} EUR", "label": label}]


def impact_by_rule(plain: Plain, seen: Seen) -> Rows:
    results = {
        "queue_abandoned": ("2.3", "passes", ""),
        "request_denied": ("none suffices", "fails", "doubtful"),
    }
    rows = []
    for row in chosen(plain, seen):
        e_value, placebo, doubt = results.get(row["rule"], ("1", "too few to say", ""))
        known = row["loss"] is not None
        rows.append(
            {
                "rule": row["rule"],
                "loss": row["loss"],
                "priced_in": "EUR",
                "likely": f"{interval(row, 'loss')} EUR" if known else None,
                "exposed": row["exposed"],
                "lost": -row["difference"] * row["exposed"] if known else None,
                "contacts": row["contacts"],
                "cost": row["contacts"] * 6.5 if row["contacts"] is not None else None,
                "at_risk": row["at_risk"],
                "e_value": e_value if known else None,
                "placebo": placebo if known else None,
                "who": row["factor"].capitalize() + (f": {row['owner']}" if row["owner"] else ""),
                "says": row["missing"] or row["verdict"] + (", doubtful: see placebo" if doubt else ""),
            }
        )
    return rows


def impact_over_time(plain: Plain, seen: Seen) -> Rows:
    """The loss of a rule, in equal shares for each customer and day with it in the time of the figures."""
    found: Rows = []
    for row in chosen(plain, seen):
        if row["loss_low"] is None or row["loss_low"] <= 0:
            continue
        own = [one for one in plain.frictions if one["rule"] == row["rule"]]
        counted = {
            (one["customer"], one["opened_at"] // DAY)
            for one in own
            if row["since"] <= one["opened_at"] < last(row)
        }
        first: dict[tuple[str, int], int] = {}
        for one in own:
            if seen.during(one["opened_at"]):
                key = (one["customer"], one["opened_at"] // DAY)
                first[key] = min(first.get(key, one["opened_at"]), one["opened_at"])
        each = row["loss"] / len(counted)
        for at, customers in Counter(map(seen.bucket, first.values())).items():
            share = {"series": row["rule"], "currency": "EUR", "value": customers * each}
            found.append({"time": second(at)} | share)
    return sorted(found, key=lambda one: (one["time"], one["series"]))


def impact_contacts_by_rule(plain: Plain, seen: Seen) -> Rows:
    rows = [row for row in chosen(plain, seen) if (row["contacts_low"] or 0) > 0]
    return [{"label": row["rule"], "contacts": row["contacts"]} for row in rows]


def impact_run(plain: Plain, seen: Seen) -> Rows:
    row = together(plain)
    times = {"since": row["since"], "last": last(row), "computed_at": row["computed_at"]}
    return [
        {
            **{name: moment(at) for name, at in times.items()},
            "age": "5 days",
            "outcome": "order.placed",
            "follow": "7 days",
            "contact_cost": 6.5,
            "sample": "all",
        }
    ]


COUNTS: dict[str, Count] = {
    "impact_loss": impact_loss,
    "impact_contacts": impact_contacts,
    "impact_at_risk": impact_at_risk,
    "impact_run": impact_run,
    "impact_by_rule": impact_by_rule,
    "impact_over_time": impact_over_time,
    "impact_contacts_by_rule": impact_contacts_by_rule,
}
"""Panel id → its plain count."""
