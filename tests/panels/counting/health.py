"""What *Data health* must show."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from tests.panels.counting.reading import Count, Plain, Rows, Seen, counted, moment, second, series
from touchline.vocabulary.event import Event


def came(plain: Plain, seen: Seen) -> list[Event]:
    return [
        event for event in plain.events if seen.during(event.time) and seen.chosen(producer=event.producer)
    ]


def refused(plain: Plain, seen: Seen) -> Rows:
    return [
        row
        for row in plain.quarantine
        if seen.during(row["received_at"]) and seen.chosen(producer=row["producer"])
    ]


def lag(event: Event) -> float:
    return max(0, event.received_at - event.time) / 1000


def quantiles(found: Iterable[tuple[int, float]], seen: Seen) -> Rows:
    by: dict[int, list[float]] = defaultdict(list)
    for at, one in found:
        by[seen.bucket(at)].append(one)
    return [
        {"time": second(at), "median": part(own, 0.5), "95th percentile": part(own, 0.95)}
        for at, own in sorted(by.items())
    ]


def part(own: Sequence[float], level: float) -> float:
    return sorted(own)[int(level * len(own))]


def freshness(plain: Plain, seen: Seen) -> Rows:
    end = seen.end // 1000
    newest = max(
        event.received_at
        for event in plain.events
        if event.received_at <= end * 1000 and seen.chosen(producer=event.producer)
    )
    return [{"value": end - newest // 1000}]


def quarantined(plain: Plain, seen: Seen) -> Rows:
    good, bad = len(came(plain, seen)), len(refused(plain, seen))
    return [{"value": bad / (bad + good)}]


def late(plain: Plain, seen: Seen) -> Rows:
    lags = [lag(event) for event in came(plain, seen)]
    return [{"value": sum(one > 60 for one in lags) / len(lags)}]


def producers(plain: Plain, seen: Seen) -> Rows:
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


def detection_lag(plain: Plain, seen: Seen) -> Rows:
    return quantiles(
        (
            (one["detected_at"], max(0, one["detected_at"] - one["opened_at"]) / 1000)
            for one in plain.written
            if one["status"] != "retracted" and seen.during(one["detected_at"])
        ),
        seen,
    )


def quarantine_latest(plain: Plain, seen: Seen) -> Rows:
    newest = sorted(refused(plain, seen), key=lambda row: -row["received_at"])
    names = ("producer", "reason", "field", "message")
    return [
        {"received_at": moment(row["received_at"]), **{name: row[name] for name in names}}
        for row in newest[:50]
    ]


def results(plain: Plain, seen: Seen) -> Rows:
    names = {"stored": ("stored",), "duplicate": ("duplicates", "repeated"), "quarantined": ("quarantined",)}
    names |= {"conflicting": ("conflicting",), "suppressed": ("suppressed",)}
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for row in plain.accounts:
        if seen.during(row["at"]) and seen.chosen(producer=row["producer"]):
            sums[row["producer"]].update({name: sum(row[one] for one in of) for name, of in names.items()})
            sums[row["producer"]]["duplicate"] -= row["conflicting"]
    rows = [{"label": producer, **own} for producer, own in sums.items() if own.total()]
    return sorted(rows, key=lambda row: (-row["stored"], row["label"]))


def violations(plain: Plain, seen: Seen) -> Rows:
    found: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for row in refused(plain, seen):
        kind = json.loads(row["body"]).get("type", "")
        found[row["producer"], kind, row["field"], row["reason"]].append(row["received_at"])
    for event in came(plain, seen):
        if field := event.context.get("plan_violation"):
            found[event.producer, event.type, field, "allowed"].append(event.received_at)
    names = ("producer", "type", "field", "reason")
    rows: Rows = [
        {**dict(zip(names, key, strict=True)), "events": len(times), "last": moment(max(times))}
        for key, times in found.items()
    ]
    return sorted(rows, key=lambda row: (-row["events"], *(row[name] for name in names)))[:50]


COUNTS: dict[str, Count] = {
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
    "violations": violations,
}
"""Panel id → its plain count."""
