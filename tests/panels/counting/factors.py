"""What *People, process, technology, culture* must show."""

from collections import Counter, defaultdict

from tests.panels.counting.impact import loss_texts
from tests.panels.counting.reading import Count, Plain, Row, Rows, Seen, counted, met, moment, series


def summed(own: Rows) -> Row:
    return {
        "frictions": len(own),
        "customers": len({one["customer"] for one in own}),
        "strikes": sum(one["weight"] for one in own),
    }


def grouped(plain: Plain, seen: Seen, *names: str) -> dict[tuple[str, ...], Rows]:
    by: dict[tuple[str, ...], Rows] = defaultdict(list)
    for one in met(plain, seen):
        by[tuple(one[name] for name in names)].append(one)
    return by


def factor_totals(plain: Plain, seen: Seen) -> Rows:
    rows: Rows = [
        {
            "factor": factor,
            **summed(own),
            "rules": len({one["rule"] for one in own}),
            "resolved": sum(one["resolved_at"] is not None for one in own) / len(own),
        }
        for (factor,), own in grouped(plain, seen, "factor").items()
    ]
    return sorted(rows, key=lambda row: (-row["strikes"], row["factor"]))


def friction_by_owner(plain: Plain, seen: Seen) -> Rows:
    owners = {row["rule"]: row["owner"] for row in plain.impacts}
    return counted((owners.get(one["rule"]) or "no owner known" for one in met(plain, seen)), "frictions")


def rules_of_factors(plain: Plain, seen: Seen) -> Rows:
    rows: Rows = [
        {"factor": factor, "rule": rule, **summed(own), **loss_texts(plain, rule)}
        for (factor, rule), own in grouped(plain, seen, "factor", "rule").items()
    ]
    rows.sort(key=lambda row: (row["factor"], -row["strikes"], row["rule"]))
    place: Counter[str] = Counter()
    kept: Rows = []
    for row in rows:
        place[row["factor"]] += 1
        if place[row["factor"]] <= 5:
            kept.append(row)
    return kept


def staff_topics(plain: Plain, seen: Seen) -> Rows:
    by: dict[tuple[str, str], Rows] = defaultdict(list)
    for event in plain.events:
        if (
            event.type == "staff.feedback_given"
            and seen.during(event.time)
            and seen.chosen(channel=event.channel, source=event.source)
        ):
            by[event.data["topic"], event.data.get("team", "")].append({"time": event.time, **event.data})
    rows: Rows = []
    for (topic, team), own in by.items():
        scores = [one["score"] / one["scale"] for one in own if "score" in one and "scale" in one]
        rows.append(
            {
                "topic": topic,
                "staff_team": team or None,
                "answers": len(own),
                "score": sum(scores) / len(scores) if scores else None,
                "newest": moment(max(one["time"] for one in own)),
            }
        )
    return sorted(rows, key=lambda row: (-row["answers"], row["topic"], row["staff_team"] or "~"))[:30]


COUNTS: dict[str, Count] = {
    "factors_over_time": lambda plain, seen: series(
        ((one["opened_at"], one["factor"]) for one in met(plain, seen)), seen
    ),
    "factor_totals": factor_totals,
    "friction_by_owner": friction_by_owner,
    "rules_of_factors": rules_of_factors,
    "staff_topics": staff_topics,
}
"""Panel id → its plain count."""
