"""Streaming identity ends with the customers of the law, whatever the order, the cuts and the bans."""

from collections.abc import Collection, Iterable
from itertools import combinations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from touchline.identity import Entry, Identities, Move, Pair, bans, customers, pairs, parting
from touchline.vocabulary.identifiers import rank

identifiers = st.sampled_from(
    [f"{kind}:{n}" for kind in ("account", "email", "device", "zebra", "loyalty") for n in range(4)]
)
events = st.lists(
    st.lists(identifiers, min_size=1, max_size=4, unique=True).map(lambda one: tuple(sorted(one, key=rank))),
    max_size=14,
)


banned_sets = st.lists(
    st.lists(identifiers, min_size=2, max_size=2, unique=True).map(lambda one: tuple(sorted(one, key=rank))),
    max_size=6,
    unique=True,
)


def _law(
    seen: Collection[tuple[str, ...]], banned: Collection[tuple[str, ...]] = ()
) -> dict[str, frozenset[str]]:
    """docs/semantics.md#customers read literally: each identifier → the set it ends in."""
    everything = {one for event in seen for one in event}
    linked = {frozenset(pair) for event in seen for pair in combinations(event, 2)}

    def accounts(group: Any) -> set[str]:
        return {one for one in group if one.startswith("account:")}

    shared = {
        one
        for one in everything
        if not one.startswith("account:")
        and len({a for pair in linked if one in pair for a in accounts(pair)}) > 1
    }
    links = [tuple(sorted(pair, key=rank)) for pair in linked if not pair & shared]
    links = [link for link in links if link not in banned]
    links.sort(key=lambda link: (rank(link[0])[:2], rank(link[1])[:2], link[0], link[1]))
    group = {one: frozenset([one]) for one in everything}
    for stronger, weaker in links:
        joined = group[stronger] | group[weaker]
        if len(accounts(joined)) < 2:
            group.update(dict.fromkeys(joined, joined))
    return group


@given(events, banned_sets)
def test_customers_are_those_of_the_law(seen: list[tuple[str, ...]], banned: list[Pair]) -> None:
    """The union of links gives the sets that the law gives, each named by its strongest identifier."""
    found = customers({pair for event in seen for pair in pairs(event)}, banned)
    law = _law(seen, banned)
    assert {one: found.get(one, one) for one in law} == {one: min(law[one], key=rank) for one in law}


class Followed:
    """Streaming identity, and whose identifiers are by the moves alone."""

    def __init__(self, banned: Collection[Pair] = (), *, recalling: bool = False) -> None:
        self.streaming = Identities(banned, self._recalled if recalling else None)
        self._holder: dict[str, str] = {}
        self._kept: set[tuple[str, ...]] = set()

    def _recalled(self, identifiers: Collection[str]) -> Iterable[tuple[str, ...]]:
        return {named for named in self._kept if not set(identifiers).isdisjoint(named)}

    def observe(self, events: Collection[tuple[str, ...]]) -> None:
        unseen = self.streaming.unseen(events)
        assert unseen == {named for named in events if len(named) > 1} - self._kept
        self.follow(self.streaming.observe(events))
        self._kept |= unseen

    def lose(self, sets: set[tuple[str, ...]]) -> None:
        self.follow(self.streaming.lose(sets))
        self._kept -= sets

    def follow(self, moves: list[Move]) -> None:
        for move in moves:
            assert self._holder.get(move.identifier, move.identifier) == move.before != move.after
            self._holder[move.identifier] = move.after

    def holds(self, seen: Collection[tuple[str, ...]], banned: Collection[tuple[str, ...]]) -> None:
        """Check that customers, members and moves are what the law says."""
        law = {one: min(group, key=rank) for one, group in _law(seen, banned).items()}
        assert {one: self.streaming.customer_of(one) for one in law} == law
        assert {one: self._holder.get(one, one) for one in law} == law
        for one, name in law.items():
            assert {m for m in law if law[m] == name} == self.streaming.members_of(name)
            if name != one:
                assert self.streaming.members_of(one) == set()


@given(events, banned_sets, st.randoms(use_true_random=True), st.integers(1, 5), st.booleans())
def test_streaming_identity_is_order_free(
    seen: list[tuple[str, ...]], banned: list[Pair], random: Any, cut: int, recalling: bool
) -> None:
    """Events shuffled, doubled and cut into flushes, with bans at any time, end with the law's customers.

    So they do where only what hangs together with a flush is in mind.
    """
    arriving = seen + [event for event in seen if random.random() < 0.3]
    random.shuffle(arriving)
    first = [pair for pair in banned if random.random() < 0.3]
    later = [pair for pair in banned if pair not in first]
    followed = Followed(first, recalling=recalling)
    for start in range(0, len(arriving), cut):
        followed.streaming.make_room()
        followed.observe(arriving[start : start + cut])
        if later and random.random() < 0.5:
            followed.follow(followed.streaming.ban(later.pop()))
    for pair in later:
        followed.follow(followed.streaming.ban(pair))
    followed.holds(seen, banned)


@given(events, banned_sets, st.randoms(use_true_random=True), st.booleans())
def test_a_split_that_is_undone_was_never_there(
    seen: list[tuple[str, ...]], banned: list[Pair], random: Any, recalling: bool
) -> None:
    """Merged, split, merged again, with events in between: at each step the customers are the law's."""
    followed = Followed(recalling=recalling)
    half = len(seen) // 2
    followed.observe(seen[:half])
    for pair in banned:
        followed.follow(followed.streaming.ban(pair))
    followed.holds(seen[:half], banned)
    followed.observe(seen[half:])
    followed.holds(seen, banned)
    random.shuffle(banned)
    for pair in banned:
        followed.streaming.make_room()
        followed.follow(followed.streaming.unban(pair))
    followed.holds(seen, ())


@given(events, events, banned_sets, st.booleans())
def test_what_is_lost_was_never_seen(
    stay: list[tuple[str, ...]], go: list[tuple[str, ...]], banned: list[Pair], recalling: bool
) -> None:
    """Sets that occur in no event any more leave the customers of the events that stay."""
    followed = Followed(banned, recalling=recalling)
    followed.observe([*stay, *go])
    followed.streaming.make_room()
    followed.lose(set(go).difference(stay))
    followed.holds(stay, banned)
    for one in {identifier for event in go for identifier in event} - {i for event in stay for i in event}:
        assert followed.streaming.customer_of(one) == one
        assert followed.streaming.members_of(one) == {one}
        assert not followed.streaming.naming([one])
    followed.streaming.make_room()
    followed.observe(go)
    followed.holds([*stay, *go], banned)


@given(st.lists(st.tuples(st.sampled_from(["split", "unsplit"]), banned_sets, st.integers(0, 3)), max_size=6))
def test_the_ledger_is_a_set(taken: list[tuple[Any, list[Pair], int]]) -> None:
    """Whatever the order of entries, and however often each, the last by (at, id) stands for its pair."""
    entries = [
        Entry(id=f"{n}-{k}", at=at, who="operator", what=what, identifiers=pair)
        for n, (what, named, at) in enumerate(taken)
        for k, pair in enumerate(named)
    ]
    stands: dict[Pair, str] = {}
    for entry in sorted(entries, key=lambda entry: (entry.at, entry.id)):
        stands[entry.pair] = entry.what
    expected = {pair for pair, what in stands.items() if what == "split"}
    assert bans(entries) == bans([*reversed(entries), *entries]) == expected


@given(events, banned_sets, identifiers, identifiers)
def test_parting_parts(seen: list[tuple[str, ...]], banned: list[Pair], stays: str, goes: str) -> None:
    """What is to be banned parts the two, are pairs that occurred, and nothing where they are apart."""
    links = {pair for event in seen for pair in pairs(event)}
    cut = parting(links, banned, stays, goes)
    before = customers(links, banned)
    if stays == goes or before.get(stays, stays) != before.get(goes, goes):
        assert cut == []
        return
    assert cut
    assert set(cut) <= {pair for pair in links if goes in pair} - set(banned)
    after = customers(links, {*banned, *cut})
    assert after[stays] != after[goes]
