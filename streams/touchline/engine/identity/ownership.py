"""Which customer an entity belongs to, during one flush: as decided in this process, or as the store says."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from touchline.engine.ports import Store
from touchline.identity import Identities, Move, Suppression
from touchline.vocabulary.event import Event
from touchline.vocabulary.identifiers import rank

_NOBODY: frozenset[str] = frozenset()


class Ownership(Protocol):
    """The owners of one flush. Customers are named by their strongest identifier."""

    def load(self, customers: Collection[str], later_than: int | None) -> Iterator[tuple[str, Event]]:
        """The stored events of customers, all or those later than a time (ms), each with its customer."""

    def has_no_rows(self, customer: str) -> bool:
        """Whether the store is known to hold no row of a customer whose events were loaded."""


class DecidedOwnership:
    """Owners as the identity stage in this process has just decided them.

    Args:
        store: Holds the events.
        identities: The decisions, those of this flush included.
        moves: The identifiers that changed customer; None where rows may exist of events that are not stored,
            as after a crash.
    """

    def __init__(self, store: Store, identities: Identities, moves: Sequence[Move] | None) -> None:
        self._store, self._identities = store, identities
        self._before: dict[str, str] | None = None
        # Customers that gained identifiers, by the one that lost them.
        self._gained: dict[str, set[str]] = {}
        if moves is not None:
            self._before = {move.identifier: move.before for move in moves}
            for move in moves:
                self._gained.setdefault(move.before, set()).add(move.after)
        self._loaded: set[str] = set()
        self._with_events: set[str] = set()

    def load(self, customers: Collection[str], later_than: int | None) -> Iterator[tuple[str, Event]]:
        self._loaded.update(customers)
        self._identities.recall(customers)
        members = {member for customer in customers for member in self._identities.members_of(customer)}
        before = self._before or {}
        for event in self._store.events_of(sorted(members), later_than):
            customer = self._identities.customer_of(event.entity)
            self._with_events.add(before.get(event.entity, customer))
            yield customer, event

    def has_no_rows(self, customer: str) -> bool:
        # Its events may be those of a customer that comes in a later portion.
        return (
            self._before is not None
            and customer not in self._with_events
            and self._gained.get(customer, _NOBODY) <= self._loaded
        )


class Owners(NamedTuple):
    """The customer of each entity and the identifiers of each customer, from the identities table.

    A customer that no longer exists has no identifiers. `unknown` entities have no row in the table.
    """

    customer_of: dict[str, str]
    members_of: dict[str, list[str]]
    unknown: set[str]


def look_up(store: Store, entities: Collection[str]) -> Owners:
    """Look up entities; one without a row is a customer of its own."""
    customer_of = {entity: entity for entity in entities}
    members_of = {entity: [entity] for entity in entities}
    unknown = set(entities)
    for identifiers in store.identities_of(sorted(entities)):
        unknown.difference_update(identifiers)
        if len(identifiers) == 1:
            continue
        strongest = min(identifiers, key=rank)
        for identifier in identifiers:
            if identifier in customer_of:
                customer_of[identifier] = strongest
                members_of[identifier] = []
        members_of[strongest] = identifiers
    return Owners(customer_of, members_of, unknown)


class StoredOwnership:
    """Owners as the identities table names them.

    Args:
        store: Holds the events and the identities.
        owners: What this flush looked up already.
        fresh: The events that this flush folds, by customer; some of them others have stored.
        new: Customers of whom no flush has written anything.
        suppression: What is forgotten: events that name it are not loaded, deleted or not.
    """

    def __init__(
        self,
        store: Store,
        owners: Owners,
        fresh: Mapping[str, list[Event]],
        new: Collection[str],
        suppression: Suppression,
    ) -> None:
        self._store, self._owners, self._fresh, self._new = store, owners, fresh, new
        self._suppression = suppression

    def load(self, customers: Collection[str], later_than: int | None) -> Iterator[tuple[str, Event]]:
        known = self._owners.members_of
        found = look_up(self._store, set(customers).difference(known)).members_of
        customer_of = {
            entity: customer
            for customer in customers
            if customer not in self._new
            for entity in (known if customer in known else found)[customer]
        }
        if stored := self._store.events_of(sorted(customer_of), later_than):
            fresh = {event.id for customer in customers for event in self._fresh.get(customer, ())}
            suppression = self._suppression
            for event in stored:
                if event.id not in fresh and not (suppression and suppression.suppresses(event.identifiers)):
                    yield customer_of[event.identifiers[0]], event

    def has_no_rows(self, customer: str) -> bool:
        return customer in self._new
