"""Journeys: gaps, visits, strikes, grades, outcomes and effort."""

from typing import Any

import pytest

from touchline.journeys import Strike, journeys
from touchline.journeys.journeys import grade
from touchline.vocabulary.event import Event

MINUTE, DAY = 60_000, 86_400_000


def _event(time: int, channel: str = "web", kind: str = "page.viewed", **data: Any) -> Event:
    return Event(
        id=f"{time}{channel}{kind}",
        type=kind,
        time=time,
        channel=channel,
        source="s",
        identifiers=("account:1",),
        data=data,
    )


def test_a_silence_longer_than_the_gap_begins_a_journey() -> None:
    """Fourteen days to the millisecond are one journey, a millisecond more are two."""
    assert len(journeys([_event(0), _event(14 * DAY)])) == 1
    assert len(journeys([_event(0), _event(14 * DAY + 1)])) == 2
    assert journeys([]) == []


def test_path_and_visits_follow_the_channels() -> None:
    """The path collapses repeats; a visit ends with its channel or with half an hour of silence."""
    (one,) = journeys(
        [
            _event(0),
            _event(30 * MINUTE),
            _event(60 * MINUTE + 1),
            _event(61 * MINUTE, "phone"),
            _event(62 * MINUTE),
        ]
    )
    assert one.path == ("web", "phone", "web")
    assert (one.visits, one.channel_switches, one.events) == (4, 2, 5)


def test_strikes_fall_on_the_journey_they_opened_in() -> None:
    """A signal that opens after a journey's last event still belongs to it, until the next one starts."""
    first, second = journeys(
        [_event(DAY), _event(40 * DAY)],
        [Strike(0, 5, "a"), Strike(39 * DAY, 30, "b"), Strike(40 * DAY, 7, "c")],
    )
    assert (first.strikes, first.score, first.grade) == (35, 65, "C")
    assert (second.strikes, second.score, second.grade) == (7, 93, "A")


@pytest.mark.parametrize(
    ("score", "letter"),
    [(100, "A"), (90, "A"), (89, "B"), (75, "B"), (60, "C"), (40, "D"), (39, "F"), (0, "F")],
)
def test_grades_have_their_bounds(score: int, letter: str) -> None:
    """Each bound belongs to the better grade."""
    assert grade(score) == letter


def test_a_score_does_not_fall_below_nothing() -> None:
    """More than a hundred strikes leave a score of 0."""
    (one,) = journeys([_event(0)], [Strike(0, 130, "a")])
    assert (one.strikes, one.score, one.grade) == (130, 0, "F")


@pytest.mark.parametrize(
    ("events", "outcome"),
    [
        ([_event(0)], "open"),
        ([_event(0, kind="order.placed"), _event(1)], "converted"),
        ([_event(0, kind="order.placed"), _event(1, kind="contact.abandoned")], "abandoned"),
        ([_event(0, kind="contact.ended", resolved=True)], "resolved"),
        ([_event(0, kind="contact.ended", resolved=False)], "open"),
    ],
)
def test_the_last_outcome_event_decides(events: list[Event], outcome: str) -> None:
    """The outcome is that of the last event that decides one."""
    assert journeys(events)[0].outcome == outcome


def test_effort_is_what_the_customer_spent() -> None:
    """Seconds waited, contacts, transfers, channel switches and repeats about one reason add up."""
    (one,) = journeys(
        [
            _event(0, "phone", "contact.started", reason="bill"),
            _event(1, "phone", "contact.answered", wait_seconds=90),
            _event(2, "phone", "contact.transferred"),
            _event(3, "chat", "contact.started", reason="bill"),
            _event(4, "chat", "contact.abandoned", wait_seconds=30.4),
            _event(5, "chat", "contact.started"),
            _event(6, "chat", "contact.answered", wait_seconds=1e300),
        ]
    )
    assert (one.contacts, one.transfers, one.channel_switches, one.repeats) == (3, 1, 1, 1)
    assert one.wait_seconds == 2**32 - 1
