"""The order of events: by time, then by the phase of their type, then by id."""

import random

from hypothesis import given
from hypothesis import strategies as st

from touchline.vocabulary.event import Event
from touchline.vocabulary.order import in_order

PHASES = {"contact.started": 0, "contact.queued": 2, "own.type": 5, "contact.abandoned": 8}


def _event(number: int, kind: str, time: int) -> Event:
    return Event(
        id=f"{number:02}", type=kind, time=time, channel="phone", source="s", identifiers=("account:1",)
    )


@given(st.lists(st.tuples(st.sampled_from(sorted(PHASES)), st.integers(0, 5)), max_size=20), st.randoms())
def test_events_of_one_millisecond_come_by_phase_then_by_id(
    rows: list[tuple[str, int]], chance: random.Random
) -> None:
    """However the events arrive, they are ordered by time, then by phase, then by id."""
    events = [_event(number, kind, time) for number, (kind, time) in enumerate(rows)]
    expected = sorted(events, key=lambda event: (event.time, PHASES[event.type], event.id))
    chance.shuffle(events)
    assert in_order(events) == expected
