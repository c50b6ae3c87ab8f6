"""Streaming identity ends with the customers of the law, whatever the order and the cuts."""

from itertools import combinations
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from touchline.identity import Identities, customers, pairs
from touchline.vocabulary.identifiers import rank

identifiers = st.sampled_from(
    [f"{kind}:{n}" for kind in ("account", "email", "device", "zebra", "loyalty") for n in range(4)]
)
events = st.lists(
    st.lists(identifiers, min_size=1, max_size=4, unique=True).map(lambda one: tuple(sorted(one, key=rank))),
    max_size=14,
)


def _law(seen: list[tuple[str, ...]]) -> dict[str, frozenset[str]]:
    """SEMANTICS §1 read literally: each identifier → the set it ends in."""
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
    links.sort(key=lambda link: (rank(link[0])[:2], rank(link[1])[:2], link[0], link[1]))
    group = {one: frozenset([one]) for one in everything}
    for stronger, weaker in links:
        joined = group[stronger] | group[weaker]
        if len(accounts(joined)) < 2:
            group.update(dict.fromkeys(joined, joined))
    return group


@settings(max_examples=500)
@given(events)
def test_customers_are_those_of_the_law(seen: list[tuple[str, ...]]) -> None:
    """The union of links gives the sets that the law gives, each named by its strongest identifier."""
    found = customers(pair for event in seen for pair in pairs(event))
    law = _law(seen)
    assert {one: found.get(one, one) for one in law} == {one: min(law[one], key=rank) for one in law}


@settings(max_examples=500)
@given(events, st.randoms(use_true_random=False), st.integers(1, 5))
def test_streaming_identity_is_order_free(seen: list[tuple[str, ...]], random: Any, cut: int) -> None:
    """Events shuffled, doubled and cut into flushes end with the customers of the law."""
    arriving = seen + [event for event in seen if random.random() < 0.3]
    random.shuffle(arriving)
    streaming = Identities()
    holder: dict[str, str] = {}
    for start in range(0, len(arriving), cut):
        for move in streaming.observe(arriving[start : start + cut]):
            assert holder.get(move.identifier, move.identifier) == move.before
            holder[move.identifier] = move.after
    law = {one: min(group, key=rank) for one, group in _law(seen).items()}
    assert {one: streaming.customer_of(one) for one in law} == law
    assert {one: holder.get(one, one) for one in law} == law
    for one, name in law.items():
        assert one in streaming.members_of(name)
        assert {m for m in law if law[m] == name} == streaming.members_of(name) & set(law)
        if law.get(one) != one:
            assert streaming.members_of(one) == set()
