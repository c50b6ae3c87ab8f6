"""The job that computes who is in each segment."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.live import rows as make
from touchline.config.settings import Settings
from touchline.friction import RuleSet
from touchline.runtime.alerting.queries import query_of
from touchline.services.jobs.segments import segments
from touchline.store import Store

NOW = 1_800_000_000_000


def _save(store: Store, id_: str, definition: str, version: int, deleted: int = 0) -> None:
    row = {"id": id_, "definition": definition, "author": "Kim", "written_at": NOW, "deleted": deleted}
    make.put(store, "segments", [row | {"version": version}], f"{id_} {version}")


@pytest.fixture
def compute(store: Store) -> Any:
    """Runs the job at a time; returns who is in which segment."""
    job = segments(Settings(), lambda: RuleSet(()))

    def run(now: int) -> list[Sequence[Any]]:
        job.run(query_of(store), store.insert, now)
        sql = "SELECT segment, toString(customer) FROM current_segment_members ORDER BY segment, customer"
        return [tuple(row) for row in store.query(sql).result_rows]

    return run


def _runs(store: Store) -> list[Sequence[Any]]:
    sql = "SELECT segment, title, toInt64(customers), error FROM current_segment_runs ORDER BY segment"
    return [tuple(row) for row in store.query(sql).result_rows]


def test_members_follow_the_definition_and_the_data(store: Store, compute: Any) -> None:
    """Members come and go with the data and the definition; an unchanged run writes nothing."""
    journeys = [make.journey(f"account:{name}", NOW, NOW, path=[path]) for name, path in ("aw", "bw", "cp")]
    make.put(store, "journeys", journeys, "j")
    a, b, c = (str(make.of(f"account:{name}")) for name in "abc")
    _save(store, "web", "{id: web, title: On the web, first_channel: [w]}", 1)
    both = sorted([("web", a), ("web", b)])
    assert compute(NOW) == both
    assert _runs(store) == [("web", "On the web", 2, "")]
    rows = store.query("SELECT count() FROM segment_members").result_rows
    assert compute(NOW + 1) == both
    assert store.query("SELECT count() FROM segment_members").result_rows == rows
    _save(store, "web", "{id: web, title: Not on the web, first_channel: [p]}", 2)
    assert compute(NOW + 2) == [("web", c)]
    assert _runs(store) == [("web", "Not on the web", 1, "")]
    _save(store, "web", "", 3, deleted=1)
    assert compute(NOW + 3) == []
    assert _runs(store) == []


def test_a_segment_that_cannot_be_computed_keeps_its_members(store: Store, compute: Any) -> None:
    """An invalid definition, as of another version, says why; the members of the run before stay."""
    make.put(store, "journeys", [make.journey("account:a", NOW, NOW)], "j")
    _save(store, "s", "{id: s, title: S, first_channel: [web]}", 1)
    known = compute(NOW)
    _save(store, "s", "{id: s, title: S, later: true}", 2)
    assert compute(NOW + 1) == known != []
    [(_, title, customers, error)] = _runs(store)
    assert (title, customers) == ("s", 1)
    assert "unknown key" in error
