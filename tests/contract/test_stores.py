"""One contract for all stores: in memory, embedded, behind `touchline store`, and on a given server.

The server is one whose database `touchline` may be emptied: `TOUCHLINE_TEST_STORE=http://user@host:8123` and
`TOUCHLINE_TEST_STORE_PASSWORD`, of a user that may make tables.
"""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import orjson
import pytest

from touchline.collector.acceptance import accept_each
from touchline.identity import Entry, customer_id
from touchline.pipeline.batch import entry_columns
from touchline.pipeline.memory import MemoryLog, MemoryStore
from touchline.pipeline.packs import load_rules
from touchline.pipeline.ports import Store as StorePort
from touchline.pipeline.store import QueryError, Store, connect_store, migrate_server, open_store
from touchline.pipeline.store.engine import ServerHandle
from touchline.pipeline.store_address import Address
from touchline.pipeline.worker import Worker
from touchline.simulation import Retailer
from touchline.tables import FrictionRow, IdentityRow, JourneyRow, OccurrenceRow
from touchline.vocabulary.event import Event

NOW = 1_795_000_000_000
DAY = 86_400_000
ANNA, BERT = UUID(int=1), UUID(int=2)
KINDS = ("embedded", "touchline store", "server")


def emptied(admin: Address) -> None:
    """Empty the tables that a server keeps."""
    with closing(ServerHandle(admin)) as handle:
        names = handle.read(
            "SELECT name FROM system.tables WHERE database = 'touchline' AND engine LIKE '%MergeTree'", "TSV"
        )
        for name in names.decode().split():
            if name != "migrations":
                handle.command(f"TRUNCATE TABLE {name}")


def opened(kind: str, request: pytest.FixtureRequest) -> Store:
    """A fresh, empty store of a kind."""
    if kind == "embedded":
        folder: Path = request.getfixturevalue("tmp_path")
        return open_store(folder / "store")
    if kind == "touchline store":
        process = request.getfixturevalue("store_process")
        worker, admin = process.address("writer"), process.address("admin")
    else:
        url = os.environ.get("TOUCHLINE_TEST_STORE", "")
        if not url:
            pytest.skip("no server is given: set TOUCHLINE_TEST_STORE")
        worker = admin = Address(url, password=os.environ.get("TOUCHLINE_TEST_STORE_PASSWORD", ""))
    migrate_server(admin)
    emptied(admin)
    return connect_store(worker)


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """Each of the stores that answer SQL."""
    with opened(request.param, request) as one:
        yield one


@pytest.fixture(params=("memory", *KINDS))
def any_store(request: pytest.FixtureRequest) -> Iterator[StorePort]:
    """Each of the stores that a worker can work on."""
    if request.param == "memory":
        yield MemoryStore()
        return
    with opened(request.param, request) as one:
        yield one


def event(number: int, entity: str = "account:anna", **fields: Any) -> Event:
    """An event a second after the one before."""
    defaults: dict[str, Any] = {
        "id": f"e{number:05}",
        "type": "page.viewed",
        "time": 1_780_000_000_123 + number * 1000,
        "channel": "web",
        "source": "shop",
        "identifiers": (entity,),
        "received_at": 1_780_000_000_456,
        "producer": "app",
    }
    return Event(**{**defaults, **fields})


def columns(rows: Sequence[msgspec.Struct]) -> dict[str, Sequence[Any]]:
    """Rows by column."""
    return {name: [getattr(row, name) for row in rows] for name in rows[0].__struct_fields__}


def put(store: StorePort, events: Sequence[Event], token: str = "t", offset: int = 1) -> None:
    """Store events as the worker does."""
    rows = columns(events)
    rows["entity"] = [one.entity for one in events]
    for name in ("data", "context"):
        rows[name] = [orjson.dumps(value).decode() for value in rows[name]]
    store.insert("events", {**rows, "log_offset": [offset] * len(events)}, token)


def friction(number: int, version: int = 1, **fields: Any) -> FrictionRow:
    """A friction of Anna's."""
    defaults: dict[str, Any] = {
        "id": UUID(int=100 + number),
        "rule": "long_wait",
        "rule_version": "1",
        "customer": ANNA,
        "journey": UUID(int=7),
        "anchor": "e00001",
        "channel": "phone",
        "source": "desk",
        "opened_at": 1_780_000_000_001,
        "detected_at": 1_780_000_000_002,
        "resolved_at": None,
        "status": "open",
        "count": 1,
        "evidence": ("e00001", "e00002"),
        "weight": 10,
        "factor": "process",
        "version": version,
    }
    return FrictionRow(**{**defaults, **fields})


def journey(number: int, version: int = 1, **fields: Any) -> JourneyRow:
    """A journey of Anna's."""
    defaults: dict[str, Any] = {
        "id": UUID(int=200 + number),
        "customer": ANNA,
        "first": "e00001",
        "start": 1_780_000_000_001,
        "last": 1_780_000_000_999,
        "path": ("web", "phone"),
        "events": 2,
        "contacts": 1,
        "visits": 2,
        "strikes": 10,
        "score": 90,
        "grade": "A",
        "outcome": "open",
        "wait_seconds": 5,
        "transfers": 0,
        "channel_switches": 1,
        "repeats": 0,
        "due_at": None,
        "superseded": 0,
        "version": version,
    }
    return JourneyRow(**{**defaults, **fields})


def test_events_come_back_as_they_went_in(any_store: StorePort) -> None:
    """Every field of an event survives the store to the millisecond and to the last character."""
    odd = event(
        1,
        id="quote\" back\\ tab\t 'x' é €",
        time=1_780_000_000_999,
        identifiers=("account:a'n\\na", "email:a@b.example"),
        data={"text": 'line\n"quoted" \\ é \x00', "value": 80.5, "deep": {"list": [1, None, True]}},
        context={"agent": "x"},
        schema=3,
    )
    put(any_store, [odd])
    assert any_store.events_of([odd.entity]) == [odd]


def test_events_come_in_order_and_once(any_store: StorePort) -> None:
    """Events of several entities come by time and id, and one that was stored twice comes once."""
    events = [event(3), event(1, "account:bert"), event(2)]
    put(any_store, events, "a")
    put(any_store, events, "b")
    put(any_store, [event(4, "account:carl")], "c")
    assert [one.id for one in any_store.events_of(["account:anna", "account:bert"])] == [
        "e00001",
        "e00002",
        "e00003",
    ]


def test_a_repeat_with_the_same_token_adds_nothing(store: Store) -> None:
    """The token, not the content, tells a repeated insert."""
    put(store, [event(1)], "a")
    put(store, [event(2)], "a")
    put(store, [event(3)], "b")
    assert store.query("SELECT id FROM events ORDER BY id").result_rows == [["e00001"], ["e00003"]]


def test_stored_ids_name_the_record_that_brought_them(any_store: StorePort) -> None:
    """Of the ids asked for, the stored ones come with their log offset."""
    put(any_store, [event(1)], "a", offset=4)
    put(any_store, [event(2)], "b", offset=9)
    assert any_store.stored_ids(["e00001", "e00002", "e00003"]) == {"e00001": 4, "e00002": 9}
    assert any_store.stored_ids([f"new-{number}" for number in range(10_000)]) == {}


def test_an_id_is_looked_up_in_the_projection(store: Store) -> None:
    """The lookup by id reads the part of the table that is sorted by id."""
    put(store, [event(number) for number in range(20_000)])
    plan = store.query("EXPLAIN projections = 1 SELECT id, log_offset FROM events WHERE id IN ('e00007')")
    assert any("ReadFromMergeTree (by_id)" in row[0] for row in plan.result_rows)


def test_nothing_asked_is_nothing_answered(store: Store) -> None:
    """Empty lists of keys and inserts without rows are fine."""
    store.insert("events", {"id": [], "time": []}, "t")
    assert store.stored_ids([]) == {}
    assert [*store.events_of([]), *store.frictions_of([]), *store.journeys_of([])] == []


def test_an_empty_store_answers(store: Store) -> None:
    """A store without rows has no newest event, nothing due and version 0."""
    assert (store.newest(), store.last_version(), list(store.due())) == (None, 0, [])
    assert [*store.identifier_sets(), *store.entities()] == []
    assert store.query("SELECT * FROM current_frictions").result_rows == []


def test_a_retracted_friction_shows_nowhere(store: Store) -> None:
    """The highest version of a friction counts, and a retracted one is in no view and no answer."""
    rows = [friction(1), friction(2), friction(3, customer=BERT, resolved_at=1_780_000_000_777)]
    store.insert("frictions", columns(rows), "a")
    later = [friction(1, 2, status="retracted"), friction(2, 2, status="resolved", count=5)]
    store.insert("frictions", columns(later), "b")
    assert store.frictions_of([ANNA]) == [later[1]]
    assert sorted(store.frictions_of([ANNA, BERT]), key=lambda row: row.id) == [later[1], rows[2]]
    shown = store.query("SELECT toString(id), status, count FROM current_frictions ORDER BY id")
    assert shown.result_rows == [[str(rows[1].id), "resolved", 5], [str(rows[2].id), "open", 1]]
    assert store.last_version() == 2


def test_a_superseded_journey_shows_nowhere(store: Store) -> None:
    """The highest version of a journey counts, and a superseded one is in no view and no answer."""
    rows = [journey(1), journey(2, due_at=1_780_000_009_000)]
    store.insert("journeys", columns(rows), "a")
    store.insert("journeys", columns([journey(1, 7, superseded=1)]), "b")
    assert store.journeys_of([ANNA]) == [rows[1]]
    assert store.query("SELECT toString(id) FROM current_journeys").result_rows == [[str(rows[1].id)]]
    assert store.last_version() == 7


def test_due_names_the_customer_and_the_deadline(any_store: StorePort) -> None:
    """A customer with a pending obligation is named by its strongest identifier, and nobody else is."""
    anna, bert = customer_id("account:anna"), customer_id("account:bert")
    owners = {"account:anna": anna, "device:x": anna, "account:bert": bert}
    rows = [IdentityRow(entity=one, customer=owner, version=1) for one, owner in owners.items()]
    any_store.insert("identities", columns(rows), "i")
    due = {"due_at": 1_780_000_009_000}
    journeys = [journey(1, customer=anna, **due), journey(2, customer=bert, **due), journey(3, customer=bert)]
    any_store.insert("journeys", columns([*journeys, journey(4, customer=ANNA, **due)]), "a")
    settled = [journey(2, 2, customer=bert), journey(3, 2, customer=bert, due_at=5, superseded=1)]
    any_store.insert("journeys", columns(settled), "b")
    assert list(any_store.due()) == [("account:anna", 1_780_000_009_000)]


def test_sets_are_found_by_each_of_their_identifiers(any_store: StorePort) -> None:
    """What an identifier occurred together with comes once, and is gone when one of the set is forgotten."""
    sets = [("account:1", "device:x"), ("account:1", "device:y's"), ("account:2", "device:z")]
    rows = [OccurrenceRow(one, named) for named in sets for one in named]
    any_store.insert("occurrences", columns(rows), "a")
    any_store.insert("occurrences", columns(rows[:2]), "b")
    assert sorted(any_store.sets_naming(["device:x", "device:y's", "device:never-seen"])) == sets[:2]
    assert sorted(any_store.sets_naming(["account:1", "device:x"])) == sets[:2]
    assert list(any_store.sets_naming([])) == []
    any_store.delete_links(["device:y's"])
    assert sorted(any_store.sets_naming([one for named in sets for one in named])) == [sets[0], sets[2]]


def test_identifier_sets_and_entities_are_distinct(any_store: StorePort) -> None:
    """The sets of two or more identifiers come once each, and so do the entities."""
    pair = ("account:anna", "email:a@b.example")
    put(any_store, [event(1, identifiers=pair), event(2, identifiers=pair), event(3), event(4, "device:x")])
    assert list(any_store.identifier_sets()) == [pair]
    assert sorted(any_store.entities()) == ["account:anna", "device:x"]
    assert any_store.newest() == event(4).time


def test_the_newest_friction_may_be_newer_than_any_event(any_store: StorePort) -> None:
    """A friction opens at a deadline, when nothing happened; a retracted one did not open."""
    put(any_store, [event(1)])
    opened = event(1).time + 1_000
    any_store.insert("frictions", columns([friction(1, opened_at=opened)]), "a")
    assert any_store.newest() == opened
    any_store.insert("frictions", columns([friction(1, 2, opened_at=opened, status="retracted")]), "b")
    assert any_store.newest() == event(1).time


def test_deleted_events_are_gone_for_good(store: Store) -> None:
    """What is deleted is in no answer, neither by entity nor by id, and no part of the table holds it."""
    anna = ("account:anna", "device:x's")
    put(store, [event(1, identifiers=anna), event(2), event(3, "account:bert"), event(4, "device:x's")])
    assert sorted(store.identifier_sets_of(["account:anna", "nobody"])) == [("account:anna",), anna]
    store.delete_events(["account:anna", "account:bert"], ["device:x's"])
    assert [event.id for event in store.events_of(["account:anna", "account:bert"])] == ["e00002", "e00003"]
    assert list(store.stored_ids(["e00001", "e00002", "e00004"])) == ["e00002", "e00004"]
    parts = (
        "SELECT sum(rows), sum(has_lightweight_delete) FROM system.parts WHERE active AND table = 'events'"
    )
    assert store.query(parts).result_rows == [[3, 0]]
    store.delete_events([], ["device:x's"])
    store.delete_events(["device:x's"], ["device:x's"])
    assert store.events_of(["device:x's"]) == []


def test_rows_are_deleted_by_their_customer(store: Store) -> None:
    """All versions of a customer's rows go, and nobody else's."""
    store.insert("frictions", columns([friction(1), friction(2, customer=BERT)]), "a")
    store.insert("frictions", columns([friction(1, 2, status="retracted")]), "b")
    store.delete("frictions", [ANNA])
    assert store.query("SELECT customer FROM frictions").result_rows == [[str(BERT)]]
    store.delete("frictions", [])
    rows = [IdentityRow(entity=one, customer=ANNA, version=1) for one in ("account:anna", "device:y")]
    store.insert("identities", columns(rows), "a")
    store.delete("identities", ["device:y"])
    assert store.query("SELECT entity FROM identities").result_rows == [["account:anna"]]


def test_links_that_name_an_identifier_can_be_deleted(any_store: StorePort) -> None:
    """Those that do not name it stay."""
    sets = [("account:1", "device:x"), ("account:1", "device:y's")]
    any_store.insert("links", {"identifiers": sets}, "l")
    any_store.delete_links([])
    any_store.delete_links(["device:y's", "device:z"])
    assert list(any_store.links()) == [("account:1", "device:x")]


def test_the_ledger_comes_back_as_it_was_written(any_store: StorePort) -> None:
    """Entries of the ledger are read as they are, and their versions count."""
    pair = ("account:anna", "device:x")
    split = Entry(id="l1", at=5, who="o'neil", what="split", identifiers=pair, reason='a "shared" one')
    erase = Entry(id="l2", at=6, who="o'neil", what="erase", hashes=("ab", "cd"), salt="s")
    any_store.insert("ledger", entry_columns([split, erase], 7), "a")
    assert sorted(any_store.ledger(), key=lambda entry: entry.id) == [split, erase]
    assert any_store.last_version() == 7
    any_store.delete("ledger", ["l1"])
    assert any_store.ledger() == [erase]


def test_current_identities_name_the_latest_customer(store: Store) -> None:
    """An identity written again replaces the one before."""
    for version, customer in ((1, ANNA), (2, BERT)):
        rows = columns([IdentityRow(entity="account:anna", customer=customer, version=version)])
        store.insert("identities", rows, f"v{version}")
    assert store.query("SELECT customer FROM current_identities").result_rows == [[str(BERT)]]


def test_values_that_fit_no_column_are_the_callers_error(store: Store) -> None:
    """A wrong table, column or value is no reason to try again."""
    with pytest.raises(KeyError):
        store.insert("nothing", {"id": ["x"]}, "t")
    with pytest.raises(KeyError):
        store.insert("events", {"nothing": ["x"]}, "t")
    with pytest.raises(ValueError, match="length"):
        store.insert("events", {"id": ["x", "y"], "type": ["z"]}, "t")


def test_a_query_takes_parameters(store: Store) -> None:
    """Values go to the engine beside the SQL, whatever they hold; a percent sign is only that."""
    answer = store.query(
        "SELECT {text:String} AS text, {list:Array(String)} AS list, 7 % 4 AS rest, 'a%s' LIKE 'a%' AS liked",
        {"text": "x' \\ OR 1", "list": ["a'", "\\"], "unused": 1},
    )
    assert answer.column_names == ("text", "list", "rest", "liked")
    assert answer.column_types == ("String", "Array(String)", "UInt8", "UInt8")
    assert answer.result_rows == [["x' \\ OR 1", ["a'", "\\"], 3, 1]]


def test_a_wrong_query_says_what_clickhouse_says(store: Store) -> None:
    """A user's mistake is answered in ClickHouse's words, with its number."""
    with pytest.raises(QueryError, match="Unknown table expression identifier 'nothing'") as caught:
        store.query("SELECT * FROM nothing")
    assert caught.value.code == 60


def test_too_large_an_answer_is_refused(store: Store) -> None:
    """An answer beyond the bound of rows is an error, not a part of it."""
    with pytest.raises(QueryError, match="Limit for result exceeded") as caught:
        store.query("SELECT number FROM numbers(1000001)")
    assert caught.value.code == 396


def test_readers_and_a_writer_share_the_engine(store: Store) -> None:
    """While one thread writes, others read, and what they read only grows."""
    counts: dict[int, list[int]] = {number: [] for number in range(3)}
    done = threading.Event()

    def read(mine: list[int]) -> None:
        while not done.is_set():
            mine.append(store.query("SELECT toUInt32(count()) FROM events").result_rows[0][0])

    threads = [threading.Thread(target=read, args=(mine,)) for mine in counts.values()]
    for thread in threads:
        thread.start()
    try:
        for number in range(20):
            put(store, [event(number * 10 + each) for each in range(10)], f"t{number}")
    finally:
        done.set()
        for thread in threads:
            thread.join(10)
    assert all(mine == sorted(mine) and mine for mine in counts.values())
    assert store.query("SELECT count() FROM events").result_rows == [[200]]


def _filled(store: StorePort) -> list[str]:
    """The store after a worker took in two days of the retailer; the ids of the events."""
    touchpoints = Retailer(4, NOW, history=2 * DAY, history_rate=0.01).until(NOW)
    raws = [orjson.dumps(touchpoint.envelope()) for touchpoint in touchpoints]
    lines = accept_each(raws, received_at_ms=NOW, producer="t").batch.touchpoints
    log = MemoryLog()
    for start in range(0, len(lines), 250):
        log.append("touchpoints", lines[start : start + 250], NOW)
    worker = Worker(log, store, load_rules())
    worker.bring_rules_into_force(NOW)
    while worker.flush(worker.read(), NOW - DAY):
        pass
    return [touchpoint.id for touchpoint in touchpoints]


def _answers(store: StorePort) -> dict[str, Any]:
    """All that a worker can ask of a store, in an order of its own."""
    ids = _filled(store)
    entities = sorted(store.entities())
    sets = sorted(store.identifier_sets())
    known = {one for identifiers in sets for one in identifiers} | set(entities)
    customers: list[UUID] = [customer_id(one) for one in sorted(known)]
    store.insert("links", {"identifiers": sets[1:]}, token="links")
    return {
        "stored_ids": store.stored_ids([*ids, "no such event"]),
        "entities": entities,
        "events": store.events_of(entities),
        "events of one": store.events_of(entities[:1]),
        "events later": store.events_of(entities, NOW - DAY),
        "events of nobody": store.events_of([]),
        "identifier sets": sets,
        "identifier sets of": sorted(store.identifier_sets_of(entities[:5])),
        "identities of": sorted(store.identities_of([*entities[:20], "device:never-seen"])),
        "sets naming": sorted(store.sets_naming([*entities[:20], sets[0][-1], "device:never-seen"])),
        "links": sorted(store.links()),
        "linked": store.linked([*sets, ("device:never-seen", "device:other")]),
        "entities naming": sorted(store.entities_naming([sets[0][-1], "device:never-seen"])),
        "frictions": sorted(store.frictions_of(customers), key=lambda row: (row.customer, row.id)),
        "journeys": sorted(store.journeys_of(customers), key=lambda row: (row.customer, row.id)),
        "due": sorted(store.due()),
        "newest": store.newest(),
        "last version": store.last_version(),
        "rules": store.rules_in_force(),
    }


def test_the_stores_give_the_same_answers_to_the_same_events(store: Store) -> None:
    """After the same events, whatever a worker asks has one answer, and it is not an empty one."""
    real, fake = _answers(store), _answers(MemoryStore())
    assert real.keys() == fake.keys()
    for question, answer in real.items():
        assert answer == fake[question], question
        assert answer or question == "events of nobody", question


def test_a_repeated_token_adds_nothing(store: Store) -> None:
    """Both take an insert with one token once."""
    fake = MemoryStore()
    for one in (store, fake):
        for customer in ("account:1", "account:2"):
            row: dict[str, Sequence[Any]] = {
                "entity": ["account:1"],
                "customer": [customer_id(customer)],
                "version": [1],
            }
            one.insert("identities", row, token="once")
    assert store.query("SELECT customer FROM identities").result_rows == [[str(customer_id("account:1"))]]
    assert [row["customer"] for row in fake.tables["identities"].values()] == [customer_id("account:1")]
