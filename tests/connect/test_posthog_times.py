"""When PostHog's events happened, and which id they have."""

from typing import Any

import pytest

from tests.connect.posthog_requests import NOW, UUID7, event, received, stored
from touchline.collector.dialects.posthog import POSTHOG


def times(body: object, *arguments: Any, **query: str) -> list[int]:
    """The times of the events, in seconds before the request came."""
    return [(NOW - line["time"]) / 1000 for line in stored(body, *arguments, **query)]


@pytest.mark.parametrize(
    ("fields", "before"),
    [
        ({"timestamp": "2026-11-30T00:53:10Z"}, 10),
        ({"timestamp": "2026-11-30T00:53:10.5+00:00"}, 9.5),
        ({"timestamp": "2026-11-30T01:53:10.123456+01:00"}, 9.877),
        ({"timestamp": "2026-11-30 00:53:10"}, 10),
        ({"timestamp": NOW - 10_000}, 10),
        ({"timestamp": NOW / 1000 - 10}, 10),
        ({"timestamp": "soon", "properties": {"$time": NOW / 1000 - 3.25}}, 3.25),
        ({"timestamp": None, "offset": 4_500}, 4.5),
        ({"timestamp": "soon", "offset": -1}, 0),
        ({"timestamp": None}, 0),
    ],
)
def test_the_time_of_an_event(fields: dict[str, Any], before: float) -> None:
    """Its timestamp, else `$time`, else when it came, less the `offset`."""
    assert times({"batch": [event() | fields]}) == [before]


def test_a_wrong_clock_is_corrected() -> None:
    """By the time of sending: in the body, in a header, in the query, or in the event."""
    hour_late = event() | {"timestamp": "2026-11-29T23:53:10Z"}
    sent = "2026-11-29T23:53:20Z"
    header = {"posthog-request-timestamp": sent}
    assert times({"batch": [hour_late], "sent_at": sent}) == [10]
    assert times({"batch": [hour_late]}, "/i/v1/analytics/events", header) == [10]
    assert times([hour_late], "/e/", sent_at=str(NOW - 3_600_000)) == [10]
    assert times([hour_late | {"sent_at": sent}], "/e/") == [10]


def test_a_body_sent_again_is_no_slow_clock() -> None:
    """posthog-node repeats its first body after a failure, with the first time of sending."""
    one = event(**{"$lib": "posthog-node"}) | {"timestamp": "2026-11-30T00:52:45Z"}
    assert times({"batch": [one], "sent_at": "2026-11-30T00:52:50Z"}) == [35]
    renewing = event(**{"$lib": "posthog-python"}) | {"timestamp": "2026-11-30T00:52:45Z"}
    assert times({"batch": [renewing], "sent_at": "2026-11-30T00:52:50Z"}) == [5]


def test_a_clock_that_is_ahead_is_corrected_for_every_library() -> None:
    """A body sent again never has a time of sending after its receipt."""
    one = event(**{"$lib": "posthog-node"}) | {"timestamp": "2026-11-30T01:53:10Z"}
    assert times({"batch": [one], "sent_at": "2026-11-30T01:53:20Z"}) == [10]


@pytest.mark.parametrize("body", [{"historical_migration": True}, {"ignore": True}])
def test_clients_may_say_that_their_times_are_right(body: dict[str, Any]) -> None:
    """Imported history, and events that ask for no correction."""
    old = event(**({"$ignore_sent_at": True} if body.pop("ignore", False) else {}))
    old["timestamp"] = "2026-11-30T00:53:10Z"
    assert times({"batch": [old], "sent_at": "2026-11-29T23:00:00Z", **body}) == [10]


def test_the_uuid_is_the_id() -> None:
    """As the client wrote it."""
    assert [line["id"] for line in stored([event() | {"uuid": UUID7.upper()}])] == [UUID7.upper()]


def test_without_a_uuid_it_follows_from_the_content() -> None:
    """Or from `$insert_id`; equal events without a time are different events."""
    bare = {"event": "a", "distinct_id": "u-17", "uuid": "1"}
    timed = bare | {"timestamp": "2026-11-30T00:53:10Z"}
    inserted = bare | {"properties": {"$insert_id": "x9"}}

    def ids(*events: dict[str, Any]) -> list[str]:
        translated = POSTHOG.translate(received({"batch": events}))
        return [each.event["id"] for each in translated if isinstance(each.event, dict)]

    assert ids(timed) == ids(timed)
    assert ids(inserted) == ids(inserted | {"offset": 3})
    assert len({*ids(bare, bare), *ids(timed), *ids(inserted)}) == 4
