"""Streaming identity ends with the customers of the law, whatever the order, the bans and the cache."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline.identity import Entry, Identities, Move, Pair, bans, customers, pairs, parting, streaming
from touchline.vocabulary.identifiers import rank

IdentifierSet = tuple[str, ...]


def _sorted(identifiers: Iterable[str]) -> IdentifierSet:
    return tuple(sorted(identifiers, key=rank))


identifiers = st.sampled_from(
    [f"{kind}:{n}" for kind in ("account", "email", "device", "zebra", "loyalty") for n in range(4)]
)
events = st.lists(st.lists(identifiers, min_size=1, max_size=4, unique=True).map(_sorted), max_size=14)
banned_pairs = st.lists(
    st.lists(identifiers, min_size=2, max_size=2, unique=True).map(_sorted), max_size=6, unique=True
)
cache_sizes = st.none() | st.integers(0, 5)
"""How many identifiers are cached; None for all of them, without a store."""


@pytest.fixture(scope="module", autouse=True)
def _few_sets_of_shared() -> Iterator[None]:
    """Let a cache begin with two sets of an identifier, so that small examples have more."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streaming, "SETS_OF_SHARED", 2)
        yield


def _law(
    sets: Collection[IdentifierSet], banned: Collection[IdentifierSet] = ()
) -> dict[str, frozenset[str]]:
    """The law of identity, read literally: each identifier → the identifiers of its customer."""
    everything = {identifier for named in sets for identifier in named}
    together = {frozenset(pair) for named in sets for pair in combinations(named, 2)}

    def accounts(group: Iterable[str]) -> set[str]:
        return {identifier for identifier in group if identifier.startswith("account:")}

    shared = {
        identifier
        for identifier in everything
        if not identifier.startswith("account:")
        and len({account for pair in together if identifier in pair for account in accounts(pair)}) > 1
    }
    links = [link for pair in together if not pair & shared and (link := _sorted(pair)) not in banned]
    links.sort(key=lambda link: (rank(link[0])[:2], rank(link[1])[:2], link[0], link[1]))
    group = {identifier: frozenset([identifier]) for identifier in everything}
    for stronger, weaker in links:
        joined = group[stronger] | group[weaker]
        if len(accounts(joined)) < 2:
            group.update(dict.fromkeys(joined, joined))
    return group


def _names(law: dict[str, frozenset[str]]) -> dict[str, str]:
    return {identifier: min(group, key=rank) for identifier, group in law.items()}


@given(events, banned_pairs)
def test_customers_are_those_of_the_law(seen: list[IdentifierSet], banned: list[Pair]) -> None:
    """The union of links gives the groups of the law, each named by its strongest identifier."""
    found = customers({pair for named in seen for pair in pairs(named)}, banned)
    law = _law(seen, banned)
    assert {identifier: found.get(identifier, identifier) for identifier in law} == _names(law)


class Stored:
    """A store of sets that takes writes at once, or when it is told to."""

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

    def __init__(self, banned: Collection[Pair] = (), most: int | None = None) -> None:
        self._stored = Stored()
        self._most = most
        self.streaming = Identities(banned) if most is None else Identities(banned, self._stored, most)
        self._customer: dict[str, str] = {}
        self.sets: set[IdentifierSet] = set()
        self.banned = set(banned)

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
        law = _names(_law([*self.sets, *((other,) for other in others)], self.banned))
        assert {identifier: self.streaming.customer_of(identifier) for identifier in law} == law
        assert {identifier: self._customer.get(identifier, identifier) for identifier in law} == law
        for identifier, customer in law.items():
            members = {member for member in law if law[member] == customer}
            assert self.streaming.members_of(customer) == members
            if customer != identifier:
                assert self.streaming.members_of(identifier) == set()
            naming = {named for named in self.sets if identifier in named}
            assert self.streaming.naming([identifier]) == naming


@given(events, banned_pairs, st.randoms(use_true_random=True), st.integers(1, 5), cache_sizes)
def test_streaming_identity_is_order_free(
    seen: list[IdentifierSet], banned: list[Pair], random: Any, together: int, most: int | None
) -> None:
    """Events shuffled, repeated and cut into flushes, with bans at any time, end with the law's customers."""
    arriving = seen + [named for named in seen if random.random() < 0.3]
    random.shuffle(arriving)
    first = [pair for pair in banned if random.random() < 0.3]
    later = [pair for pair in banned if pair not in first]
    followed = Followed(first, most)
    for start in range(0, len(arriving), together):
        followed.make_room()
        followed.observe(arriving[start : start + together])
        if later and random.random() < 0.5:
            followed.ban(later.pop())
    for pair in later:
        followed.ban(pair)
    followed.check(identifier for named in seen for identifier in named)


changes = st.lists(
    st.one_of(
        st.tuples(st.just("observe"), events),
        st.tuples(st.just("lose"), st.integers(0, 2**14)),
        st.tuples(st.just("ban"), banned_pairs),
        st.tuples(st.just("unban"), st.integers(0, 2**6)),
        st.tuples(st.sampled_from(["make_room", "write", "check"]), st.none()),
    ),
    max_size=14,
)


def _chosen(values: Collection[IdentifierSet], bits: int) -> set[Any]:
    """The values whose bit is set, in sorted order."""
    return {value for place, value in enumerate(sorted(values)) if bits >> place % 14 & 1}


@given(changes, cache_sizes)
def test_a_cache_of_any_size_follows_every_change(taken: list[tuple[str, Any]], most: int | None) -> None:
    """Sets come and go, bans come and go, the cache evicts, the store lags: customers are the law's."""
    followed = Followed((), most)
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


@given(events, banned_pairs, st.randoms(use_true_random=True), cache_sizes)
def test_a_ban_that_is_lifted_leaves_no_trace(
    seen: list[IdentifierSet], banned: list[Pair], random: Any, most: int | None
) -> None:
    """Merged, split and merged again, with events in between: the customers are the law's at each step."""
    followed = Followed((), most)
    half = len(seen) // 2
    followed.observe(seen[:half])
    for pair in banned:
        followed.ban(pair)
    followed.check()
    followed.observe(seen[half:])
    followed.check()
    random.shuffle(banned)
    for pair in banned:
        followed.make_room()
        followed.unban(pair)
    followed.check()


@given(events, events, banned_pairs, cache_sizes)
def test_a_lost_set_leaves_no_trace(
    stay: list[IdentifierSet], go: list[IdentifierSet], banned: list[Pair], most: int | None
) -> None:
    """Without the lost sets, customers follow from the sets that stay; a set can come back."""
    followed = Followed(banned, most)
    followed.observe([*stay, *go])
    followed.make_room()
    followed.lose(set(go).difference(stay))
    gone = {identifier for named in go for identifier in named}
    followed.check(gone)
    followed.make_room()
    followed.check(gone)
    followed.observe(go)
    followed.check(gone)


@given(events, events, banned_pairs, st.randoms(use_true_random=True), st.integers(1, 5), cache_sizes)
def test_adopting_finds_whom_another_process_may_have_decided_otherwise(
    stored: list[IdentifierSet],
    left: list[IdentifierSet],
    banned: list[Pair],
    random: Any,
    together: int,
    most: int | None,
) -> None:
    """Whatever another process observed of the sets, those whose customer differs from its are named."""
    adopting, other = Followed(banned, most), Followed(banned)
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


@given(
    st.lists(st.tuples(st.sampled_from(["split", "unsplit"]), banned_pairs, st.integers(0, 3)), max_size=6)
)
def test_the_ledger_is_a_set(taken: list[tuple[Any, list[Pair], int]]) -> None:
    """Whatever the order and the repeats of entries, the last by (at, id) decides on its pair."""
    entries = [
        Entry(id=f"{n}-{k}", at=at, who="operator", what=what, identifiers=pair)
        for n, (what, named, at) in enumerate(taken)
        for k, pair in enumerate(named)
    ]
    last: dict[Pair, str] = {}
    for entry in sorted(entries, key=lambda entry: (entry.at, entry.id)):
        last[entry.pair] = entry.what
    expected = {pair for pair, what in last.items() if what == "split"}
    assert bans(entries) == bans([*reversed(entries), *entries]) == expected


@given(events, banned_pairs, identifiers, identifiers)
def test_parting_parts(seen: list[IdentifierSet], banned: list[Pair], stays: str, goes: str) -> None:
    """The pairs to ban separate the two, occurred together, and are none where the two are apart."""
    links = {pair for named in seen for pair in pairs(named)}
    cut = parting(links, banned, stays, goes)
    before = customers(links, banned)
    if stays == goes or before.get(stays, stays) != before.get(goes, goes):
        assert cut == []
        return
    assert cut
    assert set(cut) <= {pair for pair in links if goes in pair} - set(banned)
    after = customers(links, {*banned, *cut})
    assert after[stays] != after[goes]
