"""Frictions and journeys lie by week, so that a question about some weeks reads no others."""

import re
from collections.abc import Callable
from itertools import product
from pathlib import Path
from uuid import UUID

import pytest

from touchline.engine.batch import columns
from touchline.engine.ports import Store as StorePort
from touchline.store import Store, connect, open_store
from touchline.store.sql.tokens import split
from touchline.tables import FrictionRow, JourneyRow, migrations
from touchline.tables.rows import week_of
from touchline.vocabulary.durations import DAY, HOUR

ANNA = UUID(int=1)
MONDAY = 1_780_272_000_000
"""2026-06-01T00:00:00Z (ms)."""

BY_WEEK = 37
"""The migration since which they do."""

NewFriction = Callable[..., FrictionRow]
NewJourney = Callable[..., JourneyRow]


def shown(store: Store) -> list[list[object]]:
    """What the views show, by id."""
    return [
        *store.query("SELECT id, opened_at, count, version FROM current_frictions ORDER BY id").result_rows,
        *store.query("SELECT id, last, events, version FROM current_journeys ORDER BY id").result_rows,
    ]


def held(store: StorePort) -> tuple[list[FrictionRow], list[JourneyRow]]:
    """Anna's rows as a worker gets them, by version."""
    rows = store.frictions_of([ANNA]), store.journeys_of([ANNA])
    return sorted(rows[0], key=lambda row: row.version), sorted(rows[1], key=lambda row: row.version)


def test_weeks_are_those_of_the_engine(store: Store) -> None:
    """A row lies in the week that the engine's key gives it, to the millisecond and over many years."""
    turns = [MONDAY + week * 7 * DAY for week in range(-1_700, 1_700, 17)]
    times = [turn + offset for turn, offset in product(turns, (-1, 0, 1, 3 * DAY + HOUR))]
    sql = "SELECT arrayJoin({times:Array(Int64)}) AS time, toMonday(fromUnixTimestamp64Milli(time, 'UTC'))"
    mondays = {int(time): monday for time, monday in store.query(sql, {"times": times}).result_rows}
    weeks = {(week_of(time), mondays[time]) for time in times}
    assert len(weeks) == len({week for week, _ in weeks}) == len({monday for _, monday in weeks}) == 400


@pytest.mark.parametrize("moved", [-1, 0])
def test_a_row_replaces_those_of_its_week(
    any_store: StorePort, friction: NewFriction, journey: NewJourney, moved: int
) -> None:
    """A later version counts if it lies in the same week; one that moved leaves the earlier one there."""
    at = MONDAY + moved
    any_store.insert("frictions", columns([friction(1, opened_at=MONDAY)]), "a")
    any_store.insert("frictions", columns([friction(1, 2, opened_at=at)]), "b")
    any_store.insert("journeys", columns([journey(1, last=MONDAY)]), "c")
    any_store.insert("journeys", columns([journey(1, 2, last=at)]), "d")
    versions = [1, 2] if moved else [2]
    assert [[row.version for row in rows] for rows in held(any_store)] == [versions, versions]


def test_a_question_about_a_week_reads_no_other(
    store: Store, friction: NewFriction, journey: NewJourney
) -> None:
    """The key leaves out the weeks that a condition on the time excludes, also where versions compete."""
    weeks = range(40)
    for version in (1, 2):
        frictions = [
            friction(week * 1_000 + n, version, opened_at=MONDAY + 7 * week * DAY)
            for week, n in product(weeks, range(1_000))
        ]
        store.insert("frictions", columns(frictions), f"f{version}")
        journeys = [
            journey(week * 1_000 + n, version, last=MONDAY + 7 * week * DAY)
            for week, n in product(weeks, range(1_000))
        ]
        store.insert("journeys", columns(journeys), f"j{version}")
    for view, time in (("current_frictions", "opened_at"), ("current_journeys", "last")):
        late = f"SELECT count() FROM {view} WHERE {time} >= fromUnixTimestamp64Milli({MONDAY + 39 * 7 * DAY})"
        assert store.query(late).result_rows == [[1_000]]
        plan = "\n".join(row[0] for row in store.query(f"EXPLAIN indexes = 1 {late}").result_rows)
        [(read, whole)] = re.findall(r"Granules: (\d+)/(\d+)", plan)
        assert int(read) <= 6 < int(whole)


def test_rows_of_an_older_store_lie_by_week(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, friction: NewFriction, journey: NewJourney
) -> None:
    """A store of before has the same rows after the migration, wherever that was cut off and repeated."""
    everything = migrations()
    [by_week] = [migration for migration in everything if migration.number == BY_WEEK]
    before = [migration for migration in everything if migration.number < BY_WEEK]
    monkeypatch.setattr(connect, "migrations", lambda: before)
    with open_store(tmp_path / "store") as store:
        frictions = [friction(3, resolved_at=MONDAY), friction(1, 2, opened_at=MONDAY, announced=2)]
        journeys = [journey(2, due_at=MONDAY), journey(1, 3, last=MONDAY, way_begun=(MONDAY,))]
        store.insert("frictions", columns([friction(1), friction(2), frictions[0]]), "a")
        store.insert("frictions", columns([frictions[1], friction(2, 2, status="retracted")]), "b")
        store.insert("journeys", columns([journey(1), journeys[0]]), "c")
        store.insert("journeys", columns([journeys[1]]), "d")
        found = shown(store)
        statements = split(by_week.sql)
        for cut in range(len(statements)):
            for statement in statements[:cut]:
                store._handle.command(statement)
            for statement in statements:
                store._handle.command(statement)
            assert shown(store) == found
    monkeypatch.setattr(connect, "migrations", lambda: everything)
    with open_store(tmp_path / "store") as store:
        assert shown(store) == found
        assert held(store) == (frictions, journeys)
        keys = store.query("SELECT sorting_key FROM system.tables WHERE name IN ('frictions', 'journeys')")
        assert all(key.startswith("toMonday(") for [key] in keys.result_rows)
        assert store.query("SELECT count() FROM system.tables WHERE name LIKE '%week'").result_rows == [[0]]
