"""Streaming identity ends with the customers of the law, whatever the order, the bans and the cache."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline.identity import (
    Entry,
    Identities,
    Move,
    Pair,
    Policy,
    bans,
    customers,
    loading,
    pairs,
    parting,
    shares,
)
from touchline.identity.sharing import check_limits
from touchline.vocabulary.identifiers import rank

IdentifierSet = tuple[str, ...]


def _sorted(identifiers: Iterable[str]) -> IdentifierSet:
    return tuple(sorted(identifiers, key=rank))


identifiers = st.sampled_from(
    [
        f"{kind}:{n}"
        for kind in ("account", "email", "device", "zebra", "loyalty", "terminal", "cart")
        for n in range(4)
    ]
)
events = st.lists(st.lists(identifiers, min_size=1, max_size=4, unique=True).map(_sorted), max_size=14)
banned_pairs = st.lists(
    st.lists(identifiers, min_size=2, max_size=2, unique=True).map(_sorted), max_size=6, unique=True
)
shared_ones = st.lists(
    identifiers.filter(lambda one: not one.startswith("account:")), max_size=3, unique=True
)
limits = st.fixed_dictionaries(
    {"account": st.just(1), "loyalty": st.integers(1, 2), "email": st.integers(1, 3)},
    optional={"device": st.integers(1, 2)},
)
cache_sizes = st.none() | st.integers(0, 5)
"""How many identifiers are cached; None for all of them, without a store."""


@pytest.fixture(scope="module", autouse=True)
def _few_sets_of_shared() -> Iterator[None]:
    """Let a cache begin with two sets of an identifier, so that small examples have more."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "SETS_OF_SHARED", 2)
        yield


STRENGTH = ("account", "loyalty", "email", "phone", "social", "device")
NOBODYS = ("terminal", "contact", "cart", "order", "session")


def _strength(identifier: str) -> tuple[int, str]:
    """How strong the kind of an identifier is: the least is the strongest."""
    kind = identifier.split(":")[0]
    if kind == "terminal":
        return len(STRENGTH) + 1, ""
    return (STRENGTH.index(kind), "") if kind in STRENGTH else (len(STRENGTH), kind)


def _is_shared(identifier: str, together: Collection[frozenset[str]], policy: Policy) -> bool:
    if identifier.startswith("account:"):
        return False
    if identifier.split(":")[0] in NOBODYS or identifier in policy.shares:
        return True
    partners = {other for pair in together if identifier in pair for other in pair}
    stronger = {other for other in partners if _strength(other) < _strength(identifier)}
    return any(
        sum(other.startswith(f"{kind}:") for other in stronger) > most for kind, most in policy.limits.items()
    )


def _law(sets: Collection[IdentifierSet], policy: Policy) -> dict[str, frozenset[str]]:
    """The law of identity, read literally: each identifier → the identifiers of its customer."""
    everything = {identifier for named in sets for identifier in named}
    together = {frozenset(pair) for named in sets for pair in combinations(named, 2)}

    def accounts(group: Iterable[str]) -> set[str]:
        return {identifier for identifier in group if identifier.startswith("account:")}

    shared = {identifier for identifier in everything if _is_shared(identifier, together, policy)}
    links = [link for pair in together if not pair & shared and (link := _sorted(pair)) not in policy.bans]
    links.sort(key=lambda link: (*map(_strength, link), *link))
    group = {identifier: frozenset([identifier]) for identifier in everything}
    for stronger, weaker in links:
        joined = group[stronger] | group[weaker]
        if len(accounts(joined)) < 2:
            group.update(dict.fromkeys(joined, joined))
    return group


def _names(law: dict[str, frozenset[str]]) -> dict[str, str]:
    return {
        identifier: min(group, key=lambda one: (_strength(one), one)) for identifier, group in law.items()
    }


def _policy(limits: dict[str, int], banned: Iterable[Pair] = (), shared: Iterable[str] = ()) -> Policy:
    return Policy(limits, frozenset(banned), frozenset(shared))


@given(events, limits, banned_pairs, shared_ones)
def test_customers_are_those_of_the_law(
    seen: list[IdentifierSet], limits: dict[str, int], banned: list[Pair], shared: list[str]
) -> None:
    """The union of links gives the groups of the law, each named by its strongest identifier."""
    policy = _policy(limits, banned, shared)
    found = customers({pair for named in seen for pair in pairs(named)}, policy)
    law = _law(seen, policy)
    assert {identifier: found.get(identifier, identifier) for identifier in law} == _names(law)


@pytest.mark.parametrize(
    ("kind", "most"), [("account", 1), ("loyalty", 3), ("email", 5), ("phone", 5), ("social", 5)]
)
def test_an_identifier_with_more_than_a_customer_may_have_links_nobody(kind: str, most: int) -> None:
    """A kiosk is a customer's up to the default limit of a stronger kind; with one more it is nobody's."""
    links = [(f"{kind}:{n}", "zebra:kiosk") for n in range(most)]
    assert customers(links)["zebra:kiosk"] == f"{kind}:0"
    links.append((f"{kind}:{most}", "zebra:kiosk"))
    assert set(customers(links).values()) == {"zebra:kiosk", *(f"{kind}:{n}" for n in range(most + 1))}


def test_a_kind_without_a_limit_shares_nobody() -> None:
    """However many devices a weaker identifier occurs with, they are one customer."""
    links = [(f"device:{n:03}", "zebra:1") for n in range(100)]
    assert set(customers(links).values()) == {"device:000"}


@pytest.mark.parametrize("kind", NOBODYS)
def test_a_kind_that_links_nobody_never_joins_two(kind: str) -> None:
    """Two e-mail addresses at one terminal are two customers, and the terminal is a third."""
    one, other, terminal = "email:a@b.example", "email:c@d.example", f"{kind}:1"
    found = customers([(one, terminal), (other, terminal)])
    assert found == {name: name for name in (one, other, terminal)}


def test_settings_replace_single_limits() -> None:
    """A limit that is given takes the place of the default, and the others stay."""
    assert check_limits({"email": 9, "device": 20}) == {
        "account": 1,
        "loyalty": 3,
        "email": 9,
        "phone": 5,
        "social": 5,
        "device": 20,
    }


@pytest.mark.parametrize(
    ("given_limits", "why"),
    [
        ({"account": 2}, "account: a customer has at most one"),
        ({"terminal": 2}, "terminal: this kind links nobody"),
        ({"email": 0}, "email: 0 is too few"),
    ],
)
def test_a_limit_that_says_nothing_is_refused(given_limits: dict[str, int], why: str) -> None:
    """The message names the kind, and says what to write instead."""
    with pytest.raises(ValueError, match=why):
        check_limits(given_limits)


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
        policy = _policy(dict(self._limits), self.banned, self.shared)
        law = _names(_law([*self.sets, *((other,) for other in others)], policy))
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
    followed = Followed(_policy(limits, first, shared[:1]), most)
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
    followed = Followed(_policy(limits), most)
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
    followed = Followed(_policy(limits), most)
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
    followed = Followed(_policy(limits, banned, shared), most)
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
    st.builds(_policy, limits, banned_pairs, shared_ones),
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


@given(st.lists(st.tuples(st.sampled_from(["share", "unshare"]), shared_ones, st.integers(0, 3)), max_size=6))
def test_the_last_entry_about_an_identifier_shares_it_or_not(
    taken: list[tuple[Any, list[str], int]],
) -> None:
    """Whatever the order and the repeats of entries, the last by (at, id) decides on its identifier."""
    entries = [
        Entry(id=f"{n}-{k}", at=at, who="operator", what=what, identifiers=(identifier,))
        for n, (what, named, at) in enumerate(taken)
        for k, identifier in enumerate(named)
    ]
    last: dict[str, str] = {}
    for entry in sorted(entries, key=lambda entry: (entry.at, entry.id)):
        last[entry.identifiers[0]] = entry.what
    expected = {identifier for identifier, what in last.items() if what == "share"}
    assert shares(entries) == shares([*reversed(entries), *entries]) == expected


@pytest.mark.parametrize("named", [("account:1",), ("device:x", "device:y"), ()])
def test_a_share_is_of_one_identifier_that_is_no_account(named: tuple[str, ...]) -> None:
    """An account is nobody else's, so no entry can share it."""
    with pytest.raises(ValueError, match="a share is of one identifier that is no account"):
        Entry(id="1", at=0, who="operator", what="share", identifiers=named)


@given(events, st.builds(_policy, limits, banned_pairs, shared_ones), identifiers, identifiers)
def test_parting_parts(seen: list[IdentifierSet], policy: Policy, stays: str, goes: str) -> None:
    """The pairs to ban separate the two, occurred together, and are none where the two are apart."""
    links = {pair for named in seen for pair in pairs(named)}
    cut = parting(links, policy, stays, goes)
    before = customers(links, policy)
    if stays == goes or before.get(stays, stays) != before.get(goes, goes):
        assert cut == []
        return
    assert cut
    assert set(cut) <= {pair for pair in links if goes in pair} - policy.bans
    after = customers(links, policy._replace(bans=policy.bans | set(cut)))
    assert after[stays] != after[goes]
