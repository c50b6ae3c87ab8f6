"""Streaming identity: the customers of the law in `customers`, kept up to date set by set.

A set of identifiers that is observed, banned in part or lost changes no more than the connected components
that it touches. Only those have to be in memory: the rest is loaded from the store when an event names it.
What is cached is complete. If an identifier is cached, so is its whole component, with all sets that name an
identifier of it; of a shared identifier, only the fact that it is shared. So whole components are evicted.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Set
from typing import NamedTuple

from touchline.identity import loading
from touchline.identity.cache import Cache
from touchline.identity.components import (
    NO_SETS,
    Component,
    IdentifierSet,
    connected,
    decided,
    is_banned,
)
from touchline.identity.customers import is_account
from touchline.identity.loading import Loader, StoredSets
from touchline.identity.sharing import POLICY, Pair, Policy, is_shared, is_shared_by_definition, may_share
from touchline.vocabulary.identifiers import UNIQUE_KIND, rank

CACHED_IDENTIFIERS = 300_000
"""How many identifiers are cached, unless a setting says otherwise; each takes some 300 bytes."""


class Move(NamedTuple):
    """An identifier whose customer changed; both customers by strongest identifier."""

    identifier: str
    before: str
    after: str


class Identities:
    """The sets observed so far, the policy, and the customers that follow from them.

    Args:
        policy: Limits, bans and shares from the start.
        stored: The sets observed before, for a cache; without it, everything observed is kept in memory.
        most: How many identifiers are cached after `make_room`.
    """

    def __init__(
        self, policy: Policy = POLICY, stored: StoredSets | None = None, most: int = CACHED_IDENTIFIERS
    ) -> None:
        self._loader = None if stored is None else Loader(stored)
        self._most = most
        self._set_policy(policy)
        self._cache = Cache(is_bounded=stored is not None)
        self._home = self._cache.home

    def __len__(self) -> int:
        """How many identifiers are cached."""
        return len(self._home)

    def make_room(self) -> None:
        """Evict the least recently used identifiers above `most`.

        Call it when the store holds what was observed, and no longer holds what was lost.
        """
        if self._loader is None:
            return
        self._loader.lost.clear()
        self._cache.make_room(self._most)

    def recall(self, identifiers: Iterable[str]) -> None:
        """Cache these identifiers: together in few queries, which costs less than one by one."""
        if self._loader is None:
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
            self._cache.touch(component)
        if unknown:
            self._load(unknown)

    def customer_of(self, entity: str) -> str:
        """The customer of an event with this strongest identifier, by strongest identifier."""
        component = self._home.get(entity)
        if component is None:
            if self._loader is None:
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
            return self._cache.identifiers(component)
        return component.members_of(customer).copy()

    def naming(self, identifiers: Collection[str]) -> set[IdentifierSet]:
        """The sets of two or more identifiers, observed so far, that name one of these."""
        wanted = frozenset(identifiers)
        self.recall(wanted)
        found, shared = set[IdentifierSet](), set[str]()
        for component in self._cache.components(wanted):
            found.update(named for named in component.sets if not wanted.isdisjoint(named))
            if component.shared:
                shared.add(component.customer)
        return found.union(self._sets_naming(shared))

    def named(self, identifiers: Collection[str], counts: Callable[[IdentifierSet], bool]) -> set[str]:
        """Those of the identifiers that occur in a set of two or more that counts."""
        wanted = frozenset(identifiers)
        self.recall(wanted)
        found, shared = set[str](), set[str]()
        for component in self._cache.components(wanted):
            for named in filter(counts, component.sets):
                found.update(wanted.intersection(named))
            if component.shared:
                shared.add(component.customer)
        for most in (loading.SETS_OF_SHARED, None):
            shared -= found
            for named in filter(counts, self._sets_naming(shared, most)):
                found.update(shared.intersection(named))
        return found

    def unseen(self, events: Iterable[IdentifierSet]) -> set[IdentifierSet]:
        """The sets of two or more identifiers, out of the events' sets, that were not observed so far."""
        sets = {named for named in events if len(named) > 1}
        self.recall({one for named in sets for one in named})
        unseen = {named for named in sets if not self._cache.has(named)}
        if self._loader is not None:
            shared = [named for named in unseen if all(self._home[one].shared for one in named)]
            if shared:
                unseen -= self._loader.known(shared)
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
        near = {identifier for component in changed for identifier in self._cache.identifiers(component)}
        for component in changed:
            self._decide(component, before)
        return near.union(*events)

    def ban(self, pair: Pair) -> list[Move]:
        """Ban a pair (stronger first): it is no link from now on, whether it occurred yet or not."""
        if pair in self._policy.bans:
            return []
        self.recall(pair)
        self._set_policy(self._policy._replace(bans=self._policy.bans | {pair}))
        return self._decide_pair(pair)

    def unban(self, pair: Pair) -> list[Move]:
        """Lift the ban on a pair (stronger first): it is a link again, if it occurred."""
        if pair not in self._policy.bans:
            return []
        self.recall(pair)
        self._set_policy(self._policy._replace(bans=self._policy.bans - {pair}))
        return self._decide_pair(pair)

    def share(self, identifier: str) -> list[Move]:
        """Share an identifier: it links nobody from now on, whether it occurred yet or not."""
        if identifier in self._policy.shares:
            return []
        self.recall((identifier,))
        self._set_policy(self._policy._replace(shares=self._policy.shares | {identifier}))
        component = self._home.get(identifier)
        return [] if component is None or component.shared else self._decide_again(component)

    def unshare(self, identifier: str) -> list[Move]:
        """Undo `share`: what the identifier occurs with says whether it is shared."""
        if identifier not in self._policy.shares:
            return []
        self.recall((identifier,))
        self._set_policy(self._policy._replace(shares=self._policy.shares - {identifier}))
        return self._moves(self._release({identifier}, frozenset()))

    def lose(self, sets: Iterable[IdentifierSet]) -> list[Move]:
        """Remove sets, as if they never occurred: the events that held them are erased."""
        sets = {named for named in sets if len(named) > 1}
        ends = {one for named in sets for one in named}
        self.recall(ends)
        if self._loader is not None:
            self._loader.lost |= sets
        before = self._release(ends, sets)
        moves = self._moves(before)
        for one in ends & before.keys():
            if not self._home[one].sets:
                self._cache.remove(one)
        return moves

    def _release(self, ends: Set[str], lost: Set[IdentifierSet]) -> dict[str, str]:
        """Decide again on identifiers that may be shared no longer; gives the customers that may change.

        Args:
            ends: The identifiers, cached.
            lost: Sets that name them and do not count any more.
        """
        shared = {
            component.customer: component for component in self._cache.components(ends) if component.shared
        }
        self._cache.unstored.update(shared.values())
        for component in shared.values():
            component.sets = component.sets - lost
        # So many sets show that an identifier stays shared without the lost ones; else all are needed.
        parted = {one for one in shared if not is_shared_by_definition(one, self._policy.shares)}
        for most in (loading.SETS_OF_SHARED + len(lost), None):
            for named in self._sets_naming(parted, most):
                for one in parted.intersection(named):
                    shared[one].add((named,))
            parted = {one for one in parted if not is_shared(one, shared[one].sets, self._policy)}
        near = {other for one in parted for named in shared[one].sets for other in named}
        self.recall(near)

        components = [
            one for one in self._cache.components(ends | near) if not one.shared or one.customer in parted
        ]
        before: dict[str, str] = {}
        for component in components:
            self._note_customers(component, before)
        self._rebuild(components, set[IdentifierSet]().union(*(one.sets for one in components)) - lost)
        return before

    def _add(self, events: Iterable[IdentifierSet], before: dict[str, str]) -> list[Component]:
        """Add sets; gives the components that new links changed. `before` gets customers that may change."""
        sets = dict.fromkeys(events)
        self.recall({one for named in sets for one in named})
        if self._loader is not None:
            self._loader.lost.difference_update(sets)
        changed: dict[Component, None] = {}
        for named in sets:
            if len(named) < 2 or self._cache.has(named):
                continue
            components: dict[Component, None] = {}
            decisive: IdentifierSet = ()
            for place, one in enumerate(named, 1):
                component = self._home.get(one) or self._place_first(one)
                if component.shared:
                    component.add((named,))
                    self._cache.unstored.add(component)
                else:
                    # A shared identifier that is stronger links nobody, but it counts for a limit.
                    decisive = named[:place]
                    components[component] = None
            if not components:
                continue
            joined, *others = components
            is_new = bool(others) or (len(decisive) > 1 and not joined.covers(decisive))
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
        for identifier in self._cache.identifiers(other):
            self._home[identifier] = one
        one.customer = customer
        one.accounts += other.accounts
        one.add(other.sets)
        self._cache.drop(other)
        return one

    def _decide(self, component: Component, before: dict[str, str]) -> None:
        """Decide on the customers of a changed component; `before` gets the customers so far."""
        several = component.accounts > 1 or component.customers is not None
        if (
            several
            or is_banned(component.sets, self._banned)
            or may_share(component.sets, self._policy.limits, self._fewest)
        ):
            self._note_customers(component, before)
            self._rebuild([component], component.sets)

    def _decide_pair(self, pair: Pair) -> list[Move]:
        components = {self._home.get(one) for one in pair}
        component = components.pop()
        if components or component is None or component.shared:
            return []
        return self._decide_again(component)

    def _decide_again(self, component: Component) -> list[Move]:
        before: dict[str, str] = {}
        self._note_customers(component, before)
        self._rebuild([component], component.sets)
        return self._moves(before)

    def _rebuild(self, components: Iterable[Component], sets: Iterable[IdentifierSet]) -> None:
        """Replace components by those that the sets give for their identifiers."""
        naming: dict[str, set[IdentifierSet]] = {}
        for component in components:
            naming.update((one, set()) for one in self._cache.identifiers(component))
            self._cache.drop(component)
        for named in sets:
            for one in named:
                if one in naming:
                    naming[one].add(named)
        for one in [one for one in naming if is_shared(one, naming[one], self._policy)]:
            self._cache.unstored.add(self._place_shared(one, naming.pop(one)))
        for identifiers, within in connected(naming):
            self._place(identifiers, within)

    def _load(self, identifiers: set[str]) -> None:
        """Load identifiers, and the components that they are in."""
        if self._loader is None:
            return
        naming, shared, cached = self._loader.load(identifiers, self._policy, self._home)
        for one in shared:
            self._place_shared(one, NO_SETS)
        for one in cached:
            self._cache.touch(self._home[one])
        for one in [one for one, sets in naming.items() if not sets]:
            del naming[one]
            self._place_alone(one)
        for within, sets in connected(naming):
            self._place(within, sets)

    def _sets_naming(self, identifiers: Collection[str], most: int | None = None) -> Iterable[IdentifierSet]:
        """The stored sets that name one of the identifiers."""
        return () if self._loader is None else self._loader.sets_naming(identifiers, most)

    def _place_first(self, identifier: str) -> Component:
        """Place an identifier that occurs for the first time."""
        if is_shared_by_definition(identifier, self._policy.shares):
            return self._place_shared(identifier, NO_SETS)
        return self._place_alone(identifier)

    def _place_alone(self, identifier: str) -> Component:
        return self._cache.place(Component(identifier, NO_SETS, int(is_account(identifier))), (identifier,))

    def _place(self, identifiers: set[str], sets: Set[IdentifierSet]) -> Component:
        component = decided(identifiers, sets, self._policy.bans, self._banned)
        return self._cache.place(component, identifiers)

    def _place_shared(self, identifier: str, sets: Set[IdentifierSet]) -> Component:
        return self._cache.place(Component(identifier, sets, 0, shared=True), (identifier,))

    def _note_customers(self, component: Component, before: dict[str, str]) -> None:
        for one in self._cache.identifiers(component):
            before.setdefault(one, component.customer_of(one))

    def _moves(self, before: Mapping[str, str]) -> list[Move]:
        found = ((one, customer, self._home[one].customer_of(one)) for one, customer in before.items())
        return [Move(one, customer, after) for one, customer, after in found if after != customer]

    def _set_policy(self, policy: Policy) -> None:
        self._policy = policy
        self._banned = {one for pair in policy.bans for one in pair}
        # Beyond a limit are one more than it allows, and the weaker one; several accounts show by themselves.
        others = (limit for kind, limit in policy.limits.items() if kind != UNIQUE_KIND)
        self._fewest = min(others, default=0) + 1
