"""Events in a store: unchanged, once each, found by id and by entity, and gone once deleted."""

from collections.abc import Callable

from touchline.engine.batch import columns
from touchline.engine.ports import Store as StorePort
from touchline.store import Store
from touchline.tables import FrictionRow
from touchline.tables.rows import OccurrenceRow
from touchline.vocabulary.event import Event

NewEvent = Callable[..., Event]
Put = Callable[..., None]
NewFriction = Callable[..., FrictionRow]


def test_events_are_read_as_they_were_written(any_store: StorePort, event: NewEvent, put: Put) -> None:
    """Every field of an event is read back unchanged, to the millisecond and to the last character."""
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


def test_events_are_read_in_order_and_once(any_store: StorePort, event: NewEvent, put: Put) -> None:
    """Events of several entities are sorted by time and id; an event stored twice is returned once."""
    events = [event(3), event(1, "account:bert"), event(2)]
    put(any_store, events, "a")
    put(any_store, events, "b")
    put(any_store, [event(4, "account:carl")], "c")
    assert [event.id for event in any_store.events_of(["account:anna", "account:bert"])] == [
        "e00001",
        "e00002",
        "e00003",
    ]


def test_a_repeat_with_the_same_token_adds_nothing(store: Store, event: NewEvent, put: Put) -> None:
    """An insert is a repeat if its token is, whatever its rows."""
    put(store, [event(1)], "a")
    put(store, [event(2)], "a")
    put(store, [event(3)], "b")
    assert store.query("SELECT id FROM events ORDER BY id").result_rows == [["e00001"], ["e00003"]]


def test_stored_ids_have_the_offset_of_their_record(any_store: StorePort, event: NewEvent, put: Put) -> None:
    """The stored ids among those in the query are returned with their log offsets."""
    put(any_store, [event(1)], "a", offset=4)
    put(any_store, [event(2)], "b", offset=9)
    assert any_store.stored_ids(["e00001", "e00002", "e00003"]) == {"e00001": 4, "e00002": 9}
    assert any_store.stored_ids([f"new-{number}" for number in range(10_000)]) == {}


def test_events_are_found_by_entity_and_id(any_store: StorePort, event: NewEvent, put: Put) -> None:
    """Events have both one of the entities and one of the ids; without either, there are none."""
    put(any_store, [event(number) for number in range(1, 4)], "a")
    entity = "account:anna"
    found = any_store.events_named([entity, "account:else"], ["e00001", "e00003", "e00009"])
    assert sorted(one.id for one in found) == ["e00001", "e00003"]
    assert any_store.events_named(["account:else"], ["e00001"]) == []
    assert any_store.events_named([], ["e00001"]) == any_store.events_named([entity], []) == []


def test_an_id_is_looked_up_in_the_projection(store: Store, event: NewEvent, put: Put) -> None:
    """A lookup by id uses the projection that is sorted by id."""
    put(store, [event(number) for number in range(10_000)])
    plan = store.query("EXPLAIN projections = 1 SELECT id, log_offset FROM events WHERE id IN ('e00007')")
    assert any("ReadFromMergeTree (by_id)" in row[0] for row in plan.result_rows)


def test_empty_keys_and_inserts_are_allowed(store: Store) -> None:
    """Empty lists of keys return nothing, and inserts without rows write nothing."""
    store.insert("events", {"id": [], "time": []}, "t")
    assert store.stored_ids([]) == {}
    assert [*store.events_of([]), *store.frictions_of([]), *store.journeys_of([])] == []


def test_an_empty_store_has_no_data(store: Store) -> None:
    """A store without rows has no newest event, no due customer and version 0."""
    assert (store.newest(), store.last_version(), list(store.due())) == (None, 0, [])
    assert (list(store.identities()), store.identity_count()) == ([], 0)
    assert store.query("SELECT * FROM current_frictions").result_rows == []


def test_sets_of_identifiers_are_distinct(any_store: StorePort, event: NewEvent, put: Put) -> None:
    """Each set of identifiers of an entity's events is returned once."""
    pair = ("account:anna", "email:a@b.example")
    put(any_store, [event(1, identifiers=pair), event(2, identifiers=pair), event(3), event(4, "device:x")])
    assert sorted(any_store.identifier_sets_of([pair[0], "device:never-seen"])) == [(pair[0],), pair]
    assert len(list(any_store.identifier_sets_of([pair[0]], 1))) == 1
    assert len(list(any_store.identifier_sets_of([pair[0], "device:x"], 1))) == 2
    assert any_store.newest() == event(4).time


def test_the_newest_friction_may_be_newer_than_any_event(
    any_store: StorePort, event: NewEvent, put: Put, friction: NewFriction
) -> None:
    """The newest time includes frictions that opened at a deadline, without retracted ones."""
    put(any_store, [event(1)])
    opened = event(1).time + 1_000
    any_store.insert("frictions", columns([friction(1, opened_at=opened)]), "a")
    assert any_store.newest() == opened
    any_store.insert("frictions", columns([friction(1, 2, opened_at=opened, status="retracted")]), "b")
    assert any_store.newest() == event(1).time


def test_withdrawn_events_and_sets_are_removed(any_store: StorePort, event: NewEvent, put: Put) -> None:
    """Events are deleted by entity and id, sets as a whole; what other events hold stays known."""
    anna, both = "account:anna", ("account:anna", "device:x's")
    put(any_store, [event(1, identifiers=both), event(2, identifiers=both), event(3), event(4, "device:x's")])
    assert sorted(any_store.sets_besides([anna, "device:x's"], ["e00001", "e00003"])) == [
        both,
        ("device:x's",),
    ]
    assert sorted(any_store.sets_besides([anna], ["e00001", "e00002", "e00003"])) == []
    assert list(any_store.sets_besides([], [])) == []
    any_store.withdraw_events([anna], ["e00001", "e00004", "never"])
    any_store.withdraw_events([anna], [])
    assert sorted(any_store.stored_ids([f"e0000{n}" for n in range(5)])) == ["e00002", "e00003", "e00004"]
    sets = [both, ("account:bert", "device:x's")]
    rows = [OccurrenceRow(identifier, named) for named in sets for identifier in named]
    any_store.insert("occurrences", columns(rows), "a")
    any_store.withdraw_sets([both, ("nobody", "never")])
    any_store.withdraw_sets([])
    assert list(any_store.sets_naming(["device:x's"])) == [sets[1]]


def test_deleted_events_are_removed_from_the_table(store: Store, event: NewEvent, put: Put) -> None:
    """Deleted events are found neither by entity nor by id, and no part of the table holds them."""
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
