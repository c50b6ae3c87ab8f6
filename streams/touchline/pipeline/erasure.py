"""What goes when identifiers are forgotten: every event that names one of them, and what only those knew."""

from collections.abc import Collection
from typing import NamedTuple

from touchline.identity import Identities, Pair, pairs
from touchline.pipeline.ports import Store


class Erasure(NamedTuple):
    """The entities of the events that go; the pairs and the identifiers that occur in no other event."""

    entities: frozenset[str]
    lost: frozenset[Pair]
    unseen: frozenset[str]


def erasure(store: Store, identities: Identities, gone: Collection[str]) -> Erasure:
    """Find what goes with the identifiers, while their events are still stored; little else is read."""
    gone = frozenset(gone)
    # An event is of its strongest identifier, which is one of these or occurs together with one.
    near = gone.union(*(identities.partners_of(one) for one in gone))
    going = {named for named in store.identifier_sets_of(sorted(near)) if not gone.isdisjoint(named)}
    going_pairs = {pair for named in going for pair in pairs(named)}
    others = {one for named in going for one in named} - gone
    doubtful = [pair for pair in going_pairs if gone.isdisjoint(pair)]
    beside = others.union(
        *(identities.partners_of(one) & identities.partners_of(other) for one, other in doubtful)
    )
    staying = {named for named in store.identifier_sets_of(sorted(beside - gone)) if gone.isdisjoint(named)}
    lost = going_pairs - {pair for named in staying for pair in pairs(named)}
    heads = {named[0] for named in staying}
    lost_partners = {(one, other) for pair in lost for one, other in (pair, pair[::-1])}
    unseen = {
        one
        for one in others
        if one not in heads and all((one, other) in lost_partners for other in identities.partners_of(one))
    }
    return Erasure(frozenset(named[0] for named in going), frozenset(lost), gone | unseen)
