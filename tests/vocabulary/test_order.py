"""The order of events: by time, then by the phase of their type, then by id."""

import random

import chdb
import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from touchline.vocabulary.event import Event
from touchline.vocabulary.order import in_order, order_sql

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


_FIRST, _LAST = -2_208_988_800_000, 10_413_791_999_999
"""The first and the last time (ms) of the years 1900 to 2299, which the store can hold."""


@settings(max_examples=20)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(PHASES)),
            st.sampled_from([_FIRST, -1, 0, 1, 999, _LAST]) | st.integers(_FIRST, _LAST),
            st.sampled_from(["", "1", "10", "9", "Z", "a", "é", "~"]),
        ),
        max_size=200,
        unique=True,
    )
)
def test_texts_of_the_store_order_rows_as_events_are_ordered(rows: list[tuple[str, int, str]]) -> None:
    """The text of each row, from 1900 to 2299 and with any id, sorts by time, phase and id."""
    values = ", ".join(f"('{kind}', {time}, '{id_}')" for kind, time, id_ in rows) or "('x', 0, '')"
    named = PHASES.keys() - {"own.type"}
    found = chdb.query(
        f"""SELECT type, toUnixTimestamp64Milli(time) AS ms, id
        FROM (
            SELECT type, fromUnixTimestamp64Milli(at, 'UTC') AS time, id
            FROM values('type String, at Int64, id String', {values})
        )
        ORDER BY {order_sql(sorted(named))}""",
        "JSONCompact",
    )
    by_definition = sorted(rows, key=lambda row: (row[1], PHASES[row[0]], row[2].encode()))
    ordered = [(kind, int(time), id_) for kind, time, id_ in orjson.loads(found.bytes())["data"]]
    assert ordered == (by_definition or [("x", 0, "")])
