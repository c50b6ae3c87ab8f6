"""Streaming identity: the customers of the law in `customers`, kept up to date set by set.

A set of identifiers that is observed, banned in part or lost changes no more than the connected components
that it touches. Only those have to be in memory: the rest is loaded from the store when an event names it.
What is cached is complete. If an identifier is cached, so is its whole component, with all sets that name an
identifier of it; of a shared identifier, only the fact that it is shared. So whole components are evicted.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from typing import NamedTuple, Protocol

from touchline.identity.components import (
    NO_SETS,
    Component,
    IdentifierSet,
    connected,
    decided,
    is_banned,
    is_shared,
)
from touchline.identity.customers import Pair, is_account
from touchline.vocabulary.identifiers import rank

CACHED_IDENTIFIERS = 300_000
"""How many identifiers are cached, unless a setting says otherwise; each takes some 300 bytes."""

SETS_OF_SHARED = 64
"""Sets of an identifier that are loaded at first: enough to see that a very common one is shared."""


class Move(NamedTuple):
    """An identifier whose customer changed; both customers by strongest identifier."""

    identifier: str
    before: str
    after: str


class StoredSets(Protocol):
    """The store of the sets that were observed before."""

    def sets_naming(self, identifiers: Sequence[str], most: int | None = None) -> Iterable[IdentifierSet]:
        """The sets that name one of the identifiers.

        `most` bounds them: of each identifier, that many with an account and that many without are enough.
        """

    def known_sets(self, sets: Sequence[IdentifierSet]) -> set[IdentifierSet]:
        """The sets, out of these, that are stored."""


class Identities:
    """The sets observed so far, the banned pairs, and the customers that follow from them.

    Args:
        bans: Pairs that are banned from the start.
        stored: The sets observed before, for a cache; without it, everything observed is kept in memory.
        most: How many identifiers are cached after `make_room`.
    """

    def __init__(
        self, bans: Iterable[Pair] = (), stored: StoredSets | None = None, most: int = CACHED_IDENTIFIERS
    ) -> None:
        self._stored = stored
        self._most = most
        self._set_bans(set(bans))
        self._home: dict[str, Component] = {}
        # Least recently used first.
        self._recency: dict[Component, None] = {}
        # Shared identifiers with sets that might not be stored yet, and sets that might be stored still.
        self._unstored: set[Component] = set()
        self._lost: set[IdentifierSet] = set()

    def __len__(self) -> int:
        """How many identifiers are cached."""
        return len(self._home)

    def make_room(self) -> None:
        """Evict the least recently used identifiers above `most`.

        Call it when the store holds what was observed, and no longer holds what was lost.
        """
        if self._stored is None:
            return
        self._lost.clear()
        for component in self._unstored:
            component.sets = NO_SETS
        self._unstored.clear()
        evicted = []
        for component in self._recency:
            if len(self._home) <= self._most:
                break
            evicted.append(component)
            for identifier in self._identifiers(component):
                del self._home[identifier]
        for component in evicted:
            del self._recency[component]

    def recall(self, identifiers: Iterable[str]) -> None:
        """Cache these identifiers: together in few queries, which costs less than one by one."""
        if self._stored is None:
            return
        home = self._home
        unknown, cached = set(), set()
        for identifier in identifiers:
            component = home.get(identifier)
            if component is None:
                unknown.add(identifier)
            else:
                cached.add(component)
        for component in cached:
            self._touch(component)
        if unknown:
            self._load(unknown)

    def customer_of(self, entity: str) -> str:
        """The customer of an event with this strongest identifier, by strongest identifier."""
        component = self._home.get(entity)
        if component is None:
            if self._stored is None:
                return entity
            self._load({entity})
            component = self._home[entity]
        return component.customer if component.customers is None else component.customers[entity]

    def members_of(self, customer: str) -> set[str]:
        """The identifiers of a customer (named by strongest identifier); empty if it is one no longer."""
        if self.customer_of(customer) != customer:
            return set()
        component = self._home.get(customer)
        if component is None:
            return {customer}
        if component.customers is None:
            return self._identifiers(component)
        return component.members_of(customer).copy()

    def naming(self, identifiers: Collection[str]) -> set[IdentifierSet]:
        """The sets of two or more identifiers, observed so far, that name one of these."""
        wanted = frozenset(identifiers)
        self.recall(wanted)
        found, shared = set[IdentifierSet](), set[str]()
        for component in {self._home[one] for one in wanted if one in self._home}:
            found.update(named for named in component.sets if not wanted.isdisjoint(named))
            if component.shared:
                shared.add(component.customer)
        return found.union(self._query(shared))

    def unseen(self, events: Iterable[IdentifierSet]) -> set[IdentifierSet]:
        """The sets of two or more identifiers, out of the events' sets, that were not observed so far."""
        sets = {named for named in events if len(named) > 1}
        self.recall({one for named in sets for one in named})
        unseen = {named for named in sets if not self._is_cached(named)}
        if self._stored is not None:
            shared = [named for named in unseen if all(self._home[one].shared for one in named)]
            if shared:
                unseen -= self._stored.known_sets(sorted(shared)) - self._lost
        return unseen

    def observe(self, events: Iterable[IdentifierSet]) -> list[Move]:
        """Add the sets of identifiers of events; gives the identifiers that changed customer.

        An identifier that was in no set before was a customer of its own.
        """
        before: dict[str, str] = {}
        for component in self._add(events, before):
            self._decide(component, before)
        return self._moves(before)

    def adopt(self, events: Iterable[IdentifierSet]) -> set[str]:
        """Add sets of identifiers of which another process may have observed some, in any order.

        Gives the identifiers for which that process may have decided on another customer.
        """
        events = self.unseen(events)
        before: dict[str, str] = {}
        changed = self._add(events, before)
        near = {identifier for component in changed for identifier in self._identifiers(component)}
        for component in changed:
            self._decide(component, before)
        return near.union(*events)

    def ban(self, pair: Pair) -> list[Move]:
        """Ban a pair (stronger first): it is no link from now on, whether it occurred yet or not."""
        if pair in self._bans:
            return []
        self.recall(pair)
        self._set_bans(self._bans | {pair})
        return self._decide_pair(pair)

    def unban(self, pair: Pair) -> list[Move]:
        """Lift the ban on a pair (stronger first): it is a link again, if it occurred."""
        if pair not in self._bans:
            return []
        self.recall(pair)
        self._set_bans(self._bans - {pair})
        return self._decide_pair(pair)

    def lose(self, sets: Iterable[IdentifierSet]) -> list[Move]:
        """Remove sets, as if they never occurred: the events that held them are erased."""
        sets = {named for named in sets if len(named) > 1}
        ends = {one for named in sets for one in named}
        self.recall(ends)
        shared = {one: self._home[one] for one in ends if one in self._home and self._home[one].shared}
        self._unstored.update(shared.values())
        # So many sets show that an identifier stays shared without the lost ones; else all are needed.
        parted = set(shared)
        for most in (SETS_OF_SHARED + len(sets), None):
            for named in self._query(parted, most):
                for one in parted.intersection(named):
                    shared[one].add((named,))
            parted = {one for one in parted if not is_shared(one, shared[one].sets - sets)}
        for component in shared.values():
            component.sets = component.sets - sets
        if self._stored is not None:
            self._lost |= sets
        near = {other for one in parted for named in shared[one].sets for other in named}
        self.recall(near)

        components = {self._home[one] for one in ends | near if one in self._home}
        components = {one for one in components if not one.shared or one.customer in parted}
        before: dict[str, str] = {}
        for component in components:
            self._note_customers(component, before)
        self._rebuild(components, set[IdentifierSet]().union(*(one.sets for one in components)) - sets)
        moves = self._moves(before)
        for one in ends & before.keys():
            if not self._home[one].sets:
                self._recency.pop(self._home.pop(one), None)
        return moves

    def _add(self, events: Iterable[IdentifierSet], before: dict[str, str]) -> list[Component]:
        """Add sets; gives the components that new links changed. `before` gets customers that may change."""
        sets = dict.fromkeys(events)
        self.recall({one for named in sets for one in named})
        self._lost.difference_update(sets)
        changed: dict[Component, None] = {}
        for named in sets:
            if len(named) < 2 or self._is_cached(named):
                continue
            components: dict[Component, None] = {}
            linked = []
            for one in named:
                component = self._home.get(one) or self._place({one}, NO_SETS)
                if component.shared:
                    component.add((named,))
                    self._unstored.add(component)
                else:
                    linked.append(one)
                    components[component] = None
            if not components:
                continue
            joined, *others = components
            is_new = bool(others) or (len(linked) > 1 and not joined.covers(linked))
            joined.add((named,))
            for component in others:
                changed.pop(joined, None)
                changed.pop(component, None)
                joined = self._join(joined, component, before)
            if is_new:
                changed[joined] = None
        return list(changed)

    def _join(self, one: Component, other: Component, before: dict[str, str]) -> Component:
        """Join two components; `before` gets the customers that change by it."""
        if len(one.sets) < len(other.sets):
            one, other = other, one
        customer = min(one.customer, other.customer, key=rank)
        if customer != one.customer:
            self._note_customers(one, before)
        self._note_customers(other, before)
        for identifier in self._identifiers(other):
            self._home[identifier] = one
        one.customer = customer
        one.accounts += other.accounts
        one.add(other.sets)
        self._recency.pop(other, None)
        return one

    def _decide(self, component: Component, before: dict[str, str]) -> None:
        """Decide on the customers of a changed component; `before` gets the customers so far."""
        several = component.accounts > 1 or component.customers is not None
        if several or is_banned(component.sets, self._banned):
            self._note_customers(component, before)
            self._rebuild([component], component.sets)

    def _decide_pair(self, pair: Pair) -> list[Move]:
        components = {self._home.get(one) for one in pair}
        component = components.pop()
        if components or component is None or component.shared:
            return []
        before: dict[str, str] = {}
        self._note_customers(component, before)
        self._rebuild([component], component.sets)
        return self._moves(before)

    def _rebuild(self, components: Iterable[Component], sets: Iterable[IdentifierSet]) -> None:
        """Replace components by those that the sets give for their identifiers."""
        naming: dict[str, set[IdentifierSet]] = {}
        for component in components:
            naming.update((one, set()) for one in self._identifiers(component))
            self._recency.pop(component, None)
            self._unstored.discard(component)
        for named in sets:
            for one in named:
                if one in naming:
                    naming[one].add(named)
        for one in [one for one in naming if is_shared(one, naming[one])]:
            self._unstored.add(self._place_shared(one, naming.pop(one)))
        for identifiers, within in connected(naming):
            self._place(identifiers, within)

    def _load(self, identifiers: set[str]) -> None:
        """Load identifiers, and the components that they are in, step by step from the store."""
        naming: dict[str, set[IdentifierSet]] = {}
        reach = identifiers
        while reach:
            naming.update((one, set()) for one in reach)
            self._load_naming({one: naming[one] for one in reach}, SETS_OF_SHARED)
            shared = {one for one in reach if is_shared(one, naming[one])}
            cut = {one: naming[one] for one in reach - shared if _may_be_cut(naming[one])}
            if cut:
                self._load_naming(cut, None)
                shared.update(one for one in cut if is_shared(one, cut[one]))
            near = {other for one in reach - shared for named in naming[one] for other in named}
            for one in shared:
                self._place_shared(one, NO_SETS)
            reach = {one for one in near if one not in naming}
            for one in [one for one in reach if one in self._home]:
                # A shared identifier next to it: of others, the component would be cached.
                reach.remove(one)
                self._touch(self._home[one])
        for within, sets in connected({one: naming[one] for one in naming if one not in self._home}):
            self._place(within, sets or NO_SETS)

    def _touch(self, component: Component) -> None:
        del self._recency[component]
        self._recency[component] = None

    def _load_naming(self, naming: Mapping[str, set[IdentifierSet]], most: int | None) -> None:
        names = {one: one for one in naming}
        for named in self._query(naming, most):
            # One text for each identifier, however many sets name it.
            named = tuple([names.setdefault(one, one) for one in named])
            for one in named:
                if one in naming:
                    naming[one].add(named)

    def _query(self, identifiers: Collection[str], most: int | None = None) -> Iterable[IdentifierSet]:
        """The stored sets that name one of the identifiers, without those that were lost since."""
        if self._stored is None or not identifiers:
            return ()
        found = self._stored.sets_naming(sorted(identifiers), most)
        return [named for named in found if named not in self._lost] if self._lost else found

    def _place(self, identifiers: set[str], sets: Set[IdentifierSet]) -> Component:
        component = decided(identifiers, sets, self._bans, self._banned)
        for one in identifiers:
            self._home[one] = component
        if self._stored is not None:
            self._recency[component] = None
        return component

    def _place_shared(self, identifier: str, sets: Set[IdentifierSet]) -> Component:
        component = self._home[identifier] = Component(identifier, sets, 0, shared=True)
        if self._stored is not None:
            self._recency[component] = None
        return component

    def _is_cached(self, named: IdentifierSet) -> bool:
        """Whether a set is in the cache; if one of its identifiers is not shared, whether it was observed."""
        for one in named:
            component = self._home.get(one)
            if component is None:
                return False
            if named in component.sets:
                return True
            if not component.shared:
                return False
        return False

    def _identifiers(self, component: Component) -> set[str]:
        if component.shared or not component.sets:
            return {component.customer}
        home = self._home
        return {one for named in component.sets for one in named if home.get(one) is component}

    def _note_customers(self, component: Component, before: dict[str, str]) -> None:
        for one in self._identifiers(component):
            before.setdefault(one, component.customer_of(one))

    def _moves(self, before: Mapping[str, str]) -> list[Move]:
        found = ((one, customer, self._home[one].customer_of(one)) for one, customer in before.items())
        return [Move(one, customer, after) for one, customer, after in found if after != customer]

    def _set_bans(self, bans: set[Pair]) -> None:
        self._bans = bans
        self._banned = {one for pair in bans for one in pair}


def _may_be_cut(sets: Set[IdentifierSet]) -> bool:
    """Whether the store may have more sets of an identifier than these, of those that it gave at first."""
    with_account = sum(is_account(named[0]) for named in sets)
    return max(with_account, len(sets) - with_account) >= SETS_OF_SHARED
