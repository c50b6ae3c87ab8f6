"""Own funnels, against all ways through the same events."""

import random
from itertools import combinations

import orjson

from tests.live import rows as make
from touchline.panels import expand
from touchline.panels.ways import ways_sql
from touchline.segments.definition import read_funnel
from touchline.segments.funnels import funnel_panels, steps_of
from touchline.store import Store
from touchline.vocabulary.durations import HOUR

NOW = 1_800_000_000_000
FUNNEL = read_funnel("""
id: f
title: F
within: 5h
steps:
  - {name: One, when: page.viewed}
  - {name: It's two, when: {types: [page.viewed, contact.*], where: {channel: phone}}}
  - {name: Three, when: {where: {data.last: true}}}
""")


def _takes(event: tuple[int, str, str, bool], step: int) -> bool:
    _, kind, channel, last = event
    if step == 0:
        return kind == "page.viewed"
    return channel == "phone" if step == 1 else last


def _reached(events: list[tuple[int, str, str, bool]]) -> int:
    """The furthest step, by trying every way."""
    for length in (3, 2, 1):
        for way in combinations(events, length):
            in_time = way[-1][0] - way[0][0] <= FUNNEL.within
            if in_time and all(_takes(event, step) for step, event in enumerate(way)):
                return length
    return 0


def test_each_customer_counts_with_the_furthest_step_of_any_way(store: Store) -> None:
    """The steps reached are those of a search of all ways; times belong to a way; the panels add up."""
    draw = random.Random(11)
    rows, expected, log = [], {}, {}
    for number in range(120):
        who = f"account:u{number}"
        events = [
            (
                NOW + draw.randrange(12) * HOUR,
                draw.choice(("page.viewed", "contact.started")),
                draw.choice(("web", "phone")),
                draw.random() < 0.3,
            )
            for _ in range(draw.randrange(1, 7))
        ]
        # The order of events of one time: phase of the type, then id.
        events.sort(key=lambda event: (event[0], event[1] != "page.viewed"))
        events = [event for at, event in enumerate(events) if at == 0 or event[0] > events[at - 1][0]]
        for place, (time, kind, channel, last) in enumerate(events):
            row = make.event([who], f"{who}-{place}", time, kind, last=last)
            rows.append(row | {"channel": channel, "data": orjson.dumps({"last": last}).decode()})
        expected[str(make.of(who))], log[str(make.of(who))] = _reached(events), events
    make.put(store, "events", rows, "events")
    make.put(store, "events", rows[::4], "again")

    found = store.query(
        f"SELECT toString(customer), ways FROM ({ways_sql(steps_of(FUNNEL), '1')})"
    ).result_rows
    reached = {customer: sum(map(bool, ways)) for customer, ways in found}
    assert reached == {customer: steps for customer, steps in expected.items() if steps}
    assert {*reached.values()} == {1, 2, 3}
    for customer, ways in found:
        times = {event[0]: event for event in log[customer]}
        for way in filter(None, ways):
            way = [int(time) for time in way]
            assert way == sorted(way)
            assert way[-1] - way[0] <= FUNNEL.within
            assert all(_takes(times[time], step) for step, time in enumerate(way))

    steps, flows, left = (
        store.query(expand(panel.sql, NOW - HOUR, NOW + 24 * HOUR, 60)) for panel in funnel_panels(FUNNEL)
    )
    counts = [sum(steps >= step for steps in expected.values()) for step in (1, 2, 3)]
    assert [row[0] for row in steps.result_rows] == ["One", "It's two", "Three"]
    assert [int(row[1]) for row in steps.result_rows] == counts
    assert [int(row[2]) for row in steps.result_rows] == [counts[0] - counts[1], counts[1] - counts[2], 0]
    assert [
        sum(int(row[2]) for row in flows.result_rows if row[0] == name) for name in ("One", "It's two")
    ] == counts[:2]
    onward = {(row[0], row[1]): int(row[2]) for row in flows.result_rows if not row[1].startswith("Then: ")}
    assert onward == {("One", "It's two"): counts[1], ("It's two", "Three"): counts[2]}
    assert all(int(row[2]) >= 5 for row in flows.result_rows if row[1].startswith("Then: page"))
    assert steps.result_rows[0][3] is None
    assert all(0 < row[3] <= 5 * 3_600 for row in steps.result_rows[1:])
    gone = {row[2]: ("One", "It's two", "Three").index(row[1]) + 1 for row in left.result_rows}
    assert gone == {customer: steps for customer, steps in expected.items() if steps in (1, 2)}
