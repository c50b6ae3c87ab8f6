"""Folds the customers that a flush touches, and compares the result with what the store holds.

Nothing is written here: the writer asks for the changes, writes the rows, and then calls `wrote`.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple
from uuid import UUID

from touchline.engine.customers import difference
from touchline.engine.customers.announcing import (
    Announcement,
    Announcing,
    Marked,
    horizon,
    without_customer,
)
from touchline.engine.customers.deadlines import Deadlines
from touchline.engine.customers.fold import Folded
from touchline.engine.customers.held import HELD_CUSTOMERS, Advanced, Customer, HeldCustomers
from touchline.engine.identity.ownership import Ownership
from touchline.engine.ports import Store
from touchline.friction import RuleSet
from touchline.identity import customer_id
from touchline.tables.rows import FrictionRow, JourneyRow
from touchline.vocabulary.event import Event


class Refold(NamedTuple):
    """The customers that a flush folds, by strongest identifier, and what it knows about them.

    Attributes:
        touched: All of them.
        ownership: Loads the stored events.
        now: The evaluation time (ms).
        detected_at: When the pipeline learns what is found (ms).
        history: Whether this is an import of history: nothing in it is recent.
        fresh: Events to take in that are not loaded from the store, by customer, each once.
        moved: Customers to fold from the stored events: they gained or lost events.
        reloads: Customers of whom others may have changed rows.
        forgotten: Customers of whom no row stays.
        unnamed: Customers of whom no row stays unless they have events after all.
    """

    touched: Sequence[str]
    ownership: Ownership
    now: int
    detected_at: int
    history: bool = False
    fresh: Mapping[str, list[Event]] = {}
    moved: Collection[str] = ()
    reloads: Collection[str] = ()
    forgotten: Collection[str] = ()
    unnamed: Collection[str] = ()


class Changes(NamedTuple):
    """Rows to write for some customers: new, changed, and no longer true.

    Attributes:
        missing: Announcements that another worker left to make, in order.
        announcements: Announcements of the rows, in order.
        new: For each rule, the signals that were not known before.
        retracted: How many signals are no longer true.
        held: The customers by strongest identifier.
        folded: Their results.
        renamed: Customers that had no events and have some after all.
        emptied: Customers of whom no row stays.
    """

    frictions: list[FrictionRow]
    journeys: list[JourneyRow]
    missing: list[Announcement]
    announcements: list[Announcement]
    new: dict[str, int]
    retracted: int
    held: dict[str, Customer]
    folded: dict[str, Folded]
    renamed: set[str]
    emptied: set[str]


class Folding:
    """The customers of one worker.

    Args:
        store: Queried for the rows that it holds.
        rules: What customers are folded by.
        journey_gap: A silence longer than this (ms) ends a journey.
        deadlines: Of the customers with a pending obligation; kept up to date from here on.
        held_customers: How many are held in memory at most.
        last_version: The highest version in the store.
    """

    def __init__(
        self,
        store: Store,
        rules: RuleSet,
        journey_gap: int,
        deadlines: Deadlines,
        held_customers: int = HELD_CUSTOMERS,
        last_version: int = 0,
    ) -> None:
        self._store, self._rules = store, rules
        self._announcing = Announcing(store, last_version)
        self._held = HeldCustomers(rules, journey_gap, held_customers)
        self._deadlines = deadlines

    def __len__(self) -> int:
        """How many customers are held in memory."""
        return len(self._held)

    def changes(self, customers: Collection[str], refold: Refold, version: int) -> Changes:
        """Fold a portion of the touched customers.

        Args:
            customers: The portion.
            refold: All that the flush folds.
            version: Of the rows.
        """
        ownership, fresh, now = refold.ownership, refold.fresh, refold.now
        advanced = self._held.advance(customers, fresh, refold.moved, now, ownership.load)
        held = advanced.customers
        folded = {name: customer.folded(self._rules, now) for name, customer in held.items()}
        rowless = {
            name
            for name, customer in held.items()
            if not customer.known
            and ownership.has_no_rows(name)
            and customer.taken == len(fresh.get(name, ()))
        }
        marked, new, retracted = self._frictions(held, folded, rowless, refold, version)
        journeys = self._journeys(advanced, folded, rowless, now, version)
        unnamed = {name for name in held if name in refold.unnamed}
        renamed = {name for name in unnamed if folded[name].journeys}
        emptied = {name for name in held if name in refold.forgotten} | unnamed - renamed
        frictions, missing, announcements = marked
        if emptied:
            forgotten = {customer_id(name) for name in emptied}
            missing = without_customer(missing, forgotten)
            announcements = without_customer(announcements, forgotten)
        return Changes(
            frictions=frictions,
            journeys=journeys,
            missing=missing,
            announcements=announcements,
            new=new,
            retracted=retracted,
            held=held,
            folded=folded,
            renamed=renamed,
            emptied=emptied,
        )

    def wrote(self, changes: Changes) -> None:
        """The rows are in the store."""
        for name, customer in changes.held.items():
            customer.wrote(changes.folded[name])
            self._deadlines.expect(name, changes.folded[name].due_at)
        # A customer that lost all its events no longer exists.
        self._held.hold(
            {name: customer for name, customer in changes.held.items() if changes.folded[name].journeys}
        )

    def release(self, customers: Iterable[str]) -> None:
        """Hold these no longer: others change their rows, so the store is queried for them."""
        self._held.release(customers)

    def _frictions(
        self,
        customers: Mapping[str, Customer],
        folded: Mapping[str, Folded],
        rowless: Collection[str],
        refold: Refold,
        version: int,
    ) -> tuple[Marked, dict[str, int], int]:
        changed: list[tuple[UUID, Folded]] = []
        names: dict[UUID, str] = {}
        queried: list[UUID] = []
        # Another worker may have written rows of these, and not announced them.
        written_by_others: set[UUID] = set()
        for name, held in customers.items():
            result = folded[name]
            if held.signals_changed(result):
                none_stored = held.without_signals or name in rowless
                if result.signals or not none_stored:
                    customer = customer_id(name)
                    names[customer] = name
                    changed.append((customer, result))
                    if not none_stored:
                        queried.append(customer)
                        if not held.signals_known:
                            written_by_others.add(customer)
        stored: dict[UUID, list[FrictionRow]] = defaultdict(list)
        unsettled: list[FrictionRow] = []
        known = set()
        announcing = self._announcing
        for row in self._store.frictions_of(queried, announcing.cut_off):
            if row.customer in written_by_others and announcing.may_be_cut_off(row):
                unsettled.append(row)
            if row.status != "retracted":
                stored[row.customer].append(row)
                known.add(row.id)
        changes = [
            change
            for customer, result in changed
            for change in difference.frictions(
                customer, result, stored.get(customer, ()), refold.detected_at, version
            )
        ]
        new = Counter(
            row.rule for row, *_ in changes if row.status != "retracted" and not (known and row.id in known)
        )
        if not changes and not unsettled:
            return Marked([], [], []), {}, 0
        since = horizon(refold.detected_at, version, history=refold.history)
        retracted = sum(row.status == "retracted" and not moved for row, _, moved in changes)
        return announcing.mark(changes, unsettled, names, since, version), dict(new), retracted

    def _journeys(
        self,
        advanced: Advanced,
        folded: Mapping[str, Folded],
        rowless: Collection[str],
        now: int,
        version: int,
    ) -> list[JourneyRow]:
        rows: list[JourneyRow] = []
        unknown: dict[UUID, Folded] = {}
        for name, held in advanced.customers.items():
            result = folded[name]
            before = advanced.replaced.get(name)
            if before is not None:
                gone = {first for first, _ in before.places - held.places}
                written = partial(before.folded, self._rules, now)
                rows += difference.journeys_refolded(customer_id(name), result, written, gone, version)
            elif held.known or name in rowless:
                # In order, journeys only grow: none is superseded, except where it lay before.
                customer = customer_id(name)
                rows += (
                    difference.journey_row(customer, journey, result, version)
                    for journey in held.changed_journeys(result)
                )
                if (moved := held.moved_journey(result)) is not None:
                    journey, last = moved
                    rows.append(difference.journey_moved(customer, journey, result, last, version))
            else:
                unknown[customer_id(name)] = result
        stored: dict[UUID, list[JourneyRow]] = defaultdict(list)
        for row in self._store.journeys_of(list(unknown)):
            stored[row.customer].append(row)
        for customer, result in unknown.items():
            rows += difference.journeys(customer, result, stored[customer], version)
        return rows
