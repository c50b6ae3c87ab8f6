"""Streaming identity ends with the customers of the law, whatever the order, the bans and the cache."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.laws.identity_sets import (
    IdentifierSet,
    banned_pairs,
    events,
    law_of,
    limits,
    named_by,
    policy_of,
    shared_ones,
)
from touchline.identity import Identities, Move, Pair, Policy, loading

cache_sizes = st.none() | st.integers(0, 5)
"""How many identifiers are cached; None for all of them, without a store."""


@pytest.fixture(scope="module", autouse=True)
def _few_sets_of_shared() -> Iterator[None]:
    """Let a cache begin with two sets of an identifier, so that small examples have more."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "SETS_OF_SHARED", 2)
        yield


class Stored:
    """A store of sets that applies writes at once or on command."""

    def __init__(self) -> None:
        self.sets: set[IdentifierSet] = set()
        self._added: set[IdentifierSet] = set()
        self._deleted: set[IdentifierSet] = set()

    def add(self, sets: set[IdentifierSet]) -> None:
        self._added |= sets
        self._deleted -= sets

    def delete(self, sets: set[IdentifierSet]) -> None:
        self._deleted |= sets
        self._added -= sets

    def write(self) -> None:
        self.sets = (self.sets | self._added) - self._deleted
        self._added, self._deleted = set(), set()

    def sets_naming(self, identifiers: Sequence[str], most: int | None = None) -> Iterable[IdentifierSet]:
        for identifier in identifiers:
            naming = sorted(named for named in self.sets if identifier in named)
            with_account = [named for named in naming if named[0].startswith("account:")]
            without = [named for named in naming if not named[0].startswith("account:")]
            yield from with_account[:most] + without[:most]

    def known_sets(self, sets: Sequence[IdentifierSet]) -> set[IdentifierSet]:
        return self.sets.intersection(sets)


class Followed:
    """Streaming identity, and the customers by its moves alone."""

    def __init__(self, policy: Policy, most: int | None = None) -> None:
        self._stored = Stored()
        self._most = most
        self.streaming = Identities(policy) if most is None else Identities(policy, self._stored, most)
        self._customer: dict[str, str] = {}
        self.sets: set[IdentifierSet] = set()
        self._limits = policy.limits
        self.banned, self.shared = set(policy.bans), set(policy.shares)

    def observe(self, events: Collection[IdentifierSet]) -> None:
        sets = {named for named in events if len(named) > 1}
        unseen = self.streaming.unseen(events)
        assert unseen == sets - self.sets
        self._follow(self.streaming.observe(events))
        self.sets |= unseen
        self._stored.add(unseen)

    def lose(self, sets: set[IdentifierSet]) -> None:
        self._follow(self.streaming.lose(sets))
        self.sets -= sets
        self._stored.delete(sets)

    def ban(self, pair: Pair) -> None:
        self._follow(self.streaming.ban(pair))
        self.banned.add(pair)

    def unban(self, pair: Pair) -> None:
        self._follow(self.streaming.unban(pair))
        self.banned.discard(pair)

    def share(self, identifier: str) -> None:
        self._follow(self.streaming.share(identifier))
        self.shared.add(identifier)

    def unshare(self, identifier: str) -> None:
        self._follow(self.streaming.unshare(identifier))
        self.shared.discard(identifier)

    def write(self) -> None:
        self._stored.write()

    def make_room(self) -> None:
        self._stored.write()
        self.streaming.make_room()
        assert self._most is None or len(self.streaming) <= self._most

    def _follow(self, moves: list[Move]) -> None:
        for move in moves:
            assert self._customer.get(move.identifier, move.identifier) == move.before != move.after
            self._customer[move.identifier] = move.after

    def check(self, others: Iterable[str] = ()) -> None:
        """Customers, members, sets and moves are those of the law; `others` are in no set."""
        policy = policy_of(dict(self._limits), self.banned, self.shared)
        law = named_by(law_of([*self.sets, *((other,) for other in others)], policy))
        assert {identifier: self.streaming.customer_of(identifier) for identifier in law} == law
        assert {identifier: self._customer.get(identifier, identifier) for identifier in law} == law
        for identifier, customer in law.items():
            members = {member for member in law if law[member] == customer}
            assert self.streaming.members_of(customer) == members
            if customer != identifier:
                assert self.streaming.members_of(identifier) == set()
            naming = {named for named in self.sets if identifier in named}
            assert self.streaming.naming([identifier]) == naming

            def is_short(named: IdentifierSet) -> bool:
                return len(named) < 3

            assert self.streaming.named([identifier], is_short) == (
                {identifier} if any(map(is_short, naming)) else set()
            )


@given(
    events,
    limits,
    banned_pairs,
    shared_ones,
    st.randoms(use_true_random=True),
    st.integers(1, 5),
    cache_sizes,
)
def test_streaming_identity_is_order_free(
    seen: list[IdentifierSet],
    limits: dict[str, int],
    banned: list[Pair],
    shared: list[str],
    random: Any,
    together: int,
    most: int | None,
) -> None:
    """Events in any order and portions, repeated, with bans and shares at any time: the law's customers."""
    arriving = seen + [named for named in seen if random.random() < 0.3]
    random.shuffle(arriving)
    first = [pair for pair in banned if random.random() < 0.3]
    later = [pair for pair in banned if pair not in first]
    followed = Followed(policy_of(limits, first, shared[:1]), most)
    for start in range(0, len(arriving), together):
        followed.make_room()
        followed.observe(arriving[start : start + together])
        if later and random.random() < 0.5:
            followed.ban(later.pop())
        if shared and random.random() < 0.5:
            followed.share(shared.pop())
    for pair in later:
        followed.ban(pair)
    for identifier in shared:
        followed.share(identifier)
    followed.check(identifier for named in seen for identifier in named)


changes = st.lists(
    st.one_of(
        st.tuples(st.just("observe"), events),
        st.tuples(st.just("lose"), st.integers(0, 2**14)),
        st.tuples(st.just("ban"), banned_pairs),
        st.tuples(st.just("unban"), st.integers(0, 2**6)),
        st.tuples(st.just("share"), shared_ones),
        st.tuples(st.just("unshare"), st.integers(0, 2**6)),
        st.tuples(st.sampled_from(["make_room", "write", "check"]), st.none()),
    ),
    max_size=14,
)


def _chosen(values: Collection[Any], bits: int) -> set[Any]:
    """The values whose bit is set, in sorted order."""
    return {value for place, value in enumerate(sorted(values)) if bits >> place % 14 & 1}


@given(changes, limits, cache_sizes)
def test_a_cache_of_any_size_follows_every_change(
    taken: list[tuple[str, Any]], limits: dict[str, int], most: int | None
) -> None:
    """Sets, bans and shares come and go, the cache evicts, the store lags: customers are the law's."""
    followed = Followed(policy_of(limits), most)
    for what, value in taken:
        if what == "observe":
            followed.observe(value)
        elif what == "lose":
            followed.lose(_chosen(followed.sets, value))
        elif what == "ban":
            for pair in value:
                followed.ban(pair)
        elif what == "unban":
            for pair in _chosen(followed.banned, value):
                followed.unban(pair)
        elif what == "share":
            for identifier in value:
                followed.share(identifier)
        elif what == "unshare":
            for identifier in _chosen(followed.shared, value):
                followed.unshare(identifier)
        elif what == "make_room":
            followed.make_room()
        elif what == "write":
            followed.write()
        else:
            followed.check()
    followed.check(
        identifier for what, value in taken if what == "observe" for named in value for identifier in named
    )
    followed.make_room()
    followed.check()


@given(events, limits, banned_pairs, shared_ones, st.randoms(use_true_random=True), cache_sizes)
def test_a_decision_that_is_undone_leaves_no_trace(
    seen: list[IdentifierSet],
    limits: dict[str, int],
    banned: list[Pair],
    shared: list[str],
    random: Any,
    most: int | None,
) -> None:
    """Merged, split or shared, and merged again, with events in between: the law's customers at each step."""
    followed = Followed(policy_of(limits), most)
    half = len(seen) // 2
    followed.observe(seen[:half])
    for pair in banned:
        followed.ban(pair)
    for identifier in shared:
        followed.share(identifier)
    followed.check()
    followed.observe(seen[half:])
    followed.check()
    random.shuffle(banned)
    for pair in banned:
        followed.make_room()
        followed.unban(pair)
    for identifier in shared:
        followed.make_room()
        followed.unshare(identifier)
    followed.check()


@given(events, events, limits, banned_pairs, shared_ones, cache_sizes)
def test_a_lost_set_leaves_no_trace(
    stay: list[IdentifierSet],
    go: list[IdentifierSet],
    limits: dict[str, int],
    banned: list[Pair],
    shared: list[str],
    most: int | None,
) -> None:
    """Without the lost sets, customers follow from the sets that stay; a set can come back."""
    followed = Followed(policy_of(limits, banned, shared), most)
    followed.observe([*stay, *go])
    followed.make_room()
    followed.lose(set(go).difference(stay))
    gone = {identifier for named in go for identifier in named}
    followed.check(gone)
    followed.make_room()
    followed.check(gone)
    followed.observe(go)
    followed.check(gone)


@given(
    events,
    events,
    st.builds(policy_of, limits, banned_pairs, shared_ones),
    st.randoms(use_true_random=True),
    st.integers(1, 5),
    cache_sizes,
)
def test_adopting_finds_whom_another_process_may_have_decided_otherwise(
    stored: list[IdentifierSet],
    left: list[IdentifierSet],
    policy: Policy,
    random: Any,
    together: int,
    most: int | None,
) -> None:
    """Whatever another process observed of the sets, those whose customer differs from its are named."""
    adopting, other = Followed(policy, most), Followed(policy)
    for followed in (adopting, other):
        followed.observe(stored)
        followed.make_room()
    observed = [named for named in left if random.random() < 0.7]
    random.shuffle(observed)
    decided: dict[str, set[str]] = {}
    everything = {identifier for named in (*stored, *left) for identifier in named}
    for start in range(0, len(observed), together):
        other.observe(observed[start : start + together])
        for identifier in everything:
            decided.setdefault(identifier, set()).add(other.streaming.customer_of(identifier))
    found = adopting.streaming.adopt(left)
    for identifier, owners in decided.items():
        if owners != {adopting.streaming.customer_of(identifier)}:
            assert identifier in found
