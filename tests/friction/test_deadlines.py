"""When an obligation is due."""

from datetime import UTC, datetime
from typing import Any

import pytest

from touchline.friction.kinds import Terms
from touchline.rules import parse_rules
from touchline.vocabulary.event import Event

CALENDARS = (
    "calendars: {support: {zone: Europe/Berlin, hours: {mon-fri: 09:00-17:00}, holidays: [2026-11-24]}}"
)


def _due(term: str, begin: str, data: dict[str, Any] | None = None) -> str | None:
    rule = parse_rules(f"{CALENDARS}\nrules: [{{id: a, kind: expect, after: x.y, then: x.z, {term}}}]")[0]
    time = int(datetime.fromisoformat(begin).timestamp() * 1000)
    event = Event(
        id="e", type="x.y", time=time, channel="web", source="s", identifiers=("account:1",), data=data or {}
    )
    found = Terms(rule).deadline_after(event)
    return None if found is None else datetime.fromtimestamp(found / 1000, UTC).isoformat()


def test_a_time_after_the_event() -> None:
    """`within` counts from the event on."""
    assert _due("within: 90m", "2026-11-20T16:00:00Z") == "2026-11-20T17:30:00+00:00"


def test_opening_time_after_the_event() -> None:
    """With a calendar only its opening hours count: Friday evening's two hours end on Monday."""
    term = "within: 2 business hours, calendar: support"
    assert _due(term, "2026-11-20T15:30:00Z") == "2026-11-23T09:30:00+00:00"
    assert _due(term, "2026-11-23T15:00:00Z") == "2026-11-25T09:00:00+00:00"


@pytest.mark.parametrize(
    ("value", "deadline"),
    [
        ("2026-11-21T10:00:00+01:00", "2026-11-21T09:00:00+00:00"),
        ("2026-11-20T16:00:00Z", "2026-11-20T16:00:00+00:00"),
        ("2026-11-20T16:59:59.999+01:00", None),
        ("1970-01-01T00:00:00Z", None),
        ("2026-11-21T10:00:00", None),
        ("tomorrow", None),
        ("9999-12-31T00:00:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        (1_790_000_000, None),
        (None, None),
    ],
)
def test_the_time_that_the_event_names(value: Any, deadline: str | None) -> None:
    """`by` reads a time with its zone; no time, or one before the event's own, starts nothing."""
    assert _due("by: data.due_at", "2026-11-20T16:00:00Z", {"due_at": value}) == deadline
