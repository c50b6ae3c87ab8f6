"""What goes when identifiers are forgotten: every event that names one of them, and what only those knew."""

from collections.abc import Collection
from typing import NamedTuple

from touchline.engine.ports import Store
from touchline.identity import Identities


class Erasure(NamedTuple):
    """The entities of the events that go; the sets, and the identifiers, that occur in no other event."""

    entities: frozenset[str]
    lost: frozenset[tuple[str, ...]]
    unseen: frozenset[str]


def erasure(store: Store, identities: Identities, gone: Collection[str]) -> Erasure:
    """Find what goes with the identifiers, while it is in the table of occurrences."""
    gone = frozenset(gone)
    lost = identities.naming(gone)
    # An event is of its strongest identifier, which is one of these or occurs together with one.
    entities = gone.union(named[0] for named in lost)
    others = {one for named in lost for one in named} - gone
    staying = [*(identities.naming(others) - lost), *store.identifier_sets_of(sorted(others))]
    seen = {one for named in staying if gone.isdisjoint(named) for one in named}
    return Erasure(entities, frozenset(lost), gone | (others - seen))
