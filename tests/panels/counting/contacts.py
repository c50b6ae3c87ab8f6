"""What *Contacts* must show."""

from tests.panels.counting.measures import filtered, one_ratio, ratio_over_time, ratios, started
from tests.panels.counting.reading import Count, Plain, Row, Rows, Seen, second, series


def abandonment_over_time(plain: Plain, seen: Seen) -> Rows:
    rows = []
    for name, title in (
        ("abandonment", "hung up after 10 s"),
        ("short_abandons", "hung up within 10 s"),
    ):
        found = ratios(name, plain, seen, lambda where: seen.bucket(where["at"]))
        rows += [{"time": second(at), "series": title, "value": value} for at, (value, _) in found.items()]
    return sorted(rows, key=lambda row: (row["time"], row["series"]))


def contacts_over_time(plain: Plain, seen: Seen) -> Rows:
    return series(
        (
            (where["at"], where["channel"])
            for where, _ in started(plain)
            if seen.during(where["at"]) and seen.chosen(**filtered(where))
        ),
        seen,
    )


def queues(plain: Plain, seen: Seen) -> Rows:
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


def settled(plain: Plain, seen: Seen) -> Rows:
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


def transfers_by_queue(plain: Plain, seen: Seen) -> Rows:
    found = ratios("transfer_rate", plain, seen, lambda where: where["queue"] or "no queue")
    rows = [{"label": queue, "transferred": value} for queue, (value, _) in found.items()]
    return sorted(rows, key=lambda row: (-row["transferred"], row["label"]))


def satisfaction_by_channel(plain: Plain, seen: Seen) -> Rows:
    found = ratios("csat", plain, seen, lambda where: where["channel"])
    rows = [{"label": channel, "satisfied": value} for channel, (value, _) in found.items()]
    return sorted(rows, key=lambda row: (row["satisfied"], row["label"]))


COUNTS: dict[str, Count] = {
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
}
"""Panel id → its plain count."""
