"""The store in a folder: who has it open, and how its tables are brought up to date."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from touchline.engine.batch import columns, event_columns
from touchline.identity import customer_id
from touchline.measures import HASHED
from touchline.store import (
    QueryError,
    Store,
    StoreInUse,
    StoreMismatch,
    StoreMissing,
    StoreUnavailable,
    connect,
    open_store,
)
from touchline.store.sql.tokens import split
from touchline.tables import IdentityRow, Migration, OccurrenceRow, migrations
from touchline.vocabulary.event import Event
from touchline.vocabulary.texts import TEXT_FIELDS

ANNA, BERT = UUID(int=1), UUID(int=2)


def event(number: int, entity: str = "account:anna", **fields: Any) -> Event:
    """An event of the web shop."""
    given = {"id": f"e{number:05}", "type": "page.viewed", "identifiers": (entity,), **fields}
    return Event(time=1_780_000_000_000 + number, channel="web", source="shop", **given)


def put(store: Store, events: Sequence[Event], token: str = "t") -> None:
    """Store events as the worker does."""
    store.insert("events", event_columns(events, [1] * len(events)), token)


def before(name: str) -> tuple[Migration, ...]:
    """The migrations that came before the one with a name."""
    everything = migrations()
    return everything[: [one.name for one in everything].index(name)]


def test_a_refused_insert_can_be_repeated(store: Store) -> None:
    """An insert that the engine refuses says so, and succeeds once the cause is gone."""
    store._handle.command("RENAME TABLE events TO away")
    with pytest.raises(StoreUnavailable, match="took no rows into events"):
        put(store, [event(1)])
    with pytest.raises(StoreUnavailable):
        store.events_of(["account:anna"])
    store._handle.command("RENAME TABLE away TO events")
    put(store, [event(1)])
    assert store.stored_ids(["e00001"]) == {"e00001": 1}


def test_events_of_an_older_store_are_read_like_new_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Columns made from others have their values also for events that were stored before their migration."""
    everything = migrations()
    details = {"contact_id": "c1", "reason": 'a "bill"', "wait_seconds": 3, "resolved": False}
    monkeypatch.setattr(connect, "migrations", lambda: everything[:7])
    with open_store(tmp_path / "store") as store:
        put(store, [event(1, type="contact.ended", data=details), event(2, data=details)], "older")
        put(store, [event(4, type="feedback.given"), event(5, type="mention.posted")], "older texts")
    monkeypatch.setattr(connect, "migrations", lambda: everything)
    with open_store(tmp_path / "store") as store:
        put(store, [event(3, type="contact.ended", data=details)], "newer")
        found = store.query(
            "SELECT id, told.contact_id, told.reason, told.queue, told.wait_seconds, told.resolved "
            "FROM events WHERE id < 'e00004' AND time > toDateTime64(0, 3) ORDER BY id"
        )
        has_text = f"type IN ({', '.join(map(repr, TEXT_FIELDS))})"
        named = store.query(
            f"SELECT count(), countIf(text_identifiers = if({has_text}, identifiers, [])) FROM events"
        )
        of_type = store.query("SELECT count() FROM events WHERE type LIKE 'contact.%' AND told.reason != ''")
    said = ["c1", 'a "bill"', "", 3, False]
    assert found.result_rows == [["e00001", *said], ["e00002", "", "", "", None, None], ["e00003", *said]]
    assert of_type.result_rows == [[2]]
    assert named.result_rows == [[5, 5]]


def test_numbers_of_events_are_those_of_their_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a store of any version, events of some types have hashes of what panels look up, others none."""
    everything = migrations()
    data = {"contact_id": "c1", "metric": "csat", "score": 2, "lower_is_better": True}
    stored = [
        event(number, entity, type=kind, data=data)
        for number, (kind, entity) in enumerate(
            product((*HASHED, "page.viewed"), ("account:anna", "phone:+491"))
        )
    ]
    monkeypatch.setattr(connect, "migrations", lambda: before("event_hashes"))
    with open_store(tmp_path / "store") as store:
        put(store, stored[::3], "older")
    monkeypatch.setattr(connect, "migrations", lambda: everything)
    with open_store(tmp_path / "store") as store:
        put(store, stored[1::3] + stored[2::3], "newer")
        found = store.query(
            "SELECT type, entity, contact_hash, customer_hash, entity_hash, given.metric, given.score, "
            "given.lower_is_better FROM events ORDER BY id"
        ).result_rows
        contact, anna, phone = store.query(
            "SELECT sipHash64('c1'), sipHash64({customer:UUID}), sipHash64('phone:+491')",
            {"customer": str(customer_id("account:anna"))},
        ).result_rows[0]
    expected = [
        [
            one.type,
            one.entity,
            contact if one.type == "contact.started" else 0,
            anna if one.type in HASHED and one.entity == "account:anna" else 0,
            phone if one.type in HASHED and one.entity != "account:anna" else 0,
            *(("csat", 2, True) if one.type == "feedback.given" else ("", None, None)),
        ]
        for one in stored
    ]
    assert found == expected


def test_identities_of_an_older_store_are_found_like_new_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Panels find an identifier that is no account by its hash, whenever it was stored."""
    everything = migrations()
    monkeypatch.setattr(connect, "migrations", lambda: before("identity_hashes"))
    stored = [
        IdentityRow(entity=one, customer=ANNA, version=1) for one in ("account:1", "phone:+491", "device:x")
    ]
    with open_store(tmp_path / "store") as store:
        store.insert("identities", columns(stored[:2]), "older")
    monkeypatch.setattr(connect, "migrations", lambda: everything)
    with open_store(tmp_path / "store") as store:
        store.insert("identities", columns(stored[2:]), "newer")
        found = store.query(
            "SELECT entity, entity_hash = sipHash64(entity), entity_hash = 0 FROM identities ORDER BY 1"
        )
    assert found.result_rows == [["account:1", 0, 1], ["device:x", 1, 0], ["phone:+491", 1, 0]]


def test_what_occurred_together_in_an_older_store_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older store's sets of identifiers, from events and from `links`, are found by each identifier."""
    everything = migrations()
    anna, bert = ("account:anna", "device:x"), ("account:bert", "device:y")
    monkeypatch.setattr(connect, "migrations", lambda: everything[:8])
    with open_store(tmp_path / "store") as store:
        put(store, [event(1, identifiers=anna), event(2, identifiers=anna), event(3, "device:z")])
        store.insert("links", {"identifiers": [anna, bert]}, "links")
    monkeypatch.setattr(connect, "migrations", lambda: everything)
    with open_store(tmp_path / "store") as store:
        assert store.sets_naming(["device:x"]) == [anna]
        assert sorted(store.sets_naming(["account:anna", "device:y", "device:z"])) == [anna, bert]


def test_links_of_an_older_store_are_occurrences(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A set that is in `links` alone is kept when that table goes, whichever migration is cut off."""
    everything = migrations()
    anna, bert = ("account:anna", "device:x"), ("account:bert", "device:y")
    monkeypatch.setattr(connect, "migrations", lambda: everything[:10])
    with open_store(tmp_path / "store") as store:
        rows = [OccurrenceRow(identifier, anna) for identifier in anna]
        store.insert("occurrences", columns(rows), "occurrences")
        store.insert("links", {"identifiers": [anna, bert]}, "links")
    for known in (everything[:11], everything):
        monkeypatch.setattr(connect, "migrations", lambda known=known: known)
        with open_store(tmp_path / "store") as store:
            assert store.sets_naming(["account:anna"]) == [anna]
            assert store.sets_naming(["device:y"]) == [bert]
            assert store.known_sets([bert]) == {bert}
    with open_store(tmp_path / "store") as store:
        assert store.query("EXISTS TABLE links").result_rows == [[0]]


def test_a_path_can_be_closed_and_another_opened(tmp_path: Path) -> None:
    """One process may open one store after another, and each keeps its rows."""
    for name in ("one", "two", "one", "two"):
        with open_store(tmp_path / name) as store:
            put(store, [event(1)], "same")
            assert store.query("SELECT count() FROM events").result_rows == [[1]]


def test_a_store_in_use_names_the_process(store: Store, tmp_path: Path) -> None:
    """A second process learns which one has the store, and what to do."""
    code = (
        "import sys; from touchline.store import StoreInUse, open_store\n"
        "try: open_store(sys.argv[1])\n"
        "except StoreInUse as error: print(error.pid, error)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "store")], capture_output=True, text=True, timeout=60
    )
    assert "is open in process" in said.stdout
    with pytest.raises(StoreInUse) as caught:
        open_store(tmp_path / "store")
    assert said.stdout.split()[0] == str(caught.value.pid)
    with pytest.raises(StoreInUse, match="cannot be opened"):
        open_store(tmp_path / "another")


def test_only_an_existing_store_is_opened_without_create(tmp_path: Path) -> None:
    """Looking for a store never makes one."""
    with pytest.raises(StoreMissing, match="touchline up"):
        open_store(tmp_path / "none", create=False)
    assert not (tmp_path / "none").exists()


def test_a_crash_between_statements_is_made_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration that got only half-way is finished by the next start."""
    whole = migrations()[:1]
    broken = Migration(1, "tables", whole[0].sql.replace("CREATE VIEW", "CREATE NONSENSE", 1))
    monkeypatch.setattr(connect, "migrations", lambda: (broken,))
    with pytest.raises(QueryError):
        open_store(tmp_path / "store")
    monkeypatch.setattr(connect, "migrations", lambda: whole)
    with open_store(tmp_path / "store") as store:
        put(store, [event(1)])
        assert store.query("SELECT number, name FROM migrations").result_rows == [[1, "tables"]]


def test_every_statement_may_be_run_again(store: Store) -> None:
    """No statement of any migration minds that it was run before."""
    for migration in migrations():
        for statement in split(migration.sql):
            store._handle.command(statement)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda known: (known[0]._replace(sql=known[0].sql + "\n-- edited"),), "was edited"),
        (lambda known: (), "update touchline"),
    ],
)
def test_a_store_of_another_version_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[tuple[Migration, ...]], tuple[Migration, ...]],
    message: str,
) -> None:
    """A migration edited after it was applied, or unknown, is a clear error."""
    open_store(tmp_path / "store").close()
    monkeypatch.setattr(connect, "migrations", lambda: change(migrations()))
    with pytest.raises(StoreMismatch, match=message):
        open_store(tmp_path / "store")


@pytest.mark.parametrize(
    "sql", ["SELECT number FROM numbers(1000001)", "SELECT throwIf(number = 500000) FROM numbers(1000000)"]
)
def test_what_failed_half_way_leaves_nothing_behind(store: Store, sql: str) -> None:
    """After a query that failed when it had answered much, the next answer is its own."""
    with pytest.raises(QueryError):
        store.query(sql)
    with pytest.raises(StoreUnavailable):
        store._session.rows("SELECT throwIf(number = 500000) FROM numbers(1000000)")
    assert store.query("SELECT 1 AS one").result_rows == [[1]]
    assert store.newest() is None
