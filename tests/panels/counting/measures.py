"""What measures observe, by loops over the events; the measures' own SQL is not looked at."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from tests.panels.counting.reading import WEEK, Plain, Row, Rows, Seen, second
from tests.panels.counting.walks import score, walked
from touchline.vocabulary.event import Event

Observed = Iterator[tuple[Row, float, float]]
"""Of each observation: at, channel, source, queue, reason; its numerator and denominator."""


def of(event: Event, **more: Any) -> Row:
    return {
        "at": event.time,
        "channel": event.channel,
        "source": event.source,
        "queue": "",
        "reason": "",
    } | more


def queued(plain: Plain) -> Iterator[tuple[Row, str, float]]:
    for steps in plain.contacts():
        place = next((at for at, event in enumerate(steps) if event.type == "contact.queued"), None)
        if place is not None:
            first = steps[place]
            end = next(e for e in steps[place:] if e.type in ("contact.answered", "contact.abandoned"))
            waited = end.data.get("wait_seconds", (end.time - first.time) / 1000)
            where = of(first, queue=first.data["queue"], reason=first.data["reason"], team=team_of(steps))
            yield where, end.type.removeprefix("contact."), waited


def service_level(plain: Plain) -> Observed:
    return ((where, end == "answered" and wait <= 20, 1) for where, end, wait in queued(plain))


def abandonment(plain: Plain) -> Observed:
    return (
        (where, end == "abandoned", 1) for where, end, wait in queued(plain) if end == "answered" or wait > 10
    )


def short_abandons(plain: Plain) -> Observed:
    return ((where, end == "abandoned" and wait <= 10, 1) for where, end, wait in queued(plain))


def average_wait(plain: Plain) -> Observed:
    return ((where, wait, 1) for where, end, wait in queued(plain) if end == "answered")


def started(plain: Plain) -> Iterator[tuple[Row, list[Event]]]:
    for steps in plain.contacts():
        queue = next((event.data["queue"] for event in steps if event.data.get("queue")), "")
        yield of(steps[0], queue=queue, reason=steps[0].data["reason"], team=team_of(steps)), steps


def team_of(steps: list[Event]) -> str:
    return next((str(event.data["team"]) for event in steps if event.data.get("team")), "")


def reached(steps: list[Event]) -> bool:
    return any(event.type in ("contact.answered", "contact.ended") for event in steps)


def transfer_rate(plain: Plain) -> Observed:
    for where, steps in started(plain):
        if reached(steps):
            yield where, any(event.type == "contact.transferred" for event in steps), 1


def resolution(plain: Plain, across: bool) -> Observed:
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


def mentions_answered(plain: Plain) -> Observed:
    answers = {e.data["mention_id"]: e.time for e in reversed(plain.events) if e.type == "mention.answered"}
    for event in plain.events:
        if event.type == "mention.posted":
            answer = answers.get(event.data["mention_id"])
            yield of(event), answer is not None and answer - event.time <= 3_600_000, 1


def csat(plain: Plain) -> Observed:
    for event in plain.events:
        if event.type == "feedback.given" and event.data["metric"] == "csat":
            yield of(event), event.data["score"] >= 4, 1


def nps(plain: Plain) -> Observed:
    for event in plain.events:
        if event.type == "feedback.given" and event.data["metric"] == "nps":
            yield of(event), 100 * ((event.data["score"] >= 9) - (event.data["score"] <= 6)), 1


def detractors_answered(plain: Plain) -> Observed:
    answers = {e.data["feedback_id"]: e.time for e in reversed(plain.events) if e.type == "feedback.answered"}
    for event in plain.events:
        if event.type == "feedback.given" and event.data["metric"] == "nps" and event.data["score"] <= 6:
            answer = answers.get(event.data["feedback_id"])
            yield of(event), answer is not None and answer - event.time <= 172_800_000, 1


def journeys(plain: Plain, count: Callable[[Row, list[Event]], float]) -> Observed:
    for journey, events in walked(plain):
        where = {"at": journey["last"], "channel": journey["path"][0], "source": ""}
        yield where, count(journey, events), 1


def effort(journey: Row, events: list[Event]) -> float:
    contacts = [event for event in events if event.type == "contact.started"]
    transfers = sum(event.type == "contact.transferred" for event in events)
    repeats = len(contacts) - len({event.data["reason"] for event in contacts})
    return float(len(contacts) + transfers + len(journey["path"]) - 1 + repeats)


def recovered(plain: Plain) -> Observed:
    for one in plain.frictions:
        yield one | {"at": one["opened_at"]}, one["resolved_at"] is not None, 1


MEASURED: dict[str, Callable[[Plain], Observed]] = {
    "service_level": service_level,
    "abandonment": abandonment,
    "short_abandons": short_abandons,
    "average_wait": average_wait,
    "transfer_rate": transfer_rate,
    "first_contact_resolution": lambda plain: resolution(plain, across=False),
    "one_contact_resolution": lambda plain: resolution(plain, across=True),
    "mentions_answered": mentions_answered,
    "csat": csat,
    "nps": nps,
    "detractors_answered": detractors_answered,
    "grade_a": lambda plain: journeys(plain, lambda journey, _: score(journey) >= 90),
    "strikes": lambda plain: journeys(plain, lambda journey, _: journey["strikes"]),
    "effort": lambda plain: journeys(plain, effort),
    "recovered": recovered,
}


def filtered(where: Row) -> dict[str, str]:
    """What filters an observation: all that a friction has, the place of a contact, the channel of all."""
    names = ["channel"]
    if where["source"]:
        names.append("source")
    if "team" in where:
        names += ["queue", "reason", "team"]
    if "rule" in where:
        names += ["rule", "store"]
    return {name: where[name] for name in names}


def ratios(
    name: str, plain: Plain, seen: Seen, by: Callable[[Row], Any] = lambda _: None
) -> dict[Any, tuple[float, float]]:
    """Of the span and what is chosen: key → value and denominator."""
    sums: dict[Any, list[float]] = defaultdict(lambda: [0, 0])
    for where, numerator, denominator in MEASURED[name](plain):
        if seen.measured(where["at"]) and seen.chosen(**filtered(where)):
            sums[by(where)][0] += numerator
            sums[by(where)][1] += denominator
    return {key: (numerator / denominator, denominator) for key, (numerator, denominator) in sums.items()}


def one_ratio(name: str) -> Callable[[Plain, Seen], Rows]:
    return lambda plain, seen: [{"value": value} for value, _ in ratios(name, plain, seen).values()]


def ratio_over_time(name: str) -> Callable[[Plain, Seen], Rows]:
    def count(plain: Plain, seen: Seen) -> Rows:
        found = ratios(name, plain, seen, lambda where: seen.bucket(where["at"]))
        return [{"time": second(at), "value": value} for at, (value, _) in sorted(found.items())]

    return count
