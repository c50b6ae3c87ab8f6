"""The worker of partitions over a store in memory."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from tests.engine.partitions import (
    NOW,
    SETUP,
    Sent,
    event_of,
    only_worker,
    quiet_event,
    record_of,
    worker_of,
)
from touchline.engine import flush
from touchline.engine.memory import MemoryStore
from touchline.engine.messages import Delivered, encoded
from touchline.engine.plan import UNREADABLE_LINES, TooMuchPoison
from touchline.identity import Assignment, Reload, customer_id
from touchline.tables.rows import FrictionRow, JourneyRow
from touchline.vocabulary.event import Event


@pytest.fixture
def store() -> MemoryStore:
    """A store in which the rules are in force, and a device is an account's."""
    store = MemoryStore()
    store.put_in_force(SETUP.in_force, 0)
    for entity in ("account:1", "device:x"):
        row: dict[str, Sequence[object]] = {
            "entity": [entity],
            "customer": [customer_id("account:1")],
            "version": [1],
        }
        store.insert("identities", row, entity)
    return store


def _customers_of_frictions(store: MemoryStore) -> list[object]:
    return [row["customer"] for row in store.tables["frictions"].values() if row["status"] != "retracted"]


def test_an_event_is_stored_by_its_own_worker_and_folded_by_its_customers(store: MemoryStore) -> None:
    """An event of another worker's customer is stored, then forwarded; that worker folds it."""
    here, there = Sent(), Sent()
    worker_of(store, here, 1).flush([record_of("events", *encoded([event_of(5, "device:x")]))], NOW, NOW)
    assert [row["id"] for row in store.tables["events"].values()] == ["e5"]
    assert _customers_of_frictions(store) == []
    [(partition, line)] = here.lines("forwarded")
    assert partition == 0
    flushed = worker_of(store, there, 0).flush([record_of("forwarded", line, partition=0)], NOW, NOW)
    assert flushed is not None
    assert flushed.stored == 0
    assert _customers_of_frictions(store) == [customer_id("account:1")]
    assert there.messages == []


def test_the_next_worker_sends_what_was_stored_and_not_sent(store: MemoryStore) -> None:
    """If a worker dies after it stored an event, the next worker forwards it."""
    sent = Sent()
    record = record_of("events", *encoded([event_of(5, "device:x", "social:y")]))
    sent.broken = True
    with pytest.raises(ConnectionError):
        worker_of(store, sent, 1).flush([record], NOW, NOW)
    assert len(store.tables["events"]) == 1
    sent.broken = False
    flushed = worker_of(store, sent, 1).flush([record], NOW, NOW)
    assert flushed is not None
    assert (flushed.stored, flushed.duplicates, flushed.forwarded) == (1, 0, 1)
    assert [partition for partition, _ in sent.lines("forwarded")] == [0]
    assert sent.lines("links") == [(None, b'["device:x","social:y"]')]


def test_a_forwarded_event_is_passed_on_to_the_present_customer(store: MemoryStore) -> None:
    """An event that reaches a customer without its entity is forwarded, and is not folded here."""
    sent = Sent()
    worker_of(store, sent, 1).flush([record_of("forwarded", *encoded([event_of(5, "device:x")]))], NOW, NOW)
    assert [partition for partition, _ in sent.lines("forwarded")] == [0]
    assert _customers_of_frictions(store) == []


def test_a_customer_gets_nothing_of_an_entity_that_a_cut_off_stage_took_from_it(store: MemoryStore) -> None:
    """Once a stage sends a customer again, the worker asks the store for the owners of its entities.

    The stage sends each identifier again, and does not say which customer it left.
    """
    worker = only_worker(store, Sent())
    worker.flush([record_of("events", *encoded([event_of(1, "device:x")]))], NOW, NOW)
    assert _customers_of_frictions(store) == [customer_id("account:1")]
    moved: dict[str, Sequence[object]] = {
        "entity": ["device:x"],
        "customer": [customer_id("device:x")],
        "version": [2],
    }
    store.insert("identities", moved, "moved")
    records = [
        record_of("assignment", *encoded([Assignment("account:1", "account:1", "account:1")]), partition=0),
        record_of("events", *encoded([event_of(2, "device:x")]), position=1),
        record_of("assignment", *encoded([Assignment("device:x", "device:x", "device:x")]), position=2),
    ]
    for record in records:
        worker.flush([record], NOW, NOW)
    assert _customers_of_frictions(store) == [customer_id("device:x")] * 2


def test_links_are_sent_once(store: MemoryStore) -> None:
    """Only sets that the identity stage does not know go to it."""
    sent = Sent()
    worker = worker_of(store, sent, 1)
    for number in (1, 2):
        lines = encoded([event_of(number, "device:x", "device:y")])
        worker.flush([record_of("events", *lines, position=number)], NOW, NOW)
    assert len(sent.lines("links")) == 1
    known = ("device:x", "device:y")
    store.insert("occurrences", {"identifier": known, "identifiers": [known, known]}, "known")
    lines = encoded([event_of(3, "device:x", "device:y")])
    worker_of(store, sent, 1).flush([record_of("events", *lines, position=3)], NOW, NOW)
    assert len(sent.lines("links")) == 1


class ObservedStore(MemoryStore):
    """Records the customers and entities that are queried."""

    def __init__(self) -> None:
        super().__init__()
        self.queried: set[str | UUID] = set()

    def events_of(self, entities: Sequence[str], later_than: int | None = None) -> list[Event]:
        self.queried.update(entities)
        return super().events_of(entities, later_than)

    def frictions_of(
        self, customers: Sequence[UUID], retracted_after: int | None = None
    ) -> list[FrictionRow]:
        self.queried.update(customers)
        return super().frictions_of(customers, retracted_after)

    def journeys_of(self, customers: Sequence[UUID]) -> list[JourneyRow]:
        self.queried.update(customers)
        return super().journeys_of(customers)


def test_what_a_held_customer_loses_is_retracted_without_a_query() -> None:
    """A worker that holds a customer knows its rows: it supersedes journeys without a query."""
    store, sent = ObservedStore(), Sent()
    store.put_in_force(SETUP.in_force, 0)
    worker = only_worker(store, sent)
    events = encoded([quiet_event(1, "device:x"), quiet_event(2, "account:1"), event_of(3, "device:z")])
    worker.flush([record_of("events", *events, partition=0)], NOW, NOW)
    row: dict[str, Sequence[object]] = {
        "entity": ["device:x"],
        "customer": [customer_id("account:1")],
        "version": [NOW],
    }
    store.insert("identities", row, "moved")
    store.queried.clear()
    lines = encoded(
        [Assignment("device:x", "device:x", "account:1"), Assignment("device:z", "device:z", "device:z")]
    )
    worker.flush([record_of("assignment", *lines, position=1, partition=0)], NOW, NOW)
    journeys = {
        (row["customer"], row["first"]): row["superseded"] for row in store.tables["journeys"].values()
    }
    assert journeys == {
        (customer_id("device:x"), "e1"): 1,
        (customer_id("account:1"), "e2"): 1,
        (customer_id("account:1"), "e1"): 0,
        (customer_id("device:z"), "e3"): 0,
    }
    superseded = next(
        row for row in store.tables["journeys"].values() if row["customer"] == customer_id("device:x")
    )
    assert (superseded["path"], superseded["events"], superseded["score"]) == (("store",), 1, 100)
    assert not store.queried & {customer_id(one) for one in ("device:x", "account:1", "device:z")}


def test_a_reloaded_customer_is_queried() -> None:
    """Others may have deleted its rows, so the worker compares it with the store."""
    store, sent = ObservedStore(), Sent()
    store.put_in_force(SETUP.in_force, 0)
    worker = only_worker(store, sent)
    worker.flush([record_of("events", *encoded([event_of(1, "device:x")]), partition=0)], NOW, NOW)
    store.queried.clear()
    lines = encoded([Reload("device:x")])
    worker.flush([record_of("reload", *lines, position=1, partition=0)], NOW, NOW)
    assert customer_id("device:x") in store.queried


def test_an_identifier_that_is_named_again_is_written_again() -> None:
    """An identifier that no event named gets its row again with the next event that names it."""
    store, sent = MemoryStore(), Sent()
    store.put_in_force(SETUP.in_force, 0)
    worker = only_worker(store, sent)
    both = ("account:1", "device:x")
    worker.flush([record_of("events", *encoded([event_of(1, *both)]), partition=0)], NOW, NOW)
    store.delete("identities", ["device:x"])
    unnamed = record_of("reload", *encoded([Reload("device:x", unnamed=True)]), position=1, partition=0)
    again = record_of("events", *encoded([event_of(2, *both)]), position=2, partition=0)
    worker.flush([unnamed, again], NOW, NOW)
    assert ("device:x",) in store.tables["identities"]


def test_no_row_is_kept_of_a_customer_that_no_event_names() -> None:
    """The worker deletes the rows of a customer without events, even if a plain reload comes as well."""
    store, sent = MemoryStore(), Sent()
    store.put_in_force(SETUP.in_force, 0)
    worker = only_worker(store, sent)
    worker.flush([record_of("events", *encoded([event_of(1, "device:x")]), partition=0)], NOW, NOW)
    store.delete_events(["device:x"], ["device:x"])
    lines = encoded([Reload("device:x", unnamed=True), Reload("device:x")])
    worker.flush([record_of("reload", *lines, position=1, partition=0)], NOW, NOW)
    assert not store.tables["frictions"]
    assert not store.tables["journeys"]
    assert worker.held_customers == 0


def test_many_customers_are_folded_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many customers a flush touches, a bounded number is loaded and written together."""
    monkeypatch.setattr(flush, "FOLDED_TOGETHER", 2)
    store, sent = MemoryStore(), Sent()
    store.put_in_force(SETUP.in_force, 0)
    worker = only_worker(store, sent)
    events = encoded([event_of(number, f"device:{number}") for number in range(5)])
    flushed = worker.flush([record_of("events", *events, partition=0)], NOW, NOW)
    assert flushed is not None
    assert (flushed.customers, flushed.frictions) == (5, {"denied": 5})
    versions = [row["version"] for row in store.tables["frictions"].values()]
    assert sorted(versions.count(one) for one in set(versions)) == [1, 2, 2]


def test_a_customer_without_identity_rows_is_not_queried() -> None:
    """A new customer costs the same in every store; one that a cut-off flush wrote has an identity row."""
    store, sent = ObservedStore(), Sent()
    store.put_in_force(SETUP.in_force, 0)
    worker_of(store, sent, 1).flush([record_of("events", *encoded([event_of(5, "device:x")]))], NOW, NOW)
    assert store.queried == set()
    del store.tables["events"]["device:x", 5, "e5"]
    again = encoded([event_of(4, "device:x"), event_of(5, "device:x"), event_of(6, "device:new")])
    worker_of(store, sent, 1).flush([record_of("events", *again)], NOW, NOW)
    assert store.queried == {"device:x", customer_id("device:x")}
    journeys = [row for row in store.tables["journeys"].values() if not row["superseded"]]
    assert sorted(row["first"] for row in journeys) == ["e4", "e6"]


def test_a_line_that_cannot_be_read_is_kept_and_its_neighbours_go_on(store: MemoryStore) -> None:
    """Poison goes to the quarantine whole, whether an event, a message or a record is not ours."""
    worker = worker_of(store, Sent(), 1)
    records = [
        record_of("events", b"{", *encoded([event_of(1, "device:x")])),
        record_of("assignment", b"[]", position=1),
        record_of("unknown", b"anything", position=2),
    ]
    flushed = worker.flush(records, NOW, NOW)
    assert flushed is not None
    assert (flushed.stored, flushed.quarantined) == (1, 3)
    assert sorted(row["body"] for row in store.tables["quarantine"].values()) == ["[]", "anything", "{"]


def test_too_much_poison_stops_the_worker(store: MemoryStore) -> None:
    """Past the ceiling nothing is written: a person must see why."""
    worker = worker_of(store, Sent(), 1)
    lines = [*encoded([event_of(1, "device:x")]), *[b"{"] * (UNREADABLE_LINES + 1)]
    with pytest.raises(TooMuchPoison, match="cannot be read"):
        worker.flush([record_of("events", *lines)], NOW, NOW)
    assert not store.tables["events"]
    assert not store.tables["quarantine"]


def test_offsets_are_unique_among_partitions() -> None:
    """Records of different partitions and topics have different offsets, which rise within a partition."""
    one = Delivered(0, 3, 7, "events", 0, b"")
    others = [
        Delivered(topic, partition, position, "events", 0, b"")
        for topic, partition, position in ((0, 3, 8), (0, 4, 7), (1, 3, 7))
    ]
    assert len({one.offset, *(other.offset for other in others)}) == 4
    assert others[0].offset == one.offset + 1
