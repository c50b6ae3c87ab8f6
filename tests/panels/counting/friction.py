"""What *Friction now* must show."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import chain

from tests.panels.counting.impact import loss_texts
from tests.panels.counting.measures import ratios
from tests.panels.counting.reading import (
    FILTERS,
    FUNNEL,
    WEEK,
    Count,
    Plain,
    Row,
    Rows,
    Seen,
    counted,
    met,
    moment,
    second,
    series,
)
from tests.panels.counting.walks import ended, grade, outcome, score
from touchline.measures import BY_NAME
from touchline.vocabulary.event import Event


def weeks_before(plain: Plain, seconds: int, frictions: Iterable[Row]) -> int:
    """The earlier weeks that the data cover, and before them what the rules of the frictions look back on."""
    reach = max((plain.reaches[one["rule"]] for one in frictions), default=0)
    first = min(event.time for event in plain.events) // 1000
    return max(0, min(4, (seconds - first - math.ceil(reach / 1000)) // (WEEK // 1000)))


def by_week(plain: Plain, seen: Seen, rule: str = "") -> list[Rows]:
    """Frictions of the period, then of one week earlier, and so on; of all rules, or of one."""
    return [[one for one in met(plain, seen, back) if rule in ("", one["rule"])] for back in range(5)]


def usual(plain: Plain, seen: Seen, rule: str = "") -> float | None:
    weekly = by_week(plain, seen, rule)
    weeks = weeks_before(plain, seen.start // 1000, chain(*weekly))
    return sum(map(len, weekly[1 : weeks + 1])) / weeks if weeks else None


def friction_rate(plain: Plain, seen: Seen) -> Rows:
    weekly = by_week(plain, seen)
    counts = [
        Counter(seen.bucket(one["opened_at"] + back * WEEK) for one in found)
        for back, found in enumerate(weekly)
    ]
    rows = []
    for at in buckets(seen):
        weeks = weeks_before(plain, at, chain(*weekly))
        mean = sum(count[at] for count in counts[1 : weeks + 1]) / weeks if weeks else None
        rows.append({"time": second(at), "frictions": counts[0][at], "usual": mean})
    return rows


def open_at(plain: Plain, seen: Seen, end: int) -> int:
    """How many frictions, as chosen, are open at a time (ms)."""
    return sum(
        one["opened_at"] <= end and (one["resolved_at"] is None or one["resolved_at"] > end)
        for one in plain.frictions
        if seen.shows(one)
    )


def open_over_time(plain: Plain, seen: Seen) -> Rows:
    last = seen.end // 1000 * 1000
    return [
        {"time": second(at), "value": open_at(plain, seen, min(last, (at + seen.interval) * 1000 - 1))}
        for at in buckets(seen)
    ]


def buckets(seen: Seen) -> range:
    return range(seen.bucket(seen.start), seen.end // 1000 + 1, seen.interval)


def friction_by_rule(plain: Plain, seen: Seen) -> Rows:
    now = met(plain, seen)
    rows = [
        {
            "rule": rule,
            "frictions": number,
            "usual": usual(plain, seen, rule),
            "open": sum(one["rule"] == rule and one["resolved_at"] is None for one in now),
            "assigned": 0,
            "closed": 0,
            "resolved": sum(one["rule"] == rule and one["resolved_at"] is not None for one in now),
            "customers": len({one["customer"] for one in now if one["rule"] == rule}),
            **loss_texts(plain, rule),
        }
        for rule, number in Counter(one["rule"] for one in now).items()
    ]
    return sorted(rows, key=lambda row: (-row["frictions"], row["rule"]))


def customers_met(plain: Plain, seen: Seen) -> Rows:
    start, end = seen.start // 1000 * 1000, seen.end // 1000 * 1000
    active = {one["customer"] for one in plain.journeys if one["last"] >= start and one["start"] <= end}
    return [{"value": len(active & {one["customer"] for one in met(plain, seen)}) / len(active)}]


def value_at_risk(plain: Plain, seen: Seen) -> Rows:
    met_any = {one["customer"] for one in plain.frictions if seen.measured(one["opened_at"])}
    own: dict[str, list[Event]] = defaultdict(list)
    for event in plain.events:
        if plain.owners[event.id] in met_any and seen.measured(event.time):
            own[plain.owners[event.id]].append(event)
    total = 0.0
    for events in own.values():
        touched: dict[str, Event] = {}
        value: dict[str, float] = {}
        for event in events:
            if event.type in FUNNEL and event.type != "order.placed":
                cart = event.data["cart_id"]
                touched[cart] = event
                value[cart] = event.data.get("value", value.get(cart, 0))
        orders = [event for event in events if event.type == "order.placed"]
        bought = max((event.time for event in orders), default=0)
        over = {
            event.data["order_id"]
            for event in events
            if event.type in ("order.cancelled", "delivery.completed", "refund.issued")
        }
        at_risk = [(event, value[cart]) for cart, event in touched.items() if event.time > bought]
        at_risk += [
            (event, event.data.get("value") or value.get(event.data.get("cart_id", ""), 0))
            for event in orders
            if event.channel != "store" and event.data["order_id"] not in over
        ]
        total += sum(worth for e, worth in at_risk if seen.chosen(channel=e.channel, source=e.source))
    return [{"label": "EUR", "value": total}]


def journeys_at_risk(plain: Plain, seen: Seen) -> Rows:
    found = {one["journey"]["id"] for one in plain.frictions if seen.shows(one, FILTERS[1:])}
    at_risk = [(j, events) for j, events in ended(plain, seen) if j["strikes"] and j["id"] in found]
    at_risk.sort(key=lambda one: (score(one[0]), -one[0]["strikes"], -one[0]["last"], one[0]["customer"]))
    return [
        {
            "last": moment(journey["last"]),
            "customer": journey["customer"],
            "channels": " → ".join(journey["path"]),
            "events": journey["events"],
            "strikes": journey["strikes"],
            "score": score(journey),
            "grade": grade(journey),
            "outcome": outcome(events),
        }
        for journey, events in at_risk[:50]
    ]


def not_filtered(name: str, seen: Seen) -> str:
    """The words that a goal adds for the chosen filters that its measure ignores."""
    words = {"rule": "rules", "queue": "queues", "reason": "reasons", "team": "agent teams"}
    heeded = {"recovered": set(words), "csat": set()}.get(name, {"queue", "reason", "team"})
    ignored = [words[one] for one in words if one in seen.variables and one not in heeded]
    return f" (all {', '.join(ignored)})" if ignored else ""


def headlines(plain: Plain, seen: Seen) -> Rows:
    rows = []
    for measure in BY_NAME.values():
        if measure.name in (
            *(
                "service_level",
                "abandonment",
                "average_wait",
                "first_contact_resolution",
                "csat",
                "recovered",
            ),
        ):
            for value, _ in ratios(measure.name, plain, seen).values():
                said = f"{round(100 * value, 1):g} %" if measure.unit == "share" else f"{round(value, 1):g} s"
                rows.append(
                    {
                        "measure": measure.title + not_filtered(measure.name, seen),
                        "value": said,
                        "goal": None,
                        "distance": None,
                        "standing": "",
                    }
                )
    return rows


def alerts(plain: Plain, seen: Seen) -> Rows:
    start, end = seen.start // 1000 * 1000, seen.end // 1000 * 1000
    found = [
        one
        for one in plain.alerts
        if one["opened_at"] <= end and (one["resolved_at"] is None or one["resolved_at"] >= start)
    ]
    found.sort(key=lambda one: (one["resolved_at"] is not None, -one["opened_at"]))
    return [
        {
            "opened_at": moment(one["opened_at"]),
            "state": one["status"],
            "severity": one["severity"],
            "title": one["title"],
            "place": ", ".join(one["labels"]),
            "customers": one["customers"],
            "count": one["count"],
            "usual": one["usual"],
            "resolved_at": None if one["resolved_at"] is None else moment(one["resolved_at"]),
            "summary": one["summary"],
        }
        for one in found
    ]


COUNTS: dict[str, Count] = {
    "frictions": lambda plain, seen: [{"value": len(met(plain, seen)), "usual": usual(plain, seen)}],
    "open_frictions": lambda plain, seen: [{"value": open_at(plain, seen, seen.end // 1000 * 1000)}],
    "customers_met": customers_met,
    "value_at_risk": value_at_risk,
    "friction_rate": friction_rate,
    "rules_over_time": lambda plain, seen: series(
        ((one["opened_at"], one["rule"]) for one in met(plain, seen)), seen
    ),
    "open_over_time": open_over_time,
    "friction_by_rule": friction_by_rule,
    "friction_by_touchpoint": lambda plain, seen: counted(
        (f"{one['channel']} · {one['source']}" for one in met(plain, seen)), "frictions"
    ),
    "friction_by_factor": lambda plain, seen: counted(
        (one["factor"] for one in met(plain, seen)), "frictions"
    ),
    "goals": headlines,
    "journeys_at_risk": journeys_at_risk,
    "alerts": alerts,
}
"""Panel id → its plain count."""
