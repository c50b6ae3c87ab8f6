"""Streaming identity: the same customers, decided pair by pair as pairs are first seen, banned or lost.

A change of pairs can change no more than what their ends were, or now are, joined to; that neighbourhood
is decided again by the law in `customers`, and the rest stays. So no more has to be in mind than the
neighbourhoods of what comes: the rest can be recalled, from whatever keeps the sets that were observed.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

from touchline.identity.customers import Pair, customers, is_account, pairs
from touchline.vocabulary.identifiers import rank

Recall = Callable[[Collection[str]], Iterable[tuple[str, ...]]]
"""The sets observed so far that name one of these identifiers."""


class Move(NamedTuple):
    """An identifier that changed hands: from one customer to another, each by strongest identifier."""

    identifier: str
    before: str
    after: str


class Identities:
    """The pairs seen so far, those of them that are banned, and the customers that follow from them.

    Args:
        bans: Banned from the beginning.
        recalled: Looks up what is not in mind; without it all that was observed is in mind.
    """

    def __init__(self, bans: Iterable[Pair] = (), recalled: Recall | None = None, most: int = 0) -> None:
        self._most = most
        self._bans = set(bans)
        self._recalled = recalled
        self._forget_all()

    def _forget_all(self) -> None:
        self._sets: set[tuple[str, ...]] = set()
        self._partners: dict[str, set[str]] = defaultdict(set)
        # Of what can be recalled, those that were: with all sets that name them, and whose they are.
        self._customer: dict[str, str] = {}
        self._members: dict[str, set[str]] = {}
        self._shared: set[str] = set()

    def make_room(self) -> None:
        """Have nothing in mind, if it is more than `most` identifiers, at a time when all can be recalled."""
        if self._recalled is not None and len(self._customer) > self._most:
            self._forget_all()

    def recall(self, identifiers: Iterable[str]) -> None:
        """Have these in mind: all of them together, which costs less than one by one."""
        if self._recalled is None:
            return
        near: set[str] = set()
        reach = set(identifiers) - self._customer.keys()
        if not reach:
            return
        while reach:
            if unknown := reach - self._customer.keys():
                self._see(self._recalled(unknown))
            self._shared |= {one for one in reach if self._is_shared(one)}
            near |= reach
            reach = {other for one in reach - self._shared for other in self._partners[one]} - near
        self._decide(near)

    def customer_of(self, entity: str) -> str:
        """The customer of an event with this strongest identifier, by strongest identifier."""
        if entity not in self._customer:
            self.recall((entity,))
        return self._customer.get(entity, entity)

    def members_of(self, customer: str) -> set[str]:
        """The identifiers of a customer (named by strongest identifier); empty when it is no more."""
        if self.customer_of(customer) != customer:
            return set()
        return self._members.get(customer, {customer})

    def naming(self, identifiers: Collection[str]) -> set[tuple[str, ...]]:
        """The sets of two or more identifiers, observed so far, that name one of these."""
        wanted = frozenset(identifiers)
        self.recall(wanted)
        return {named for named in self._sets if not wanted.isdisjoint(named)}

    def unseen(self, events: Iterable[tuple[str, ...]]) -> set[tuple[str, ...]]:
        """Those of the events' sets of two or more identifiers that were not observed so far."""
        events = {named for named in events if len(named) > 1}
        self.recall({one for named in events for one in named})
        return events - self._sets

    def observe(self, events: Iterable[tuple[str, ...]]) -> list[Move]:
        """Take in the identifiers of events, each strongest first; say which changed customer.

        An identifier that was in no pair before was a customer of its own.
        """
        events = list(events)
        self.recall({one for named in events for one in named})
        fresh = self._see(events)
        if not fresh:
            return []
        near = self._neighbourhood({identifier for pair in fresh for identifier in pair})
        self._shared |= {identifier for identifier in near if self._is_shared(identifier)}
        return self._decide(near)

    def adopt(self, events: Iterable[tuple[str, ...]]) -> set[str]:
        """Take in the identifiers of events, each strongest first, of which others may have observed some.

        Gives the identifiers of which they may have said another customer than theirs is now, whichever of
        the events they observed, and in what order.
        """
        events = list(events)
        self.recall({one for named in events for one in named})
        fresh = self._see(events)
        near = self._neighbourhood({identifier for pair in fresh for identifier in pair})
        self._shared |= {identifier for identifier in near if self._is_shared(identifier)}
        self._decide(near)
        return near

    def ban(self, pair: Pair) -> list[Move]:
        """The pair (stronger first) is no link from now on, whether it occurred yet or not."""
        if pair in self._bans:
            return []
        self.recall(pair)
        self._bans.add(pair)
        return self._decide_if_seen(pair)

    def unban(self, pair: Pair) -> list[Move]:
        """The pair (stronger first) is a link again, if it occurred."""
        if pair not in self._bans:
            return []
        self.recall(pair)
        self._bans.discard(pair)
        return self._decide_if_seen(pair)

    def lose(self, sets: Iterable[tuple[str, ...]]) -> list[Move]:
        """These sets never occurred: the events that held them are erased."""
        sets = set(sets)
        self.recall({one for named in sets for one in named})
        sets &= self._sets
        ends = {one for named in sets for one in named}
        # What is shared no longer links again: what it links now is near as well.
        self.recall({other for one in ends for other in self._partners[one]})
        self._sets -= sets
        staying = {pair for named in self._sets if not ends.isdisjoint(named) for pair in pairs(named)}
        lost = {pair for named in sets for pair in pairs(named)} - staying
        near = self._neighbourhood(ends)
        for one, other in lost:
            self._partners[one].discard(other)
            self._partners[other].discard(one)
        self._shared -= ends
        self._shared |= {identifier for identifier in ends if self._is_shared(identifier)}
        moves = self._decide(near | self._neighbourhood(ends))
        for identifier in ends:
            if not self._partners[identifier]:
                del self._partners[identifier], self._customer[identifier]
        return moves

    def _see(self, events: Iterable[tuple[str, ...]]) -> set[Pair]:
        """Take in sets of identifiers; gives the pairs that are new."""
        fresh = set()
        for named in events:
            if len(named) > 1 and named not in self._sets:
                self._sets.add(named)
                for one, other in pairs(named):
                    if other not in self._partners[one]:
                        self._partners[one].add(other)
                        self._partners[other].add(one)
                        fresh.add((one, other))
        return fresh

    def _decide_if_seen(self, pair: Pair) -> list[Move]:
        seen = pair[1] in self._partners.get(pair[0], ())
        return self._decide(self._neighbourhood(set(pair))) if seen else []

    def _decide(self, near: set[str]) -> list[Move]:
        """Decide again whose the identifiers are; say which changed customer."""
        decided = customers(self._links_within(near))
        moves = [
            Move(identifier, before, after)
            for identifier in near
            if (after := decided.get(identifier, identifier))
            != (before := self._customer.get(identifier, identifier))
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
        before = self._customer.get(identifier, identifier)
        if before != customer and before in self._members:
            self._members[before].discard(identifier)
            if self._members[before] <= {before}:
                del self._members[before]
        self._customer[identifier] = customer
        if identifier != customer:
            self._members.setdefault(customer, {customer}).add(identifier)
