"""Streaming identity: the same customers, decided pair by pair as pairs are first seen, banned or lost.

A change of pairs can change no more than what their ends were, or now are, joined to; that neighbourhood
is decided again by the law in `customers`, and the rest stays.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from typing import NamedTuple

from touchline.identity.customers import Pair, customers, is_account, pairs
from touchline.vocabulary.identifiers import rank


class Move(NamedTuple):
    """An identifier that changed hands: from one customer to another, each by strongest identifier."""

    identifier: str
    before: str
    after: str


class Identities:
    """The pairs seen so far, those of them that are banned, and the customers that follow from them."""

    def __init__(self, bans: Iterable[Pair] = ()) -> None:
        self._bans = set(bans)
        self._partners: dict[str, set[str]] = defaultdict(set)
        self._customer: dict[str, str] = {}
        self._members: dict[str, set[str]] = {}
        self._shared: set[str] = set()

    def customer_of(self, entity: str) -> str:
        """The customer of an event with this strongest identifier, by strongest identifier."""
        return self._customer.get(entity, entity)

    def members_of(self, customer: str) -> set[str]:
        """The identifiers of a customer (named by strongest identifier); empty when it is no more."""
        if customer in self._customer and self._customer[customer] != customer:
            return set()
        return self._members.get(customer, {customer})

    def observe(self, events: Iterable[Sequence[str]]) -> list[Move]:
        """Take in the identifiers of events, each strongest first; say which changed customer.

        An identifier that was in no pair before was a customer of its own.
        """
        fresh = {
            pair
            for identifiers in events
            if len(identifiers) > 1
            for pair in pairs(identifiers)
            if pair[1] not in self._partners.get(pair[0], ())
        }
        if not fresh:
            return []
        for one, other in fresh:
            self._partners[one].add(other)
            self._partners[other].add(one)
        near = self._neighbourhood({identifier for pair in fresh for identifier in pair})
        self._shared |= {identifier for identifier in near if self._is_shared(identifier)}
        return self._decide(near)

    def partners_of(self, identifier: str) -> Set[str]:
        """The identifiers that occurred together with one."""
        return self._partners.get(identifier, frozenset())

    def ban(self, pair: Pair) -> list[Move]:
        """The pair (stronger first) is no link from now on, whether it occurred yet or not."""
        if pair in self._bans:
            return []
        self._bans.add(pair)
        return self._decide(self._neighbourhood(set(pair))) if pair[1] in self.partners_of(pair[0]) else []

    def unban(self, pair: Pair) -> list[Move]:
        """The pair (stronger first) is a link again, if it occurred."""
        if pair not in self._bans:
            return []
        self._bans.discard(pair)
        return self._decide(self._neighbourhood(set(pair))) if pair[1] in self.partners_of(pair[0]) else []

    def lose(self, lost: Iterable[Pair]) -> list[Move]:
        """The pairs never occurred: the events that held them are erased."""
        lost = [(one, other) for one, other in lost if other in self.partners_of(one)]
        ends = {identifier for pair in lost for identifier in pair}
        near = self._neighbourhood(ends)
        for one, other in lost:
            self._partners[one].discard(other)
            self._partners[other].discard(one)
        # What is shared no longer links again: what it links now is near as well.
        self._shared -= ends
        self._shared |= {identifier for identifier in ends if self._is_shared(identifier)}
        moves = self._decide(near | self._neighbourhood(ends))
        for identifier in ends:
            if not self._partners[identifier]:
                del self._partners[identifier], self._customer[identifier]
        return moves

    def _decide(self, near: set[str]) -> list[Move]:
        """Decide again whose the identifiers are; say which changed customer."""
        decided = customers(self._links_within(near))
        moves = [
            Move(identifier, before, after)
            for identifier in near
            if (after := decided.get(identifier, identifier)) != (before := self.customer_of(identifier))
        ]
        for identifier in near:
            self._assign(identifier, decided.get(identifier, identifier))
        return moves

    def _neighbourhood(self, ends: set[str]) -> set[str]:
        """What hangs together with `ends`, through identifiers that were not shared until now.

        Banned pairs count as if they were links: a ban may have just begun or ended.
        """
        found, reach = set(ends), [end for end in ends if end not in self._shared]
        while reach:
            for partner in self._partners[reach.pop()]:
                if partner not in found and partner not in self._shared:
                    found.add(partner)
                    reach.append(partner)
        return found

    def _is_shared(self, identifier: str) -> bool:
        if identifier in self._shared or is_account(identifier):
            return identifier in self._shared
        accounts = 0
        for partner in self._partners[identifier]:
            accounts += is_account(partner)
            if accounts > 1:
                return True
        return False

    def _links_within(self, near: set[str]) -> Iterable[Pair]:
        """The links among `near`; none of a shared identifier, which links nobody."""
        for identifier in near - self._shared:
            for partner in self._partners[identifier]:
                if partner in near and partner not in self._shared:
                    one, other = sorted((identifier, partner), key=rank)
                    if (one, other) not in self._bans:
                        yield one, other

    def _assign(self, identifier: str, customer: str) -> None:
        before = self.customer_of(identifier)
        if before != customer and before in self._members:
            self._members[before].discard(identifier)
            if self._members[before] <= {before}:
                del self._members[before]
        self._customer[identifier] = customer
        if identifier != customer:
            self._members.setdefault(customer, {customer}).add(identifier)
