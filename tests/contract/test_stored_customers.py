"""Customers in a store: frictions, journeys, identities, sets of identifiers and the ledger."""

import time
from collections.abc import Callable
from itertools import groupby
from uuid import UUID

from touchline.engine.batch import columns, entry_columns
from touchline.engine.customers.announcing import announcement
from touchline.engine.ports import InForce
from touchline.engine.ports import Store as StorePort
from touchline.identity import Entry, customer_id
from touchline.store import Store
from touchline.tables import FrictionRow, IdentityRow, JourneyRow, OccurrenceRow

ANNA, BERT = UUID(int=1), UUID(int=2)

NewFriction = Callable[..., FrictionRow]
NewJourney = Callable[..., JourneyRow]


def test_a_retracted_friction_is_not_returned(store: Store, friction: NewFriction) -> None:
    """The highest version of a friction counts; a retracted friction is in no view and no result."""
    rows = [friction(1), friction(2), friction(3, customer=BERT, resolved_at=1_780_000_000_777)]
    store.insert("frictions", columns(rows), "a")
    later = [friction(1, 2, status="retracted"), friction(2, 2, status="resolved", count=5)]
    store.insert("frictions", columns(later), "b")
    assert store.frictions_of([ANNA]) == [later[1]]
    assert sorted(store.frictions_of([ANNA, BERT]), key=lambda row: row.id) == [later[1], rows[2]]
    shown = store.query("SELECT toString(id), status, count FROM current_frictions ORDER BY id")
    assert shown.result_rows == [[str(rows[1].id), "resolved", 5], [str(rows[2].id), "open", 1]]
    assert store.last_version() == 2


def test_a_superseded_journey_is_not_returned(store: Store, journey: NewJourney) -> None:
    """The highest version of a journey counts; a superseded journey is in no view and no result."""
    rows = [journey(1), journey(2, due_at=1_780_000_009_000)]
    store.insert("journeys", columns(rows), "a")
    store.insert("journeys", columns([journey(1, 7, superseded=1)]), "b")
    assert store.journeys_of([ANNA]) == [rows[1]]
    assert store.query("SELECT toString(id) FROM current_journeys").result_rows == [[str(rows[1].id)]]
    assert store.last_version() == 7


def test_due_names_the_customer_and_the_deadline(any_store: StorePort, journey: NewJourney) -> None:
    """Only customers with a pending obligation are returned, each by its strongest identifier."""
    anna, bert = customer_id("account:anna"), customer_id("account:bert")
    owners = {"account:anna": anna, "device:x": anna, "account:bert": bert}
    rows = [IdentityRow(entity=identifier, customer=owner, version=1) for identifier, owner in owners.items()]
    any_store.insert("identities", columns(rows), "i")
    due = {"due_at": 1_780_000_009_000}
    journeys = [journey(1, customer=anna, **due), journey(2, customer=bert, **due), journey(3, customer=bert)]
    any_store.insert("journeys", columns([*journeys, journey(4, customer=ANNA, **due)]), "a")
    settled = [journey(2, 2, customer=bert), journey(3, 2, customer=bert, due_at=5, superseded=1)]
    any_store.insert("journeys", columns(settled), "b")
    assert list(any_store.due()) == [("account:anna", 1_780_000_009_000)]


def test_rows_are_deleted_by_customer(store: Store, friction: NewFriction) -> None:
    """All versions of the customer's rows are deleted, and no other rows."""
    store.insert("frictions", columns([friction(1), friction(2, customer=BERT)]), "a")
    store.insert("frictions", columns([friction(1, 2, status="retracted")]), "b")
    store.delete("frictions", [ANNA])
    assert store.query("SELECT customer FROM frictions").result_rows == [[str(BERT)]]
    store.delete("frictions", [])
    rows = [IdentityRow(entity=entity, customer=ANNA, version=1) for entity in ("account:anna", "device:y")]
    store.insert("identities", columns(rows), "a")
    store.delete("identities", ["device:y"])
    assert store.query("SELECT entity FROM identities").result_rows == [["account:anna"]]


def test_current_identities_name_the_latest_customer(store: Store) -> None:
    """A later version of an identity replaces the earlier one."""
    for version, customer in ((1, ANNA), (2, BERT)):
        rows = columns([IdentityRow(entity="account:anna", customer=customer, version=version)])
        store.insert("identities", rows, f"v{version}")
    assert store.query("SELECT customer FROM current_identities").result_rows == [[str(BERT)]]


def test_identities_are_read_with_their_latest_customer(any_store: StorePort) -> None:
    """Each identifier comes once, with the customer of its highest version."""
    for version, customer in ((1, ANNA), (2, BERT)):
        rows = columns(
            [
                IdentityRow(entity=entity, customer=customer, version=version)
                for entity in ("device:y", "device:x's")
            ]
        )
        any_store.insert("identities", rows, f"v{version}")
    assert sorted(any_store.identities()) == [("device:x's", BERT), ("device:y", BERT)]
    assert any_store.identity_count() == 2


def test_identities_come_customer_by_customer(any_store: StorePort) -> None:
    """The identifiers of a customer come together, whatever their kinds and the order of writing."""
    for number, (customer, other) in enumerate([(BERT, "device:1"), (ANNA, "device:2"), (BERT, "email:3")]):
        names = (f"account:{number}", other)
        rows = [IdentityRow(entity=name, customer=customer, version=1) for name in names]
        any_store.insert("identities", columns(rows), f"row {number}")
    customers = [customer for _, customer in any_store.identities()]
    assert [len(list(rows)) for _, rows in groupby(customers)] in ([2, 4], [4, 2])


def test_the_law_in_force_is_the_last_one_put(any_store: StorePort) -> None:
    """A new store has no law; then the one that was put in force last counts."""
    assert any_store.law_in_force() is None
    any_store.put_law_in_force("1/email=5", 10)
    any_store.put_law_in_force("1/email=6", 20)
    assert any_store.law_in_force() == "1/email=6"


def test_what_is_put_in_force_later_counts(any_store: StorePort) -> None:
    """The last rules and the last law count, even if their time is earlier, as in an import of old events."""
    for number, at in enumerate([2_000, 1_000, 1_000]):
        any_store.put_in_force(InForce(f"rules {number}", {"long": number}), at)
        any_store.put_law_in_force(f"law {number}", at)
        assert (any_store.rules_in_force(), any_store.law_in_force()) == (f"rules {number}", f"law {number}")


def test_sets_are_found_by_each_of_their_identifiers(any_store: StorePort) -> None:
    """Each set is returned once for any of its identifiers, and is gone once one of them is deleted."""
    sets = [("account:1", "device:x"), ("account:1", "device:y's"), ("account:2", "device:z")]
    rows = [OccurrenceRow(identifier, named) for named in sets for identifier in named]
    any_store.insert("occurrences", columns(rows), "a")
    any_store.insert("occurrences", columns(rows[:2]), "b")
    assert sorted(any_store.sets_naming(["device:x", "device:y's", "device:never-seen"])) == sets[:2]
    assert sorted(any_store.sets_naming(["account:1", "device:x"])) == sets[:2]
    assert list(any_store.sets_naming([])) == []
    any_store.delete_sets([])
    any_store.delete_sets(["device:y's", "device:never-seen"])
    assert sorted(any_store.sets_naming([identifier for named in sets for identifier in named])) == [
        sets[0],
        sets[2],
    ]


def test_the_sets_of_an_identifier_can_be_bounded(any_store: StorePort) -> None:
    """A bound holds for each identifier: for its sets with an account, and for those without."""
    with_account = [(f"account:{n}", "device:x") for n in range(5)]
    without = [("device:x", f"social:{n}") for n in range(5)]
    few = [("account:7", "device:y"), ("device:y", "social:7")]
    sets = [*with_account, *without, *few]
    rows = [OccurrenceRow(identifier, named) for named in sets for identifier in named]
    for token in ("a", "b"):
        any_store.insert("occurrences", columns(rows), token)
    found = list(any_store.sets_naming(["device:x", "device:y"], 2))
    assert len(found) == len(set(found)) == 6
    assert (len(set(found).intersection(with_account)), len(set(found).intersection(without))) == (2, 2)
    assert set(few) <= set(found)
    assert sorted(any_store.sets_naming(["device:x", "device:y"], 5)) == sorted(sets)


def test_a_set_is_known_as_a_whole(any_store: StorePort) -> None:
    """A set is known only if exactly that set is stored."""
    sets = [("account:1", "device:x"), ("account:1", "device:x", "phone:y's"), ("account:2", "device:z")]
    rows = [OccurrenceRow(identifier, named) for named in sets for identifier in named]
    any_store.insert("occurrences", columns(rows), "a")
    any_store.insert("occurrences", columns(rows[:2]), "b")
    others = [("account:1", "phone:y's"), ("device:x", "phone:y's"), ("account:3", "device:x")]
    assert any_store.known_sets([*sets[:2], *others]) == set(sets[:2])
    assert any_store.known_sets([]) == set()


def test_the_ledger_is_read_as_it_was_written(any_store: StorePort) -> None:
    """Entries of the ledger are read unchanged, and count for the last version."""
    pair = ("account:anna", "device:x")
    split = Entry(id="l1", at=5, who="o'neil", what="split", identifiers=pair, reason='a "shared" one')
    share = Entry(id="l3", at=7, who="o'neil", what="share", identifiers=("device:x",))
    erase = Entry(id="l2", at=6, who="o'neil", what="erase", hashes=("ab", "cd"), salt="s")
    any_store.insert("ledger", entry_columns([split, erase, share], 7), "a")
    assert sorted(any_store.ledger(), key=lambda entry: entry.id) == [split, erase, share]
    assert any_store.last_version() == 7
    any_store.delete("ledger", ["l1"])
    assert sorted(any_store.ledger(), key=lambda entry: entry.id) == [erase, share]


def test_announcements_are_found_by_friction(store: Store, friction: NewFriction) -> None:
    """The last one of each customer that had it; and retractions that may not have been announced."""
    rows = [
        friction(1, 5, announced=5),
        friction(2, 6, announced=6, status="retracted"),
        friction(3, 7, announced=3, status="retracted"),
    ]
    store.insert("frictions", columns(rows), token="rows")
    assert store.frictions_of([ANNA]) == rows[:1]
    assert sorted(store.frictions_of([ANNA], 5), key=lambda row: row.id) == rows[:2]
    assert store.frictions_of([ANNA], 6) == rows[:1]
    # The store drops changes that were written more than a week ago.
    position = int(time.time() * 1000)
    changes = [
        announcement(row, None, "account:anna", position).change
        for row in [*rows[:2], friction(1, 9, status="resolved")]
    ]
    store.insert("friction_changes", columns(changes), token="changes")
    found = sorted(store.announced([rows[0].id, rows[1].id, rows[2].id]), key=lambda one: one.version)
    assert [(one.friction, one.customer, one.version, one.status) for one in found] == [
        (rows[1].id, ANNA, 6, "retracted"),
        (rows[0].id, ANNA, 9, "resolved"),
    ]
    assert store.last_version() >= 7
    store.delete("friction_changes", [ANNA])
    assert list(store.announced([rows[0].id])) == []
