"""Every panel's SQL over the simulated retailer, against a plain count over lists of what was planted."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from touchline.measures import BY_NAME
from touchline.panels import BY_ID, DASHBOARDS, PANELS, Panel, expand, panels_with
from touchline.pipeline.store import Store
from touchline.vocabulary.event import Event

Row = dict[str, Any]
Rows = list[Row]
Observed = Iterator[tuple[Row, float, float]]
"""Of each observation: at, channel, source, queue, reason; its numerator and denominator."""

DAY = 86_400_000
WEEK = 7 * DAY
FUNNEL = {
    "cart.updated": "Filled a cart",
    "checkout.started": "Began the checkout",
    "checkout.step_completed": "Went on in the checkout",
    "order.placed": "Ordered",
}


def moment(ms: int) -> str:
    """A time as the store writes it, to the millisecond."""
    return f"{second(ms // 1000)}.{ms % 1000:03}"


def second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


# What is observed, by loops over the events; the measures' own SQL is not looked at.


def of(event: Event, **more: Any) -> Row:
    return {
        "at": event.time,
        "channel": event.channel,
        "source": event.source,
        "queue": "",
        "reason": "",
    } | more


def queued(plain: Any) -> Iterator[tuple[Row, str, float]]:
    for steps in plain.contacts():
        place = next((at for at, event in enumerate(steps) if event.type == "contact.queued"), None)
        if place is not None:
            first = steps[place]
            end = next(e for e in steps[place:] if e.type in ("contact.answered", "contact.abandoned"))
            waited = end.data.get("wait_seconds", (end.time - first.time) / 1000)
            where = of(first, queue=first.data["queue"], reason=first.data["reason"])
            yield where, end.type.removeprefix("contact."), waited


def service_level(plain: Any) -> Observed:
    return ((where, end == "answered" and wait <= 20, 1) for where, end, wait in queued(plain))


def abandonment(plain: Any) -> Observed:
    return (
        (where, end == "abandoned", 1) for where, end, wait in queued(plain) if end == "answered" or wait > 10
    )


def short_abandons(plain: Any) -> Observed:
    return ((where, end == "abandoned" and wait <= 10, 1) for where, end, wait in queued(plain))


def average_wait(plain: Any) -> Observed:
    return ((where, wait, 1) for where, end, wait in queued(plain) if end == "answered")


def started(plain: Any) -> Iterator[tuple[Row, list[Event]]]:
    for steps in plain.contacts():
        queue = next((event.data["queue"] for event in steps if event.data.get("queue")), "")
        yield of(steps[0], queue=queue, reason=steps[0].data["reason"]), steps


def reached(steps: list[Event]) -> bool:
    return any(event.type in ("contact.answered", "contact.ended") for event in steps)


def transfer_rate(plain: Any) -> Observed:
    for where, steps in started(plain):
        if reached(steps):
            yield where, any(event.type == "contact.transferred" for event in steps), 1


def resolution(plain: Any, across: bool) -> Observed:
    matters: dict[tuple[str, ...], list[tuple[Row, bool, bool]]] = defaultdict(list)
    for where, steps in started(plain):
        if steps[0].data.get("direction") == "outbound":
            continue
        unresolved = any(event.data.get("resolved") is False for event in steps)
        matter = (plain.owners[steps[0].id], where["reason"], "" if across else where["channel"])
        matters[matter].append((where, reached(steps), unresolved))
    for own in matters.values():
        for where, handled, unresolved in own:
            since = [(other["at"] - where["at"], helped) for other, helped, _ in own]
            if handled and not any(helped and -WEEK <= gap < 0 for gap, helped in since):
                yield where, not unresolved and not any(0 < gap <= WEEK for gap, _ in since), 1


def mentions_answered(plain: Any) -> Observed:
    answers = {e.data["mention_id"]: e.time for e in reversed(plain.events) if e.type == "mention.answered"}
    for event in plain.events:
        if event.type == "mention.posted":
            answer = answers.get(event.data["mention_id"])
            yield of(event), answer is not None and answer - event.time <= 3_600_000, 1


def csat(plain: Any) -> Observed:
    for event in plain.events:
        if event.type == "feedback.given" and event.data["metric"] == "csat":
            yield of(event), event.data["score"] >= 4, 1


def journeys(plain: Any, count: Callable[[Row, list[Event]], float]) -> Observed:
    for journey, events in walked(plain):
        where = {"at": journey["last"], "channel": journey["path"][0], "source": ""}
        yield where, count(journey, events), 1


def walked(plain: Any) -> Iterator[tuple[Row, list[Event]]]:
    own: dict[str, list[Event]] = defaultdict(list)
    for event in plain.events:
        own[plain.owners[event.id]].append(event)
    for journey in plain.journeys:
        events = own[journey["customer"]]
        yield journey, [one for one in events if journey["start"] <= one.time <= journey["last"]]


def effort(journey: Row, events: list[Event]) -> float:
    contacts = [event for event in events if event.type == "contact.started"]
    transfers = sum(event.type == "contact.transferred" for event in events)
    repeats = len(contacts) - len({event.data["reason"] for event in contacts})
    return float(len(contacts) + transfers + len(journey["path"]) - 1 + repeats)


def recovered(plain: Any) -> Observed:
    for one in plain.frictions:
        yield one | {"at": one["opened_at"]}, one["resolved_at"] is not None, 1


MEASURED: dict[str, Callable[[Any], Observed]] = {
    "service_level": service_level,
    "abandonment": abandonment,
    "short_abandons": short_abandons,
    "average_wait": average_wait,
    "transfer_rate": transfer_rate,
    "first_contact_resolution": lambda plain: resolution(plain, across=False),
    "one_contact_resolution": lambda plain: resolution(plain, across=True),
    "mentions_answered": mentions_answered,
    "csat": csat,
    "grade_a": lambda plain: journeys(plain, lambda journey, _: score(journey) >= 90),
    "strikes": lambda plain: journeys(plain, lambda journey, _: journey["strikes"]),
    "effort": lambda plain: journeys(plain, effort),
    "recovered": recovered,
}


def ratios(
    name: str, plain: Any, seen: Any, by: Callable[[Row], Any] = lambda _: None
) -> dict[Any, tuple[float, float]]:
    """Of the span and what is chosen: key → value and denominator."""
    sums: dict[Any, list[float]] = defaultdict(lambda: [0, 0])
    for where, numerator, denominator in MEASURED[name](plain):
        if seen.measured(where["at"]) and seen.chosen(channel=where["channel"], source=where["source"]):
            sums[by(where)][0] += numerator
            sums[by(where)][1] += denominator
    return {key: (numerator / denominator, denominator) for key, (numerator, denominator) in sums.items()}


def one_ratio(name: str) -> Callable[[Any, Any], Rows]:
    return lambda plain, seen: [{"value": value} for value, _ in ratios(name, plain, seen).values()]


def ratio_over_time(name: str) -> Callable[[Any, Any], Rows]:
    def count(plain: Any, seen: Any) -> Rows:
        found = ratios(name, plain, seen, lambda where: seen.bucket(where["at"]))
        return [{"time": second(at), "value": value} for at, (value, _) in sorted(found.items())]

    return count


# What each panel shows.


def score(journey: Row) -> int:
    return max(0, 100 - int(journey["strikes"]))


def grade(journey: Row) -> str:
    return next(
        letter
        for low, letter in ((90, "A"), (75, "B"), (60, "C"), (40, "D"), (0, "F"))
        if score(journey) >= low
    )


def outcome(events: list[Event]) -> str:
    ends = {"order.placed": "converted", "account.opened": "converted", "help.succeeded": "resolved"}
    ends |= dict.fromkeys(
        ("contact.abandoned", "order.cancelled", "subscription.cancelled", "account.closed"), "abandoned"
    )
    found = "open"
    for event in events:
        found = ends.get(event.type, found)
        if event.type == "contact.ended" and event.data.get("resolved") is True:
            found = "resolved"
    return found


def met(plain: Any, seen: Any, weeks: int = 0) -> Rows:
    """Frictions of the span, as chosen, brought forward by so many weeks."""
    return [
        one
        for one in plain.frictions
        if seen.during(one["opened_at"] + weeks * WEEK)
        and seen.chosen(channel=one["channel"], source=one["source"], rule=one["rule"])
    ]


def weeks_before(plain: Any, seconds: int) -> int:
    first = min(event.time for event in plain.events) // 1000
    return int(min(4, (seconds - first) // (WEEK // 1000)))


def usual(plain: Any, seen: Any, which: Callable[[Row], bool] = lambda _: True) -> float | None:
    weeks = weeks_before(plain, seen.start // 1000)
    earlier = sum(which(one) for back in range(1, 5) for one in met(plain, seen, back))
    return earlier / weeks if weeks else None


def counted(keys: Iterable[str], named: str) -> Rows:
    found = sorted(Counter(keys).items(), key=lambda one: (-one[1], one[0]))
    return [{"label": key, named: number} for key, number in found]


def series(found: Iterable[tuple[int, str]], seen: Any) -> Rows:
    numbers = Counter((seen.bucket(at), name) for at, name in found)
    return [
        {"time": second(at), "series": name, "value": number}
        for (at, name), number in sorted(numbers.items())
    ]


def friction_rate(plain: Any, seen: Any) -> Rows:
    recent = Counter(seen.bucket(one["opened_at"]) for one in met(plain, seen))
    earlier = Counter(
        seen.bucket(one["opened_at"] + back * WEEK) for back in range(1, 5) for one in met(plain, seen, back)
    )
    rows = []
    for at in range(seen.bucket(seen.start), seen.end // 1000 + 1, seen.interval):
        weeks = weeks_before(plain, at)
        rows.append(
            {"time": second(at), "frictions": recent[at], "usual": earlier[at] / weeks if weeks else None}
        )
    return rows


def friction_by_rule(plain: Any, seen: Any) -> Rows:
    now = met(plain, seen)
    rows = [
        {
            "rule": rule,
            "frictions": number,
            "usual": usual(plain, seen, lambda one, rule=rule: one["rule"] == rule),  # type: ignore[misc]
            "open": sum(one["rule"] == rule and one["resolved_at"] is None for one in now),
            "customers": len({one["customer"] for one in now if one["rule"] == rule}),
        }
        for rule, number in Counter(one["rule"] for one in now).items()
    ]
    return sorted(rows, key=lambda row: (-row["frictions"], row["rule"]))


def customers_met(plain: Any, seen: Any) -> Rows:
    start, end = seen.start // 1000 * 1000, seen.end // 1000 * 1000
    active = {one["customer"] for one in plain.journeys if one["last"] >= start and one["start"] <= end}
    return [{"value": len(active & {one["customer"] for one in met(plain, seen)}) / len(active)}]


def value_at_risk(plain: Any, seen: Any) -> Rows:
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


def ended(plain: Any, seen: Any) -> Iterator[tuple[Row, list[Event]]]:
    for journey, events in walked(plain):
        if seen.during(journey["last"]) and seen.chosen(channel=journey["path"][0]):
            yield journey, events


def journeys_at_risk(plain: Any, seen: Any) -> Rows:
    found = {one["journey"]["id"] for one in plain.frictions if seen.chosen(rule=one["rule"])}
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


def headlines(plain: Any, seen: Any) -> Rows:
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
                    {"measure": measure.title, "value": said, "goal": None, "distance": None, "standing": ""}
                )
    return rows


def abandonment_over_time(plain: Any, seen: Any) -> Rows:
    rows = []
    for name, title in (
        ("abandonment", "gave up after more than 10 s"),
        ("short_abandons", "gone within 10 s"),
    ):
        found = ratios(name, plain, seen, lambda where: seen.bucket(where["at"]))
        rows += [{"time": second(at), "series": title, "value": value} for at, (value, _) in found.items()]
    return sorted(rows, key=lambda row: (row["time"], row["series"]))


def contacts_over_time(plain: Any, seen: Any) -> Rows:
    return series(
        (
            (event.time, event.channel)
            for event in plain.events
            if event.type == "contact.started"
            and seen.during(event.time)
            and seen.chosen(channel=event.channel, source=event.source)
        ),
        seen,
    )


def queues(plain: Any, seen: Any) -> Rows:
    by = {
        name: ratios(name, plain, seen, lambda where: where["queue"])
        for name in ("service_level", "abandonment", "short_abandons", "average_wait")
    }
    rows = [
        {
            "queue": queue,
            "contacts": contacts,
            "service_level": value,
            "abandonment": by["abandonment"].get(queue, (None,))[0],
            "short_abandons": by["short_abandons"].get(queue, (None,))[0],
            "wait": by["average_wait"].get(queue, (None,))[0],
        }
        for queue, (value, contacts) in by["service_level"].items()
    ]
    return sorted(rows, key=lambda row: (-row["contacts"], row["queue"]))


def settled(plain: Any, seen: Any) -> Rows:
    def matter(where: Row) -> tuple[str, str]:
        return where["queue"], where["reason"]

    first = ratios("first_contact_resolution", plain, seen, matter)
    one = ratios("one_contact_resolution", plain, seen, matter)
    rows: Rows = [
        {
            "queue": key[0],
            "reason": key[1],
            "contacts": first.get(key, (None, None))[1],
            "first_contact": first.get(key, (None,))[0],
            "one_contact": one.get(key, (None,))[0],
        }
        for key in first.keys() | one.keys()
    ]
    return sorted(rows, key=lambda row: (-row["contacts"], row["queue"], row["reason"]))


def transfers_by_queue(plain: Any, seen: Any) -> Rows:
    found = ratios("transfer_rate", plain, seen, lambda where: where["queue"] or "no queue")
    rows = [{"label": queue, "transferred": value} for queue, (value, _) in found.items()]
    return sorted(rows, key=lambda row: (-row["transferred"], row["label"]))


def satisfaction_by_channel(plain: Any, seen: Any) -> Rows:
    found = ratios("csat", plain, seen, lambda where: where["channel"])
    rows = [{"label": channel, "satisfied": value} for channel, (value, _) in found.items()]
    return sorted(rows, key=lambda row: (row["satisfied"], row["label"]))


def funnel(plain: Any, seen: Any) -> Rows:
    own: dict[str, list[Event]] = defaultdict(list)
    for event in plain.events:
        if (
            event.type in FUNNEL
            and seen.during(event.time)
            and seen.chosen(channel=event.channel, source=event.source)
        ):
            own[plain.owners[event.id]].append(event)
    steps = list(FUNNEL)
    got = [0] * (len(steps) + 1)
    for events in own.values():
        # When the cart of the way to each step was filled: the latest leaves most time for the rest.
        begun: dict[int, int] = {}
        for event in events:
            step = steps.index(event.type)
            if step == 0:
                begun[0] = event.time
            elif step - 1 in begun and event.time - begun[step - 1] <= WEEK:
                begun[step] = begun[step - 1]
        for step in begun:
            got[step] += 1
    if not got[0]:
        return []
    return [
        {"label": FUNNEL[kind], "customers": got[at], "lost": got[at] - got[at + 1] if at < 3 else 0}
        for at, kind in enumerate(steps)
    ]


def paths(plain: Any, seen: Any) -> Rows:
    by: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for journey, events in ended(plain, seen):
        by[" → ".join(journey["path"])].append((outcome(events), score(journey)))
    rows: Rows = [
        {
            "channels": channels,
            "journeys": len(own),
            "converted": sum(end == "converted" for end, _ in own) / len(own),
            "abandoned": sum(end == "abandoned" for end, _ in own) / len(own),
            "score": sum(points for _, points in own) / len(own),
        }
        for channels, own in by.items()
    ]
    return sorted(rows, key=lambda row: (-row["journeys"], row["channels"]))[:30]


def outcomes(plain: Any, seen: Any) -> Rows:
    by: dict[str, Counter[str]] = defaultdict(Counter)
    for journey, events in ended(plain, seen):
        by[journey["path"][0]][outcome(events)] += 1
    return [
        {"label": channel, **{end: ends[end] for end in ("converted", "resolved", "open", "abandoned")}}
        for channel, ends in sorted(by.items(), key=lambda one: (-one[1].total(), one[0]))
    ]


def strikes_by_rule(plain: Any, seen: Any) -> Rows:
    weights: Counter[str] = Counter()
    for one in met(plain, seen):
        weights[one["rule"]] += one["weight"]
    found = sorted(weights.items(), key=lambda one: (-one[1], one[0]))
    return [{"label": rule, "strikes": weight} for rule, weight in found[:20]]


def journeys_of_a_rule(plain: Any, seen: Any) -> Rows:
    ends = {journey["id"]: outcome(events) for journey, events in walked(plain)}
    newest = sorted(met(plain, seen), key=lambda one: (-one["opened_at"], one["rule"], one["id"]))
    return [
        {
            "opened_at": moment(one["opened_at"]),
            "rule": one["rule"],
            "customer": one["customer"],
            "channel": one["channel"],
            "source": one["source"],
            "status": "open" if one["resolved_at"] is None else "resolved",
            "grade": grade(one["journey"]),
            "outcome": ends[one["journey"]["id"]],
        }
        for one in newest[:100]
    ]


def customer_events(plain: Any, seen: Any) -> Rows:
    return [
        {
            "time": moment(event.time),
            "type": event.type,
            "channel": event.channel,
            "source": event.source,
            "entity": event.entity,
            "data": event.data,
        }
        for event in plain.events
        if plain.owners[event.id] == seen.customer and seen.during(event.time)
    ]


def came(plain: Any, seen: Any) -> list[Event]:
    return [event for event in plain.events if seen.during(event.time)]


def refused(plain: Any, seen: Any) -> Rows:
    return [row for row in plain.quarantine if seen.during(row["received_at"])]


def lag(event: Event) -> float:
    return max(0, event.received_at - event.time) / 1000


def quantiles(found: Iterable[tuple[int, float]], seen: Any) -> Rows:
    by: dict[int, list[float]] = defaultdict(list)
    for at, one in found:
        by[seen.bucket(at)].append(one)
    return [
        {"time": second(at), "half within": part(own, 0.5), "95 of 100 within": part(own, 0.95)}
        for at, own in sorted(by.items())
    ]


def part(own: Sequence[float], level: float) -> float:
    return sorted(own)[int(level * len(own))]


def freshness(plain: Any, seen: Any) -> Rows:
    end = seen.end // 1000
    newest = max(event.received_at for event in plain.events if event.received_at <= end * 1000)
    return [{"value": end - newest // 1000}]


def quarantined(plain: Any, seen: Any) -> Rows:
    good, bad = len(came(plain, seen)), len(refused(plain, seen))
    return [{"value": bad / (bad + good)}]


def late(plain: Any, seen: Any) -> Rows:
    lags = [lag(event) for event in came(plain, seen)]
    return [{"value": sum(one > 60 for one in lags) / len(lags)}]


def producers(plain: Any, seen: Any) -> Rows:
    good: dict[str, list[Event]] = defaultdict(list)
    for event in came(plain, seen):
        good[event.producer].append(event)
    bad: dict[str, Rows] = defaultdict(list)
    for row in refused(plain, seen):
        bad[row["producer"]].append(row)
    rows = []
    for producer in good.keys() | bad.keys():
        stored, wrong = good[producer], bad[producer]
        last = max([one.received_at for one in stored] + [one["received_at"] for one in wrong])
        lags = [lag(event) for event in stored]
        rows.append(
            {
                "producer": producer,
                "stored": len(stored),
                "quarantined": len(wrong),
                "refused": len(wrong) / (len(stored) + len(wrong)),
                "last": moment(last),
                "silent": max(0, seen.end // 1000 - last // 1000),
                "lag": part(lags, 0.5) if lags else None,
                "slowest": part(lags, 0.95) if lags else None,
            }
        )
    return sorted(rows, key=lambda row: (-row["quarantined"], -row["stored"], row["producer"]))


def detection_lag(plain: Any, seen: Any) -> Rows:
    return quantiles(
        (
            (one["detected_at"], max(0, one["detected_at"] - one["opened_at"]) / 1000)
            for one in plain.written
            if one["status"] != "retracted" and seen.during(one["detected_at"])
        ),
        seen,
    )


def quarantine_latest(plain: Any, seen: Any) -> Rows:
    newest = sorted(refused(plain, seen), key=lambda row: -row["received_at"])
    names = ("producer", "reason", "field", "message")
    return [
        {"received_at": moment(row["received_at"]), **{name: row[name] for name in names}}
        for row in newest[:50]
    ]


def alerts(plain: Any, seen: Any) -> Rows:
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


def results(plain: Any, seen: Any) -> Rows:
    names = {"stored": ("stored",), "duplicate": ("duplicates", "repeated"), "quarantined": ("quarantined",)}
    names |= {"suppressed": ("suppressed",)}
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for row in plain.accounts:
        if seen.during(row["at"]):
            sums[row["producer"]].update({name: sum(row[one] for one in of) for name, of in names.items()})
    rows = [{"label": producer, **own} for producer, own in sums.items() if own.total()]
    return sorted(rows, key=lambda row: (-row["stored"], row["label"]))


CHECKS: dict[str, Callable[[Any, Any], Rows]] = {
    "frictions": lambda plain, seen: [{"value": len(met(plain, seen)), "usual": usual(plain, seen)}],
    "open_frictions": lambda plain, seen: [
        {"value": sum(one["resolved_at"] is None for one in met(plain, seen))}
    ],
    "customers_met": customers_met,
    "value_at_risk": value_at_risk,
    "friction_rate": friction_rate,
    "rules_over_time": lambda plain, seen: series(
        ((one["opened_at"], one["rule"]) for one in met(plain, seen)), seen
    ),
    "friction_by_rule": friction_by_rule,
    "friction_by_touchpoint": lambda plain, seen: counted(
        (f"{one['channel']} · {one['source']}" for one in met(plain, seen)), "frictions"
    ),
    "friction_by_factor": lambda plain, seen: counted(
        (one["factor"] for one in met(plain, seen)), "frictions"
    ),
    "journeys_at_risk": journeys_at_risk,
    "alerts": alerts,
    "goals": headlines,
    "service_level": one_ratio("service_level"),
    "abandonment": one_ratio("abandonment"),
    "average_wait": one_ratio("average_wait"),
    "transfer_rate": one_ratio("transfer_rate"),
    "first_contact_resolution": one_ratio("first_contact_resolution"),
    "mentions_answered": one_ratio("mentions_answered"),
    "service_level_over_time": ratio_over_time("service_level"),
    "abandonment_over_time": abandonment_over_time,
    "wait_over_time": ratio_over_time("average_wait"),
    "contacts_over_time": contacts_over_time,
    "queues": queues,
    "resolution": settled,
    "transfers_by_queue": transfers_by_queue,
    "satisfaction_by_channel": satisfaction_by_channel,
    "journeys_without_friction": one_ratio("grade_a"),
    "strikes": one_ratio("strikes"),
    "effort": one_ratio("effort"),
    "recovered": one_ratio("recovered"),
    "funnel": funnel,
    "grades_over_time": lambda plain, seen: series(
        ((journey["last"], grade(journey)) for journey, _ in ended(plain, seen)), seen
    ),
    "paths": paths,
    "outcomes": outcomes,
    "strikes_by_rule": strikes_by_rule,
    "journeys_of_a_rule": journeys_of_a_rule,
    "customer_events": customer_events,
    "freshness": freshness,
    "events": lambda plain, seen: [{"value": len(came(plain, seen))}],
    "quarantined": quarantined,
    "late": late,
    "events_by_producer": lambda plain, seen: series(
        ((event.time, event.producer) for event in came(plain, seen)), seen
    ),
    "quarantine_over_time": lambda plain, seen: series(
        ((row["received_at"], row["reason"]) for row in refused(plain, seen)), seen
    ),
    "producers": producers,
    "arrival_lag": lambda plain, seen: quantiles(
        ((event.time, lag(event)) for event in came(plain, seen)), seen
    ),
    "detection_lag": detection_lag,
    "event_types": lambda plain, seen: counted((event.type for event in came(plain, seen)), "events")[:40],
    "results": results,
    "quarantine_latest": quarantine_latest,
}
"""Panel id → what it must show, of what was planted, in a span, as chosen."""

NOT_THERE_FOR_SOME = {"mentions_answered", "journeys_without_friction", "strikes", "effort"}
"""Of social media alone, or of no source: nothing is left of it where phone and web are chosen."""


def test_every_panel_is_counted_by_hand() -> None:
    """A new panel needs its plain count."""
    assert [panel.id for panel in PANELS] == list(CHECKS)


@pytest.mark.parametrize("panel", PANELS, ids=lambda one: one.id)
def test_the_panel_shows_the_plain_count(panel: Panel, shop: Store, plain: Any, seen: Any) -> None:
    """Nothing retracted, superseded or there twice counts, whatever is chosen."""
    rows = seen.rows(shop, panel)
    if panel.id == "customer_events":
        rows = [row | {"data": json.loads(row["data"])} for row in rows]
    expected = CHECKS[panel.id](plain, seen)
    chosen = "rule" in seen.variables
    assert bool(expected) != (chosen and panel.id in NOT_THERE_FOR_SOME)
    assert len(rows) == len(expected)
    for row, wanted in zip(rows, expected, strict=True):
        assert row == {
            name: pytest.approx(value) if isinstance(value, int | float) else value
            for name, value in wanted.items()
        }


def test_the_store_has_what_must_not_count(shop: Store) -> None:
    """Doubled rows, retracted frictions and superseded journeys are there while the panels are asked."""
    for table, key in (
        ("events", "id"),
        ("frictions", "(customer, id)"),
        ("journeys", "id"),
        ("quarantine", "id"),
        ("accounts", "id"),
        ("alerts", "id"),
    ):
        assert shop.query(f"SELECT count() - uniqExact({key}) FROM {table}").result_rows[0][0] > 5, table
    assert shop.query("SELECT countIf(status = 'retracted') FROM frictions").result_rows[0][0] > 5
    assert shop.query("SELECT countIf(superseded) FROM journeys").result_rows[0][0] > 5


def test_goals_are_compared_with(shop: Store, plain: Any, seen: Any) -> None:
    """With goals the table has a row a goal, and says how far it is, whichever way is up."""
    goals = {"service_level": 0.8, "average_wait": 120.0, "value_at_risk": 1e9}
    panels = {panel.id: panel for panel in panels_with(goals)}
    rows = {row["measure"]: row for row in seen.rows(shop, panels["goals"])}
    [(level, _)] = ratios("service_level", plain, seen).values()
    short = f"{round(80 - 100 * level, 1):g} % short"
    assert list(rows) == ["Service level", "Average speed of answer", "Value at risk"]
    assert (rows["Service level"]["distance"], rows["Service level"]["standing"]) == (short, "missed")
    assert rows["Average speed of answer"]["goal"] == "120 s"
    assert rows["Average speed of answer"]["standing"] == rows["Value at risk"]["standing"] == "met"
    assert rows["Value at risk"]["value"].endswith(" EUR")
    assert panels["wait_over_time"].references[0].value == 120
    assert panels["funnel"] == BY_ID["funnel"]


def test_the_page_lists_every_panel() -> None:
    """Each is in docs/panels.md with its question and its kind of picture, dashboard by dashboard."""
    page = (Path(__file__).parents[2] / "docs" / "panels.md").read_text(encoding="utf-8")
    expected: list[str] = []
    for dashboard in DASHBOARDS:
        expected.append(f"## {dashboard.title}")
        expected += [
            f"| {panel.title} | {panel.question} | {panel.kind} |"
            for panel in PANELS
            if panel.dashboard == dashboard.id
        ]
    written = re.findall(r"^(?:## .*|\| (?!Panel \|).*)$", page.partition("## In a program")[0], re.MULTILINE)
    assert written == expected
    assert all(dashboard.question in page for dashboard in DASHBOARDS)


@pytest.mark.parametrize("panel", PANELS, ids=lambda one: one.id)
def test_an_empty_span_is_no_zero_percent(panel: Panel, shop: Store) -> None:
    """Without data there is no row, or no value; only counts may be 0, and what is not over goes on.

    A table names all its columns.
    """
    start = 4_000_000_000_000
    answer = shop.query(expand(panel.sql, start, start + 3_600_000, 600))
    if panel.columns:
        assert list(answer.column_names) == list(panel.columns)
    if panel.kind == "stat" and panel.unit != "count" and panel.id != "freshness":
        assert [row for row in answer.result_rows if row[0] is not None] == []
    elif panel.kind != "stat" and panel.id not in ("friction_rate", "alerts"):
        assert answer.result_rows == []


def test_ids_and_dashboards_hold_together() -> None:
    """Ids are unique, every panel has its dashboard, links lead to variables that are there."""
    assert len({panel.id for panel in PANELS}) == len(PANELS) >= 24
    dashboards = {dashboard.id: dashboard for dashboard in DASHBOARDS}
    assert {panel.dashboard for panel in PANELS} == set(dashboards)
    for panel in PANELS:
        names = {variable.name for variable in dashboards[panel.dashboard].variables}
        assert all(f"${{{name}:" not in panel.sql or name in names for name in ("channel", "source", "rule"))
        for column in panel.columns.values():
            if column.link is not None:
                target = dashboards[column.link.dashboard]
                assert column.link.variable in {variable.name for variable in target.variables}
