"""Decides which identifiers belong to one customer.

It decides from the sets of identifiers that occur together, and from what operators ordered.

The result follows from the sets and the ledger's entries that the store holds, and from nothing else, so that
a repeated flush decides the same. Only the neighbourhood of what comes is read, and a bounded part is cached.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from touchline.engine.identity.decisions import Decisions
from touchline.engine.ports import Store
from touchline.identity import (
    CACHED_IDENTIFIERS,
    LIMITS,
    Entry,
    Identities,
    Limits,
    Move,
    Policy,
    Suppression,
    customer_id,
    law,
)
from touchline.tables.rows import IdentityRow

Identifiers = tuple[str, ...]
"""The identifiers of an event, strongest first."""

REDECIDED_TOGETHER = 5_000
"""Identifiers that are decided again together, when another law or other rules were in force."""

RefoldProgress = Callable[[int, int], None]
"""Called while every customer is refolded, with how many identifiers are done, and of how many."""


def unseen_progress(done: int, of: int) -> None:
    """Show no progress."""


SETS_OF_ENTITY = 64
"""Sets of an entity's events that are read at first: enough to find one that stays."""


@dataclass(slots=True)
class Decided:
    """What one flush decided.

    Attributes:
        moves: Identifiers that changed customer, in the order in which they did.
        sets: Sets of two or more identifiers that were not known.
        link_entries: Entries of the ledger about what links.
        suppressions: Entries of the ledger about forgotten identifiers.
        forgotten: Identifiers of which nothing is kept.
        lapsed: Entries of the ledger, by id, that name a forgotten identifier.
    """

    moves: list[Move] = field(default_factory=list)
    sets: list[Identifiers] = field(default_factory=list)
    link_entries: list[Entry] = field(default_factory=list)
    suppressions: list[Entry] = field(default_factory=list)
    forgotten: frozenset[str] = frozenset()
    lapsed: list[str] = field(default_factory=list)


class Redecided(NamedTuple):
    """What another law decides about some identifiers.

    Attributes:
        changed: The identifiers with another customer than in the identities table.
        everyone: Each identifier, as if it had been a customer of its own: so every former customer is named.
        done: Identifiers decided so far.
    """

    changed: Decided
    everyone: list[Move]
    done: int


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
        limits: How many identifiers of a kind a customer may have.
    """

    def __init__(self, store: Store, cached: int = CACHED_IDENTIFIERS, limits: Limits = LIMITS) -> None:
        self._store = store
        self._decisions = Decisions(store.ledger())
        policy = Policy(limits, self._decisions.bans, self._decisions.shares)
        self.identities = Identities(policy, store, cached)

        self.law = law(limits)
        """A fingerprint of the law that it decides by."""

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
        for identifier in sorted(taken.unshared):
            decided.moves += self.identities.unshare(identifier)
        for identifier in sorted(taken.shared):
            decided.moves += self.identities.share(identifier)
        for entry in taken.entries:
            (decided.link_entries if entry.is_about_links else decided.suppressions).append(entry)
        return taken.gone

    def forget(self, gone: frozenset[str], decided: Decided) -> None:
        """Drop every set and every entry that names one of the identifiers, as if they never occurred."""
        decided.moves += self.identities.lose(self.identities.naming(gone))
        for entry in self._decisions.forget(gone):
            if entry.is_split:
                decided.moves += self.identities.unban(entry.pair)
            elif entry.is_share:
                decided.moves += self.identities.unshare(entry.identifiers[0])
            decided.lapsed.append(entry.id)
        decided.link_entries = [entry for entry in decided.link_entries if gone.isdisjoint(entry.identifiers)]
        decided.forgotten |= gone

    def erasure(self, gone: frozenset[str]) -> Erasure:
        """What goes with the identifiers, while their sets are still known."""
        lost = self.identities.naming(gone)
        # An event's entity is its strongest identifier, which is one of these or occurs together with one.
        entities = gone.union(named[0] for named in lost)
        others = {identifier for named in lost for identifier in named} - gone
        return Erasure(entities, gone | (others - self._named(others, gone.isdisjoint)))

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
        seen = self._named(named_before, lambda named: named not in lost)
        return Withdrawal(
            frozenset(entities), frozenset(customers), frozenset(sets), frozenset(named_before - seen)
        )

    def unseen(self, others: Collection[str]) -> set[str]:
        """Those of the identifiers that no set and no event names, save with a forgotten identifier."""
        return set(others) - self._named(others, lambda named: not self.suppression.suppresses(named))

    def _named(self, others: Collection[str], counts: Callable[[Identifiers], bool]) -> set[str]:
        """Those of the identifiers that a set, or an event of theirs, names; if the set counts."""
        found = self.identities.named(others, counts)
        for most in (SETS_OF_ENTITY, None):
            if left := set(others) - found:
                sets = self._store.identifier_sets_of(sorted(left), most)
                found.update(identifier for named in filter(counts, sets) for identifier in named)
        return found

    def redecide(self) -> Iterator[Redecided]:
        """Decide about every identifier again, a portion at a time, as another law may have decided.

        A flush by the other law may have been cut off anywhere, so that the table does not tell who changed.
        Identifiers of one customer come together, so that nearly every customer is in one portion alone.
        """
        rows, done = iter(self._store.identities()), 0
        while portion := dict(islice(rows, REDECIDED_TOGETHER)):
            changed = self.begin()
            self.identities.recall(portion)
            everyone = [Move(one, one, self.identities.customer_of(one)) for one in portion]
            changed.moves += (
                move for move in everyone if customer_id(move.after) != portion[move.identifier]
            )
            done += len(portion)
            yield Redecided(changed, everyone, done)

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
