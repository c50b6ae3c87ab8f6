"""Decides which identifiers belong to one customer.

It decides from the sets of identifiers that occur together, and from what operators ordered.

The result follows from the sets and the ledger's entries that the store holds, and from nothing else, so that
a repeated flush decides the same. Only the neighbourhood of what comes is read, and a bounded part is cached.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from touchline.engine.identity.decisions import Decisions
from touchline.engine.ports import Store
from touchline.identity import CACHED_IDENTIFIERS, Entry, Identities, Move, Suppression, customer_id
from touchline.tables.rows import IdentityRow

Identifiers = tuple[str, ...]
"""The identifiers of an event, strongest first."""


@dataclass(slots=True)
class Decided:
    """What one flush decided.

    Attributes:
        moves: Identifiers that changed customer, in the order in which they did.
        sets: Sets of two or more identifiers that were not known.
        splits: Entries of the ledger about pairs of identifiers.
        suppressions: Entries of the ledger about forgotten identifiers.
        forgotten: Identifiers of which nothing is kept.
        lapsed: Entries of the ledger, by id, that name a forgotten identifier.
    """

    moves: list[Move] = field(default_factory=list)
    sets: list[Identifiers] = field(default_factory=list)
    splits: list[Entry] = field(default_factory=list)
    suppressions: list[Entry] = field(default_factory=list)
    forgotten: frozenset[str] = frozenset()
    lapsed: list[str] = field(default_factory=list)


class Erasure(NamedTuple):
    """The entities of the events that go, and the identifiers that no other event names."""

    entities: frozenset[str]
    unseen: frozenset[str]


class Withdrawal(NamedTuple):
    """What goes with events that are taken back.

    Attributes:
        entities: The entities of the events.
        customers: Those that have the events until now, by strongest identifier.
        sets: Sets of two or more identifiers that no other event holds.
        unseen: Identifiers that no other event names.
    """

    entities: frozenset[str]
    customers: frozenset[str]
    sets: frozenset[Identifiers]
    unseen: frozenset[str]


class Decider:
    """The one place that decides; no two processes may decide for one store.

    Args:
        store: Holds the known sets and the ledger.
        cached: Identifiers whose neighbourhood is cached at most.
    """

    def __init__(self, store: Store, cached: int = CACHED_IDENTIFIERS) -> None:
        self._store = store
        self._decisions = Decisions(store.ledger())
        self.identities = Identities(self._decisions.bans, store, cached)

    @property
    def suppression(self) -> Suppression:
        """What is forgotten."""
        return self._decisions.suppression

    def begin(self) -> Decided:
        """Start a flush; everything decided before is in the store."""
        self.identities.make_room()
        return Decided()

    def observe(self, sets: Collection[Identifiers], decided: Decided) -> None:
        """Take in the identifiers of events."""
        decided.sets += sorted(self.identities.unseen(sets))
        decided.moves += self.identities.observe(sets)

    def republish(self, sets: Collection[Identifiers], decided: Decided) -> None:
        """Take in sets of which another process may have decided some, in other portions.

        That process may have written and sent what followed from its portions. So every identifier near these
        sets is written and sent again, whether it moved or not.
        """
        unseen = sorted(self.identities.unseen(sets))
        near = sorted(self.identities.adopt(unseen))
        decided.sets += unseen
        decided.moves += [
            Move(identifier, identifier, self.identities.customer_of(identifier)) for identifier in near
        ]

    def decide(self, entries: Iterable[Entry], decided: Decided) -> frozenset[str]:
        """Take in operators' entries. Call `forget` with the identifiers that this returns."""
        taken = self._decisions.take(entries)
        for pair in sorted(taken.lifted):
            decided.moves += self.identities.unban(pair)
        for pair in sorted(taken.banned):
            decided.moves += self.identities.ban(pair)
        for entry in taken.entries:
            (decided.splits if "split" in entry.what else decided.suppressions).append(entry)
        return taken.gone

    def forget(self, gone: frozenset[str], decided: Decided) -> None:
        """Drop every set and every entry that names one of the identifiers, as if they never occurred."""
        decided.moves += self.identities.lose(self.identities.naming(gone))
        for entry in self._decisions.forget(gone):
            decided.moves += self.identities.unban(entry.pair)
            decided.lapsed.append(entry.id)
        decided.splits = [entry for entry in decided.splits if gone.isdisjoint(entry.identifiers)]
        decided.forgotten |= gone

    def erasure(self, gone: frozenset[str]) -> Erasure:
        """What goes with the identifiers, while their sets are still known."""
        lost = self.identities.naming(gone)
        # An event's entity is its strongest identifier, which is one of these or occurs together with one.
        entities = gone.union(named[0] for named in lost)
        others = {identifier for named in lost for identifier in named} - gone
        staying = [*(self.identities.naming(others) - lost), *self._store.identifier_sets_of(sorted(others))]
        seen = {identifier for named in staying if gone.isdisjoint(named) for identifier in named}
        return Erasure(entities, gone | (others - seen))

    def withdraw(self, events: Mapping[str, Identifiers], decided: Decided) -> Withdrawal:
        """Drop every set that these events alone hold, as if it never occurred.

        The result is the same once the events are deleted, so the flush can be repeated.
        """
        held = set(events.values())
        entities = {named[0] for named in held}
        self.identities.recall(entities)
        customers = {self.identities.customer_of(entity) for entity in entities}
        lost = held.difference(self._store.sets_besides(sorted(entities), sorted(events)))
        sets = {named for named in lost if len(named) > 1}
        decided.moves += self.identities.lose(sets)
        named_before = {identifier for named in held for identifier in named}
        staying = (
            *self.identities.naming(named_before),
            *self._store.identifier_sets_of(sorted(named_before)),
        )
        seen = {identifier for named in staying if named not in lost for identifier in named}
        return Withdrawal(
            frozenset(entities), frozenset(customers), frozenset(sets), frozenset(named_before - seen)
        )

    def unseen(self, others: Collection[str]) -> set[str]:
        """Those of the identifiers that no set and no event names, save with a forgotten identifier."""
        known = (*self.identities.naming(others), *self._store.identifier_sets_of(sorted(others)))
        seen = {one for named in known if not self.suppression.suppresses(named) for one in named}
        return set(others) - seen

    def rows(self, decided: Decided, version: int) -> list[IdentityRow]:
        """The rows of `identities` that the decisions change."""
        named = {identifier for identifiers in decided.sets for identifier in identifiers}
        named.update(move.identifier for move in decided.moves)
        return [
            IdentityRow(
                entity=identifier,
                customer=customer_id(self.identities.customer_of(identifier)),
                version=version,
            )
            for identifier in sorted(named)
        ]
