"""Customers are those of the law; operators' entries are a set, and the last about a thing decides."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.laws.identity_sets import (
    NOBODYS,
    IdentifierSet,
    banned_pairs,
    events,
    identifiers,
    law_of,
    limits,
    named_by,
    policy_of,
    shared_ones,
)
from touchline.identity import Entry, Pair, Policy, bans, customers, pairs, parting, shares
from touchline.identity.sharing import check_limits


@given(events, limits, banned_pairs, shared_ones)
def test_customers_are_those_of_the_law(
    seen: list[IdentifierSet], limits: dict[str, int], banned: list[Pair], shared: list[str]
) -> None:
    """The union of links gives the groups of the law, each named by its strongest identifier."""
    policy = policy_of(limits, banned, shared)
    found = customers({pair for named in seen for pair in pairs(named)}, policy)
    law = law_of(seen, policy)
    assert {identifier: found.get(identifier, identifier) for identifier in law} == named_by(law)


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


@given(events, st.builds(policy_of, limits, banned_pairs, shared_ones), identifiers, identifiers)
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
