"""Changes are read from a real store in portions, from any place on, however late some appear."""

import time
from collections.abc import Iterator
from uuid import UUID

import pytest

from touchline.engine.batch import columns
from touchline.engine.customers.announcing import announcement
from touchline.outlet.reading import Cursor, Selection
from touchline.runtime.alerting.queries import query_of
from touchline.runtime.outlet.reader import LOOK_BACK_SECONDS, Reader, end_of
from touchline.store import Store, open_store
from touchline.tables import FrictionChangeRow, FrictionRow

NOW = int(time.time() * 1000)
"""Older changes are deleted."""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store with changes of two customers and two rules, several of them at one position."""
    with open_store(tmp_path_factory.mktemp("store") / "store") as opened:
        opened.insert("friction_changes", columns([_change(n) for n in range(20)]), "a")
        yield opened


def _change(number: int, position: int | None = None) -> FrictionChangeRow:
    row = FrictionRow(
        id=UUID(int=1000 + number),
        rule=["long_wait", "it's \\ odd"][number % 2],
        rule_version="1",
        customer=UUID(int=1 + number // 10),
        journey=UUID(int=7),
        anchor=f"e{number}",
        channel="phone",
        source="desk",
        opened_at=NOW + number,
        detected_at=NOW + number,
        resolved_at=None,
        status="open",
        count=1,
        evidence=(f"e{number}", "it's"),
        weight=10,
        factor="process",
        version=NOW + number // 4,
    )
    return announcement(row, None, "account:anna", NOW + number // 4 if position is None else position).change


def _all(reader: Reader, most: int) -> list[FrictionChangeRow]:
    found: list[FrictionChangeRow] = []
    while page := reader.next(most):
        assert len(page) <= most
        found += page
    return found


@pytest.mark.parametrize("most", [1, 3, 20])
def test_every_change_is_read_once(store: Store, most: int) -> None:
    """Portions cut between changes of one position skip none, and repeat none."""
    query = query_of(store)
    everything = _all(Reader(query, Selection(), Cursor(0), 0), most)
    assert sorted(everything, key=lambda change: change.anchor) == sorted(
        (_change(n) for n in range(20)), key=lambda change: change.anchor
    )
    assert [change.position for change in everything] == sorted(change.position for change in everything)
    middle = Cursor.parse(str(Cursor.after(everything[6])))
    assert _all(Reader(query, Selection(), middle, 0), most) == everything[7:]
    assert end_of(query) == Cursor.after(everything[-1])
    odd = _all(Reader(query, Selection(("it's \\ odd",), UUID(int=2)), Cursor(0), 0), most)
    assert odd == [one for one in everything if one.rule != "long_wait" and one.customer == UUID(int=2)]


def test_a_change_that_appears_late_is_read(store: Store) -> None:
    """One of several writers may be slow: its change is read although later ones were, and only once."""
    query, clock = query_of(store), [0.0]
    reader = Reader(query, Selection(), end_of(query), 60_000, lambda: clock[0])
    reader.skip_earlier()
    assert _all(reader, 5) == []
    late = _change(90, NOW + 1)
    store.insert("friction_changes", columns([late]), "late")
    assert _all(reader, 5) == []
    clock[0] += LOOK_BACK_SECONDS
    assert _all(reader, 5) == [late]
    clock[0] += LOOK_BACK_SECONDS
    assert _all(reader, 5) == []


def test_a_place_is_an_id_or_a_time() -> None:
    """A text that is neither is refused, with what to write."""
    assert Cursor.parse("2026-11-30T10:00:00Z") == Cursor(1_796_032_800_000)
    assert Cursor.parse("17") == Cursor(17)
    for text in ("", "x", "1-2", "1-2-3", "-1", "2026-11-30T10:00:00", "9" * 40, "1-2-" + "0" * 99, "²"):
        with pytest.raises(ValueError, match="is no place in the stream: write"):
            Cursor.parse(text)
