"""The worker of partitions and the identity stage over a store in memory."""

from collections.abc import Callable, Sequence
from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace

from touchline.engine import flush
from touchline.engine.engine import Setup
from touchline.engine.identity_stage import IdentityStage
from touchline.engine.memory import MemoryLog, MemoryStore
from touchline.engine.messages import Delivered, Erasure, Message, encoded
from touchline.engine.partition_worker import PartitionWorker
from touchline.engine.plan import UNREADABLE_LINES, TooMuchPoison
from touchline.engine.ports import InForce
from touchline.engine.worker import Worker
from touchline.friction import RuleSet
from touchline.identity import LIMITS, Assignment, Entry, Reload, customer_id, kept, law
from touchline.rules import parse_rules
from touchline.tables.rows import FrictionRow, JourneyRow
from touchline.vocabulary.event import Event

RULES = RuleSet(parse_rules("rules: [{id: denied, kind: match, when: request.denied}]"))
SETUP = Setup(RULES)
FINGERPRINT = SETUP.fingerprint

NOW = 1_000_000


class Sent:
    """Keeps what is sent, or fails."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.broken = False

    def send(self, messages: Sequence[Message]) -> None:
        if self.broken:
            raise ConnectionError
        self.messages += messages

    def lines(self, kind: str) -> list[tuple[int | None, bytes]]:
        """Of one kind, with their partitions."""
        return [(one.partition, line) for one in self.messages if one.kind == kind for line in one.lines]


def _place(entity: str) -> int:
    """Accounts lie in partition 0, everything else in partition 1."""
    return 0 if entity.startswith("account:") else 1


def _event(number: int, *identifiers: str) -> Event:
    return Event(
        id=f"e{number}",
        type="request.denied",
        time=number,
        channel="store",
        source="shop",
        identifiers=identifiers,
    )


def _quiet(number: int, *identifiers: str) -> Event:
    """An event that no rule matches."""
    return replace(_event(number, *identifiers), type="page.viewed")


def _record(kind: str, *lines: bytes, position: int = 0, partition: int = 1) -> Delivered:
    return Delivered(0, partition, position, kind, 0, b"\n".join(lines))


def _worker(store: MemoryStore, sent: Sent, partition: int) -> PartitionWorker:
    return PartitionWorker(store, SETUP, _place, {partition}.__contains__, sent, "w")


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
    _worker(store, here, 1).flush([_record("events", *encoded([_event(5, "device:x")]))], NOW, NOW)
    assert [row["id"] for row in store.tables["events"].values()] == ["e5"]
    assert _customers_of_frictions(store) == []
    [(partition, line)] = here.lines("forwarded")
    assert partition == 0
    flushed = _worker(store, there, 0).flush([_record("forwarded", line, partition=0)], NOW, NOW)
    assert flushed is not None
    assert flushed.stored == 0
    assert _customers_of_frictions(store) == [customer_id("account:1")]
    assert there.messages == []


def test_the_next_worker_sends_what_was_stored_and_not_sent(store: MemoryStore) -> None:
    """If a worker dies after it stored an event, the next worker forwards it."""
    sent = Sent()
    record = _record("events", *encoded([_event(5, "device:x", "social:y")]))
    sent.broken = True
    with pytest.raises(ConnectionError):
        _worker(store, sent, 1).flush([record], NOW, NOW)
    assert len(store.tables["events"]) == 1
    sent.broken = False
    flushed = _worker(store, sent, 1).flush([record], NOW, NOW)
    assert flushed is not None
    assert (flushed.stored, flushed.duplicates, flushed.forwarded) == (1, 0, 1)
    assert [partition for partition, _ in sent.lines("forwarded")] == [0]
    assert sent.lines("links") == [(None, b'["device:x","social:y"]')]


def test_a_forwarded_event_is_passed_on_to_the_present_customer(store: MemoryStore) -> None:
    """An event that reaches a customer without its entity is forwarded, and is not folded here."""
    sent = Sent()
    _worker(store, sent, 1).flush([_record("forwarded", *encoded([_event(5, "device:x")]))], NOW, NOW)
    assert [partition for partition, _ in sent.lines("forwarded")] == [0]
    assert _customers_of_frictions(store) == []


def test_links_are_sent_once(store: MemoryStore) -> None:
    """Only sets that the identity stage does not know go to it."""
    sent = Sent()
    worker = _worker(store, sent, 1)
    for number in (1, 2):
        lines = encoded([_event(number, "device:x", "device:y")])
        worker.flush([_record("events", *lines, position=number)], NOW, NOW)
    assert len(sent.lines("links")) == 1
    known = ("device:x", "device:y")
    store.insert("occurrences", {"identifier": known, "identifiers": [known, known]}, "known")
    lines = encoded([_event(3, "device:x", "device:y")])
    _worker(store, sent, 1).flush([_record("events", *lines, position=3)], NOW, NOW)
    assert len(sent.lines("links")) == 1


class ObservedStore(MemoryStore):
    """Records the customers and entities that are queried."""

    def __init__(self) -> None:
        super().__init__()
        self.queried: set[str | UUID] = set()

    def events_of(self, entities: Sequence[str], later_than: int | None = None) -> list[Event]:
        self.queried.update(entities)
        return super().events_of(entities, later_than)

    def frictions_of(self, customers: Sequence[UUID]) -> list[FrictionRow]:
        self.queried.update(customers)
        return super().frictions_of(customers)

    def journeys_of(self, customers: Sequence[UUID]) -> list[JourneyRow]:
        self.queried.update(customers)
        return super().journeys_of(customers)


def test_what_a_held_customer_loses_is_retracted_without_a_query() -> None:
    """A worker that holds a customer knows its rows: it supersedes journeys without a query."""
    store, sent = ObservedStore(), Sent()
    store.put_in_force(SETUP.in_force, 0)
    worker = PartitionWorker(store, SETUP, lambda entity: 0, {0}.__contains__, sent, "w")
    events = encoded([_quiet(1, "device:x"), _quiet(2, "account:1"), _event(3, "device:z")])
    worker.flush([_record("events", *events, partition=0)], NOW, NOW)
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
    worker.flush([_record("assignment", *lines, position=1, partition=0)], NOW, NOW)
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
    worker = PartitionWorker(store, SETUP, lambda entity: 0, {0}.__contains__, sent, "w")
    worker.flush([_record("events", *encoded([_event(1, "device:x")]), partition=0)], NOW, NOW)
    store.queried.clear()
    lines = encoded([Reload("device:x")])
    worker.flush([_record("reload", *lines, position=1, partition=0)], NOW, NOW)
    assert customer_id("device:x") in store.queried


def test_a_stage_sends_again_what_a_cut_off_stage_may_have_sent() -> None:
    """It writes and sends every customer near a set that is not recorded."""
    store, sent = MemoryStore(), Sent()
    store.put_law_in_force(law(LIMITS), 0)
    store.put_law_in_force(law(LIMITS), 0)
    worker = PartitionWorker(store, SETUP, lambda entity: 0, {0}.__contains__, sent, "w")
    events = [
        _event(1, "account:1", "device:x"),
        _event(2, "account:2", "device:x"),
        _event(3, "device:x", "social:y"),
    ]
    worker.flush([_record("events", *encoded(events), partition=0)], NOW, NOW)
    links = [line for _, line in sent.lines("links")]
    cut_off = Sent()
    stage = IdentityStage(store, lambda entity: 0, 1, cut_off, "cut off")
    alone = [line for line in links if b"account:2" not in line]
    cut_off.broken = True
    with pytest.raises(ConnectionError):
        stage.flush([_record("links", *alone)], NOW)
    owners = {row["entity"]: row["customer"] for row in store.tables["identities"].values()}
    assert owners["social:y"] == customer_id("account:1")
    sent_by_next = Sent()
    IdentityStage(store, lambda entity: 0, 1, sent_by_next, "next").flush([_record("links", *links)], NOW)
    owners = {row["entity"]: row["customer"] for row in store.tables["identities"].values()}
    assert owners == {one: customer_id(one) for one in ("account:1", "account:2", "device:x", "social:y")}
    assert sorted(line for _, line in sent_by_next.lines("assignment")) == sorted(
        encoded([Assignment(one, one, one) for one in owners])
    )


def test_a_stage_sends_identifiers_that_no_new_link_names() -> None:
    """A cut-off stage may have moved identifiers that are only connected to a link's ends."""
    store, sent = MemoryStore(), Sent()
    worker = PartitionWorker(store, SETUP, lambda entity: 0, {0}.__contains__, sent, "w")
    known, first, second = ("email:a", "device:w"), ("account:1", "email:a"), ("account:2", "email:a")
    events = [_event(number, *identifiers) for number, identifiers in enumerate((known, first, second))]
    worker.flush([_record("events", *encoded(events), partition=0)], NOW, NOW)
    cut_off = Sent()
    stage = IdentityStage(store, lambda entity: 0, 1, cut_off, "cut off")
    stage.flush([_record("links", *encoded([known]))], NOW)
    cut_off.broken = True
    with pytest.raises(ConnectionError):
        stage.flush([_record("links", *encoded([first]), position=1)], NOW)
    assert store.tables["identities"]["device:w",]["customer"] == customer_id("account:1")
    sent_by_next = Sent()
    following = IdentityStage(store, lambda entity: 0, 1, sent_by_next, "next")
    links = [line for _, line in sent.lines("links")]
    assert following.flush([_record("links", *links)], NOW, at_end=True).links == 2
    assert store.tables["identities"]["device:w",]["customer"] == customer_id("device:w")
    assert encoded([Assignment("device:w", "device:w", "device:w")])[0] in [
        line for _, line in sent_by_next.lines("assignment")
    ]
    assert following.flush([_record("links", *links)], NOW).links == 0


def test_an_identifier_that_is_named_again_is_written_again() -> None:
    """An identifier that no event named gets its row again with the next event that names it."""
    store, sent = MemoryStore(), Sent()
    store.put_in_force(SETUP.in_force, 0)
    worker = PartitionWorker(store, SETUP, lambda entity: 0, {0}.__contains__, sent, "w")
    both = ("account:1", "device:x")
    worker.flush([_record("events", *encoded([_event(1, *both)]), partition=0)], NOW, NOW)
    store.delete("identities", ["device:x"])
    unnamed = _record("reload", *encoded([Reload("device:x", unnamed=True)]), position=1, partition=0)
    again = _record("events", *encoded([_event(2, *both)]), position=2, partition=0)
    worker.flush([unnamed, again], NOW, NOW)
    assert ("device:x",) in store.tables["identities"]


def test_no_row_is_kept_of_a_customer_that_no_event_names() -> None:
    """The worker deletes the rows of a customer without events, even if a plain reload comes as well."""
    store, sent = MemoryStore(), Sent()
    store.put_in_force(SETUP.in_force, 0)
    worker = PartitionWorker(store, SETUP, lambda entity: 0, {0}.__contains__, sent, "w")
    worker.flush([_record("events", *encoded([_event(1, "device:x")]), partition=0)], NOW, NOW)
    store.delete_events(["device:x"], ["device:x"])
    lines = encoded([Reload("device:x", unnamed=True), Reload("device:x")])
    worker.flush([_record("reload", *lines, position=1, partition=0)], NOW, NOW)
    assert not store.tables["frictions"]
    assert not store.tables["journeys"]
    assert worker.held_customers == 0


def test_many_customers_are_folded_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many customers a flush touches, a bounded number is loaded and written together."""
    monkeypatch.setattr(flush, "FOLDED_TOGETHER", 2)
    store, sent = MemoryStore(), Sent()
    store.put_in_force(SETUP.in_force, 0)
    worker = PartitionWorker(store, SETUP, lambda entity: 0, {0}.__contains__, sent, "w")
    events = encoded([_event(number, f"device:{number}") for number in range(5)])
    flushed = worker.flush([_record("events", *events, partition=0)], NOW, NOW)
    assert flushed is not None
    assert (flushed.customers, flushed.frictions) == (5, {"denied": 5})
    versions = [row["version"] for row in store.tables["frictions"].values()]
    assert sorted(versions.count(one) for one in set(versions)) == [1, 2, 2]


def test_a_customer_without_identity_rows_is_not_queried() -> None:
    """A new customer costs the same in every store; one that a cut-off flush wrote has an identity row."""
    store, sent = ObservedStore(), Sent()
    store.put_in_force(SETUP.in_force, 0)
    _worker(store, sent, 1).flush([_record("events", *encoded([_event(5, "device:x")]))], NOW, NOW)
    assert store.queried == set()
    del store.tables["events"]["device:x", 5, "e5"]
    again = encoded([_event(4, "device:x"), _event(5, "device:x"), _event(6, "device:new")])
    _worker(store, sent, 1).flush([_record("events", *again)], NOW, NOW)
    assert store.queried == {"device:x", customer_id("device:x")}
    journeys = [row for row in store.tables["journeys"].values() if not row["superseded"]]
    assert sorted(row["first"] for row in journeys) == ["e4", "e6"]


def test_a_line_that_cannot_be_read_is_kept_and_its_neighbours_go_on(store: MemoryStore) -> None:
    """Poison goes to the quarantine whole, whether an event, a message or a record is not ours."""
    worker = _worker(store, Sent(), 1)
    records = [
        _record("events", b"{", *encoded([_event(1, "device:x")])),
        _record("assignment", b"[]", position=1),
        _record("unknown", b"anything", position=2),
    ]
    flushed = worker.flush(records, NOW, NOW)
    assert flushed is not None
    assert (flushed.stored, flushed.quarantined) == (1, 3)
    assert sorted(row["body"] for row in store.tables["quarantine"].values()) == ["[]", "anything", "{"]


def test_too_much_poison_stops_the_worker(store: MemoryStore) -> None:
    """Past the ceiling nothing is written: a person must see why."""
    worker = _worker(store, Sent(), 1)
    lines = [*encoded([_event(1, "device:x")]), *[b"{"] * (UNREADABLE_LINES + 1)]
    with pytest.raises(TooMuchPoison, match="cannot be read"):
        worker.flush([_record("events", *lines)], NOW, NOW)
    assert not store.tables["events"]
    assert not store.tables["quarantine"]


def test_other_rules_refold_every_customer() -> None:
    """A worker says which rules it has; the stage has every customer folded by them, once."""
    store, sent = MemoryStore(), Sent()
    store.put_in_force(InForce("before"), NOW)
    worker = _worker(store, sent, 1)
    worker.flush([_record("events", *encoded([_event(1, "device:x"), _event(2, "device:z")]))], NOW, NOW)
    rules = [line for _, line in sent.lines("rules")]
    assert rules == encoded([SETUP.in_force])
    stage = IdentityStage(store, _place, 2, sent, "s")
    for position in range(2):
        stage.flush([_record("rules", *rules, position=position)], NOW)
    assert sorted(line for _, line in sent.lines("reload")) == encoded(
        [Reload("device:x"), Reload("device:z")]
    )
    assert store.rules_in_force() == FINGERPRINT


def test_the_first_rules_of_a_store_are_in_force_at_once() -> None:
    """Where no rules were in force, everything was folded by the first ones, and nobody is refolded."""
    store, sent = MemoryStore(), Sent()
    worker = _worker(store, sent, 1)
    worker.flush([_record("events", *encoded([_event(1, "device:x")]))], NOW, NOW)
    stage = IdentityStage(store, _place, 2, sent, "s")
    stage.flush([_record("rules", *(line for _, line in sent.lines("rules")))], NOW)
    assert store.rules_in_force() == FINGERPRINT
    assert not sent.lines("reload")


def test_the_stage_knows_what_one_process_alone_decided(make_events: Callable[[], list[Event]]) -> None:
    """A store that one process wrote goes on with several; none of its sets is decided again."""
    store, log = MemoryStore(), MemoryLog()
    log.append("touchpoints", encoded(make_events()), 0)
    alone = Worker(log, store, RULES)
    alone.bring_rules_into_force(NOW)
    alone.bring_rules_into_force(NOW)
    alone.flush(alone.read(), NOW)
    before = {row["entity"]: row["customer"] for row in store.tables["identities"].values()}
    sent = Sent()
    links = encoded([event.identifiers for event in make_events() if len(event.identifiers) > 1])
    assert IdentityStage(store, _place, 2, sent, "s").flush([_record("links", *links)], NOW).links == 0
    assert not sent.messages
    assert {row["entity"]: row["customer"] for row in store.tables["identities"].values()} == before


@pytest.fixture
def make_events() -> Callable[[], list[Event]]:
    """Two events that link, and one that does not."""
    return lambda: [
        _event(1, "account:1", "device:x"),
        _event(2, "device:x", "social:y"),
        _event(3, "device:z"),
    ]


def test_each_answer_deletes_the_events_that_it_is_about() -> None:
    """Two answers in one flush delete no event that neither of them is about: its worker will answer, too."""
    store = MemoryStore()
    worker = PartitionWorker(store, SETUP, lambda entity: 0, {0}.__contains__, Sent(), "w")
    event = _event(1, "account:1", "device:x")
    worker.flush([_record("events", *encoded([event]), partition=0)], NOW, NOW)
    stage = IdentityStage(store, lambda entity: 0, 1, Sent(), "s")
    orders = [
        Entry(id=name, at=1, who="operator", what="erase", identifiers=(name,), salt="s")
        for name in ("device:x", "email:a")
    ]
    lines = [msgspec.json.encode(order) for order in orders]
    stage.flush([_record("ledger", line, position=n) for n, line in enumerate(lines)], NOW)
    answers = [Erasure((), ("device:x",)), Erasure(("account:1",), ("email:a",))]
    stage.flush([_record("erasure", *encoded(answers), position=2)], NOW)
    assert [row["id"] for row in store.tables["events"].values()] == ["e1"]
    stage.flush([_record("erasure", *encoded([Erasure(("account:1",), ("device:x",))]), position=3)], NOW)
    assert not store.tables["events"]


def test_every_partner_of_an_answer_is_reloaded() -> None:
    """A cut-off stage may have deleted a row that events name by now; the worker writes it again."""
    store, sent = MemoryStore(), Sent()
    worker = PartitionWorker(store, SETUP, lambda entity: 0, {0}.__contains__, Sent(), "w")
    worker.flush([_record("events", *encoded([_event(1, "device:x")]), partition=0)], NOW, NOW)
    store.delete("identities", ["device:x"])
    stage = IdentityStage(store, lambda entity: 0, 1, sent, "s")
    stage.flush([_record("erasure", *encoded([Erasure((), (), ("device:x",))]))], NOW)
    reloads = [line for _, line in sent.lines("reload")]
    assert reloads == encoded([Reload("device:x", unnamed=True)])
    worker.flush([_record("reload", *reloads, position=1, partition=0)], NOW, NOW)
    assert ("device:x",) in store.tables["identities"]


def test_a_forgotten_event_that_is_still_stored_is_not_folded() -> None:
    """Until the stage deletes it, it gives its customer neither journeys nor an identity row."""
    store = MemoryStore()
    worker = PartitionWorker(store, SETUP, lambda entity: 0, {0}.__contains__, Sent(), "w")
    event = _event(1, "account:1", "device:x")
    worker.flush([_record("events", *encoded([event]), partition=0)], NOW, NOW)
    order = Entry(id="l", at=1, who="operator", what="erase", identifiers=("device:x",), salt="s")
    sent = Sent()
    IdentityStage(store, lambda entity: 0, 1, sent, "s").flush(
        [_record("ledger", msgspec.json.encode(order))], NOW
    )
    store.delete("identities", ["account:1", "device:x"])
    records = [
        _record("forgotten", *(line for _, line in sent.lines("forgotten")), position=1, partition=0),
        _record("reload", *encoded([Reload("account:1", unnamed=True)]), position=2, partition=0),
    ]
    worker.flush(records, NOW, NOW)
    assert store.tables["events"]
    assert not store.tables["identities"]
    assert not store.tables["journeys"]


def test_a_readmitted_identifier_has_its_row_again() -> None:
    """The worker of a log writes the row that it deleted when the identifier was forgotten."""
    store, log = MemoryStore(), MemoryLog()
    worker = Worker(log, store, RULES)
    erase = Entry(id="e", at=1, who="operator", what="erase", identifiers=("device:x",), salt="s")
    readmit = Entry(id="r", at=2, who="operator", what="readmit", hashes=kept(erase).hashes, salt="s")
    log.append("touchpoints", encoded([_event(1, "device:x")]), 0)
    log.append("ledger", [msgspec.json.encode(erase)], 0)
    log.append("ledger", [msgspec.json.encode(readmit)], 0)
    log.append("touchpoints", encoded([_event(2, "device:x")]), 0)
    while records := worker.read(1):
        worker.flush(records, NOW)
    assert list(store.tables["identities"]) == [("device:x",)]


def test_offsets_are_unique_among_partitions() -> None:
    """Records of different partitions and topics have different offsets, which rise within a partition."""
    one = Delivered(0, 3, 7, "events", 0, b"")
    others = [
        Delivered(topic, partition, position, "events", 0, b"")
        for topic, partition, position in ((0, 3, 8), (0, 4, 7), (1, 3, 7))
    ]
    assert len({one.offset, *(other.offset for other in others)}) == 4
    assert others[0].offset == one.offset + 1
