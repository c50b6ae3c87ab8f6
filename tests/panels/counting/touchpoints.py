"""What *Touchpoints* must show."""

from collections import Counter, defaultdict

from tests.panels.counting.reading import FUNNEL, WEEK, Count, Plain, Row, Rows, Seen, met, moment, second
from touchline.vocabulary.event import Event

HOUR = 3_600


def touchpoint(friction: Row) -> str:
    return f"{friction['channel']} · {friction['source']}"


def touchpoint_hours(plain: Plain, seen: Seen) -> Rows:
    numbers = Counter((one["opened_at"] // 1000 // HOUR * HOUR, touchpoint(one)) for one in met(plain, seen))
    return [
        {"time": second(at), "series": name, "value": number}
        for (at, name), number in sorted(numbers.items())
    ]


def weakest_touchpoints(plain: Plain, seen: Seen) -> Rows:
    by: dict[str, Rows] = defaultdict(list)
    for one in met(plain, seen):
        by[touchpoint(one)].append(one)
    each = {
        row["rule"]: row["loss"] / row["exposed"]
        for row in plain.impacts
        if row["rule"] and row["verdict"] == "loss"
    }
    rows: Rows = []
    for name, own in by.items():
        points = Counter[str]()
        for one in own:
            points[one["rule"]] += one["weight"]
        losses = [
            each[rule] * len({one["customer"] for one in own if one["rule"] == rule})
            for rule in points
            if rule in each
        ]
        rows.append(
            {
                "touchpoint": name,
                "rule": min(points, key=lambda rule: (-points[rule], rule)),
                "frictions": len(own),
                "customers": len({one["customer"] for one in own}),
                "strikes": points.total(),
                "loss": sum(losses) if losses else None,
                "priced_in": "EUR" if losses else None,
            }
        )
    rows.sort(key=lambda row: (-row["strikes"] * row["customers"], row["touchpoint"]))
    rows.sort(key=lambda row: (row["loss"] is None, -(row["loss"] or 0)))
    return rows[:30]


def friction_on_the_way(plain: Plain, seen: Seen) -> Rows:
    steps: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for event in plain.events:
        if event.type in FUNNEL:
            steps[plain.owners[event.id]].append((event.time, 1 + list(FUNNEL).index(event.type)))
    places = Counter[int]()
    for one in met(plain, seen):
        at = one["opened_at"]
        before = [step for step in steps[one["customer"]] if at - WEEK <= step[0] <= at]
        places[max(before, default=(0, 0))[1]] += 1
    labels = ["Before a cart", *(f"After: {label.lower()}" for label in FUNNEL.values())]
    return [{"label": labels[place], "frictions": number} for place, number in sorted(places.items())]


def _is_mail(events: list[Event]) -> bool:
    return any("sent_at" in event.data for event in events)


def walked_audits(plain: Plain, seen: Seen) -> Rows:
    by: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in sorted(plain.internal, key=lambda one: (one.time, one.id)):
        place = {"channel": event.channel, "source": event.source}
        if event.type.startswith("audit.") and seen.during(event.time) and seen.chosen(**place):
            by[event.data["walk"], event.data["step"]].append(event)
    rows = []
    for (walk, step), own in by.items():
        pages = [events[-1] for name, events in by.items() if name[0] == walk and not _is_mail(events)]
        newest = max(pages, key=lambda one: one.time, default=own[-1])
        if not _is_mail(own) and own[-1].data["run_id"] != newest.data["run_id"]:
            continue
        passed = [event.type == "audit.step_passed" for event in own]
        same = next((back for back, one in enumerate(reversed(passed)) if one != passed[-1]), len(own))
        failed = [event.data["message"] for event in own if event.type == "audit.step_failed"]
        rows.append(
            {
                "walk": walk,
                "step": step,
                "result": "passed" if passed[-1] else "failed",
                "since": moment(own[-same].time),
                "at": moment(own[-1].time),
                "runs": len(own),
                "share": sum(passed) / len(own),
                "median": sorted(event.data["seconds"] for event in own)[len(own) // 2],
                "message": failed[-1] if failed else "",
            }
        )
    return sorted(rows, key=lambda row: (row["result"] == "passed", row["share"], row["walk"], row["step"]))


COUNTS: dict[str, Count] = {
    "touchpoint_hours": touchpoint_hours,
    "weakest_touchpoints": weakest_touchpoints,
    "friction_on_the_way": friction_on_the_way,
    "walked_audits": walked_audits,
}
"""Panel id → its plain count."""
