"""Journeys as they went: the events of each, and what they come to."""

from collections import defaultdict
from collections.abc import Iterator

from tests.panels.counting.reading import Plain, Row, Seen
from touchline.vocabulary.event import Event


def walked(plain: Plain) -> Iterator[tuple[Row, list[Event]]]:
    own: dict[str, list[Event]] = defaultdict(list)
    for event in plain.events:
        own[plain.owners[event.id]].append(event)
    for journey in plain.journeys:
        events = own[journey["customer"]]
        yield journey, [one for one in events if journey["start"] <= one.time <= journey["last"]]


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


def ended(plain: Plain, seen: Seen) -> Iterator[tuple[Row, list[Event]]]:
    for journey, events in walked(plain):
        if seen.during(journey["last"]) and seen.chosen(channel=journey["path"][0]):
            yield journey, events
