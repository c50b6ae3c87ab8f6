"""The identity stage over a store in memory."""

from collections.abc import Callable

import msgspec
import pytest

from tests.engine.partitions import (
    FINGERPRINT,
    NOW,
    RULES,
    SETUP,
    Sent,
    event_of,
    only_stage,
    only_worker,
    place_of,
    record_of,
    worker_of,
)
from touchline.engine.identity_stage import Deciding, IdentityStage
from touchline.engine.memory import MemoryLog, MemoryStore
from touchline.engine.messages import Erasure, encoded
from touchline.engine.ports import InForce
from touchline.engine.worker import Worker
from touchline.identity import LIMITS, Assignment, Entry, Reload, customer_id, law
from touchline.vocabulary.event import Event


def test_a_stage_sends_again_what_a_cut_off_stage_may_have_sent() -> None:
    """It writes and sends every customer near a set that is not recorded."""
    store, sent = MemoryStore(), Sent()
    store.put_law_in_force(law(LIMITS), 0)
    store.put_law_in_force(law(LIMITS), 0)
    worker = only_worker(store, sent)
    events = [
        event_of(1, "account:1", "device:x"),
        event_of(2, "account:2", "device:x"),
        event_of(3, "device:x", "social:y"),
    ]
    worker.flush([record_of("events", *encoded(events), partition=0)], NOW, NOW)
    links = [line for _, line in sent.lines("links")]
    cut_off = Sent()
    stage = only_stage(store, cut_off, "cut off")
    alone = [line for line in links if b"account:2" not in line]
    cut_off.broken = True
    with pytest.raises(ConnectionError):
        stage.flush([record_of("links", *alone)], NOW)
    owners = {row["entity"]: row["customer"] for row in store.tables["identities"].values()}
    assert owners["social:y"] == customer_id("account:1")
    sent_by_next = Sent()
    only_stage(store, sent_by_next, "next").flush([record_of("links", *links)], NOW)
    owners = {row["entity"]: row["customer"] for row in store.tables["identities"].values()}
    assert owners == {one: customer_id(one) for one in ("account:1", "account:2", "device:x", "social:y")}
    assert sorted(line for _, line in sent_by_next.lines("assignment")) == sorted(
        encoded([Assignment(one, one, one) for one in owners])
    )


def test_a_stage_sends_identifiers_that_no_new_link_names() -> None:
    """A cut-off stage may have moved identifiers that are only connected to a link's ends."""
    store, sent = MemoryStore(), Sent()
    worker = only_worker(store, sent)
    known, first, second = ("email:a", "device:w"), ("account:1", "email:a"), ("account:2", "email:a")
    events = [event_of(number, *identifiers) for number, identifiers in enumerate((known, first, second))]
    worker.flush([record_of("events", *encoded(events), partition=0)], NOW, NOW)
    cut_off = Sent()
    stage = only_stage(store, cut_off, "cut off")
    stage.flush([record_of("links", *encoded([known]))], NOW)
    cut_off.broken = True
    with pytest.raises(ConnectionError):
        stage.flush([record_of("links", *encoded([first]), position=1)], NOW)
    assert store.tables["identities"]["device:w",]["customer"] == customer_id("account:1")
    sent_by_next = Sent()
    following = only_stage(store, sent_by_next, "next")
    links = [line for _, line in sent.lines("links")]
    assert following.flush([record_of("links", *links)], NOW, at_end=True).links == 2
    assert store.tables["identities"]["device:w",]["customer"] == customer_id("device:w")
    assert encoded([Assignment("device:w", "device:w", "device:w")])[0] in [
        line for _, line in sent_by_next.lines("assignment")
    ]
    assert following.flush([record_of("links", *links)], NOW).links == 0


def test_a_change_of_limits_that_was_cut_off_and_taken_back_leaves_no_trace() -> None:
    """The next stage decides everyone again, although its limits were in force before the change."""
    store, sent = MemoryStore(), Sent()
    worker = only_worker(store, sent)
    events = [event_of(number, f"email:{number}", "device:x") for number in range(2)]
    worker.flush([record_of("events", *encoded(events), partition=0)], NOW, NOW)
    links = record_of("links", *(line for _, line in sent.lines("links")))
    IdentityStage(store, place_of, 1, Sent(), "former").flush([links], NOW)
    assert store.law_in_force() == law(LIMITS)
    cut_off = Sent()
    changed = IdentityStage(store, place_of, 1, cut_off, "cut off", Deciding(limits={**LIMITS, "email": 1}))
    cut_off.broken = True
    with pytest.raises(ConnectionError):
        changed.flush([], NOW)
    assert store.tables["identities"]["device:x",]["customer"] == customer_id("device:x")
    following = Sent()
    IdentityStage(store, place_of, 1, following, "former").flush([], NOW)
    assert store.tables["identities"]["device:x",]["customer"] == customer_id("email:0")
    assert b"device:x" in b"".join(line for _, line in following.lines("assignment"))


def test_other_rules_refold_every_customer() -> None:
    """A worker says which rules it has; the stage has every customer folded by them, once."""
    store, sent = MemoryStore(), Sent()
    store.put_in_force(InForce("before"), NOW)
    worker = worker_of(store, sent, 1)
    worker.flush(
        [record_of("events", *encoded([event_of(1, "device:x"), event_of(2, "device:z")]))], NOW, NOW
    )
    rules = [line for _, line in sent.lines("rules")]
    assert rules == encoded([SETUP.in_force])
    stage = IdentityStage(store, place_of, 2, sent, "s")
    for position in range(2):
        stage.flush([record_of("rules", *rules, position=position)], NOW)
    assert sorted(line for _, line in sent.lines("reload")) == encoded(
        [Reload("device:x"), Reload("device:z")]
    )
    assert store.rules_in_force() == FINGERPRINT


def test_the_first_rules_of_a_store_are_in_force_at_once() -> None:
    """Where no rules were in force, everything was folded by the first ones, and nobody is refolded."""
    store, sent = MemoryStore(), Sent()
    worker = worker_of(store, sent, 1)
    worker.flush([record_of("events", *encoded([event_of(1, "device:x")]))], NOW, NOW)
    stage = IdentityStage(store, place_of, 2, sent, "s")
    stage.flush([record_of("rules", *(line for _, line in sent.lines("rules")))], NOW)
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
    assert IdentityStage(store, place_of, 2, sent, "s").flush([record_of("links", *links)], NOW).links == 0
    assert not sent.messages
    assert {row["entity"]: row["customer"] for row in store.tables["identities"].values()} == before


@pytest.fixture
def make_events() -> Callable[[], list[Event]]:
    """Two events that link, and one that does not."""
    return lambda: [
        event_of(1, "account:1", "device:x"),
        event_of(2, "device:x", "social:y"),
        event_of(3, "device:z"),
    ]


def test_each_answer_deletes_the_events_that_it_is_about() -> None:
    """Two answers in one flush delete no event that neither of them is about: its worker will answer, too."""
    store = MemoryStore()
    worker = only_worker(store, Sent())
    event = event_of(1, "account:1", "device:x")
    worker.flush([record_of("events", *encoded([event]), partition=0)], NOW, NOW)
    stage = only_stage(store, Sent())
    orders = [
        Entry(id=name, at=1, who="operator", what="erase", identifiers=(name,), salt="s")
        for name in ("device:x", "email:a")
    ]
    lines = [msgspec.json.encode(order) for order in orders]
    stage.flush([record_of("ledger", line, position=n) for n, line in enumerate(lines)], NOW)
    answers = [Erasure((), ("device:x",)), Erasure(("account:1",), ("email:a",))]
    stage.flush([record_of("erasure", *encoded(answers), position=2)], NOW)
    assert [row["id"] for row in store.tables["events"].values()] == ["e1"]
    stage.flush([record_of("erasure", *encoded([Erasure(("account:1",), ("device:x",))]), position=3)], NOW)
    assert not store.tables["events"]


def test_every_partner_of_an_answer_is_reloaded() -> None:
    """A cut-off stage may have deleted a row that events name by now; the worker writes it again."""
    store, sent = MemoryStore(), Sent()
    worker = only_worker(store, Sent())
    worker.flush([record_of("events", *encoded([event_of(1, "device:x")]), partition=0)], NOW, NOW)
    store.delete("identities", ["device:x"])
    stage = only_stage(store, sent)
    stage.flush([record_of("erasure", *encoded([Erasure((), (), ("device:x",))]))], NOW)
    reloads = [line for _, line in sent.lines("reload")]
    assert reloads == encoded([Reload("device:x", unnamed=True)])
    worker.flush([record_of("reload", *reloads, position=1, partition=0)], NOW, NOW)
    assert ("device:x",) in store.tables["identities"]


def test_a_forgotten_event_that_is_still_stored_is_not_folded() -> None:
    """Until the stage deletes it, it gives its customer neither journeys nor an identity row."""
    store = MemoryStore()
    worker = only_worker(store, Sent())
    event = event_of(1, "account:1", "device:x")
    worker.flush([record_of("events", *encoded([event]), partition=0)], NOW, NOW)
    order = Entry(id="l", at=1, who="operator", what="erase", identifiers=("device:x",), salt="s")
    sent = Sent()
    only_stage(store, sent).flush([record_of("ledger", msgspec.json.encode(order))], NOW)
    store.delete("identities", ["account:1", "device:x"])
    records = [
        record_of("forgotten", *(line for _, line in sent.lines("forgotten")), position=1, partition=0),
        record_of("reload", *encoded([Reload("account:1", unnamed=True)]), position=2, partition=0),
    ]
    worker.flush(records, NOW, NOW)
    assert store.tables["events"]
    assert not store.tables["identities"]
    assert not store.tables["journeys"]
