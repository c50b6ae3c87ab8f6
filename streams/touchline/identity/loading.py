"""Loads components of identifiers from the store, step by step, with as few sets as show what is shared.

A shared identifier may occur in millions of sets. A bounded number of them nearly always shows that it is
shared; only if they do not, all are loaded.
"""

from collections.abc import Collection, Container, Iterable, Mapping, Sequence, Set
from typing import NamedTuple, Protocol

from touchline.identity.components import IdentifierSet
from touchline.identity.customers import is_account
from touchline.identity.sharing import Policy, is_shared, is_shared_by_definition

SETS_OF_SHARED = 64
"""Sets of an identifier that are loaded at first: enough to see that a very common one is shared."""


class StoredSets(Protocol):
    """The store of the sets that were observed before."""

    def sets_naming(self, identifiers: Sequence[str], most: int | None = None) -> Iterable[IdentifierSet]:
        """The sets that name one of the identifiers.

        `most` bounds them: of each identifier, that many with an account and that many without are enough.
        """

    def known_sets(self, sets: Sequence[IdentifierSet]) -> set[IdentifierSet]:
        """The sets, out of these, that are stored."""


class Loaded(NamedTuple):
    """What was loaded.

    Attributes:
        naming: Each identifier that is not shared → the sets that name it.
        shared: Identifiers that are shared.
        cached: Identifiers next to these that were cached before.
    """

    naming: dict[str, set[IdentifierSet]]
    shared: set[str]
    cached: set[str]


class Loader:
    """Reads the stored sets, without those that were lost since.

    Args:
        stored: The store.
    """

    def __init__(self, stored: StoredSets) -> None:
        self._stored = stored
        self.lost: set[IdentifierSet] = set()
        """Sets that the store may still hold."""

    def sets_naming(self, identifiers: Collection[str], most: int | None = None) -> Iterable[IdentifierSet]:
        """The sets that name one of the identifiers; `most` bounds them, as in `StoredSets`."""
        if not identifiers:
            return ()
        found = self._stored.sets_naming(sorted(identifiers), most)
        return [named for named in found if named not in self.lost] if self.lost else found

    def known(self, sets: Collection[IdentifierSet]) -> set[IdentifierSet]:
        """The sets, out of these, that are stored."""
        return self._stored.known_sets(sorted(sets)) - self.lost

    def load(self, identifiers: Set[str], policy: Policy, cached: Container[str]) -> Loaded:
        """Load identifiers that are not cached, with everything that is connected with them."""
        loaded = Loaded({}, set(), set())
        reach = set(identifiers)
        while reach:
            shared = {one for one in reach if is_shared_by_definition(one, policy.shares)}
            naming: dict[str, set[IdentifierSet]] = {one: set() for one in reach - shared}
            self._add(naming, SETS_OF_SHARED)
            # Most identifiers are new: no set names them.
            occurred = {one: sets for one, sets in naming.items() if sets}
            shared.update(one for one, sets in occurred.items() if is_shared(one, sets, policy))
            cut = {one: occurred[one] for one in occurred.keys() - shared if _may_be_cut(occurred[one])}
            if cut:
                self._add(cut, None)
                shared.update(one for one in cut if is_shared(one, cut[one], policy))
            own = naming.keys() - shared
            near = {other for one in own for named in naming[one] for other in named}
            loaded.naming.update((one, naming[one]) for one in own)
            loaded.shared.update(shared)
            # A shared identifier next to it may be cached: of others, the component would be.
            reach = {one for one in near if one not in loaded.naming and one not in loaded.shared}
            found = {one for one in reach if one in cached}
            loaded.cached.update(found)
            reach -= found
        return loaded

    def _add(self, naming: Mapping[str, set[IdentifierSet]], most: int | None) -> None:
        names = {one: one for one in naming}
        for named in self.sets_naming(naming, most):
            # One text for each identifier, however many sets name it.
            named = tuple([names.setdefault(one, one) for one in named])
            for one in named:
                if one in naming:
                    naming[one].add(named)


def _may_be_cut(sets: Set[IdentifierSet]) -> bool:
    """Whether the store may have more sets of an identifier than these, of those that it gave at first."""
    with_account = sum(is_account(named[0]) for named in sets)
    return max(with_account, len(sets) - with_account) >= SETS_OF_SHARED
