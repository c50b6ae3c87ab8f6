"""Connected components of identifiers: the unit in which customers are decided, cached and evicted.

Two identifiers are connected if a set names both, neither is shared, or other identifiers connect them. A set
connects all identifiers in it that are not shared, so it belongs to exactly one component, or, if all its
identifiers are shared, to none. Banned pairs connect as well: a ban changes the customers of a component, not
the component.
"""

from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Set

from touchline.identity.customers import is_account, joined, pairs
from touchline.identity.sharing import Pair
from touchline.vocabulary.identifiers import rank

IdentifierSet = tuple[str, ...]
"""Identifiers that occurred together in an event, strongest first."""

NO_SETS: Set[IdentifierSet] = frozenset()


class Component:
    """Connected identifiers with every set that names one of them, or one shared identifier.

    Attributes:
        customer: The customer of all its identifiers; the strongest identifier where there are several.
        customers: Identifier → customer, if there are several customers; else None.
        accounts: How many of its identifiers are accounts.
        sets: Of connected identifiers, all. Of a shared one, those that might not be stored yet.
        shared: Whether it is one shared identifier.
    """

    __slots__ = ("_members", "accounts", "customer", "customers", "sets", "shared")

    def __init__(
        self, customer: str, sets: Set[IdentifierSet], accounts: int, *, shared: bool = False
    ) -> None:
        self.customer = customer
        self.customers: dict[str, str] | None = None
        self.accounts = accounts
        self.sets = sets
        self.shared = shared
        self._members: dict[str, set[str]] | None = None

    def customer_of(self, identifier: str) -> str:
        """The customer of one of its identifiers."""
        return self.customer if self.customers is None else self.customers.get(identifier, identifier)

    def members_of(self, customer: str) -> set[str]:
        """The identifiers of one of its several customers."""
        if self._members is None:
            self._members = {}
            for identifier, owner in (self.customers or {}).items():
                self._members.setdefault(owner, set()).add(identifier)
        return self._members[customer]

    def add(self, sets: Iterable[IdentifierSet]) -> None:
        """Add sets that name its identifiers."""
        if isinstance(self.sets, set):
            self.sets.update(sets)
        else:
            self.sets = {*self.sets, *sets}

    def covers(self, identifiers: Collection[str]) -> bool:
        """Whether one of its sets names all of these identifiers."""
        wanted = frozenset(identifiers)
        return any(wanted.issubset(named) for named in self.sets)


def decided(
    identifiers: Collection[str], sets: Set[IdentifierSet], bans: Container[Pair], banned: Set[str]
) -> Component:
    """The component of connected identifiers, with its customers.

    Args:
        identifiers: All of them; other identifiers of the sets are shared.
        sets: All sets that name one of them.
        bans: Banned pairs.
        banned: The identifiers of the banned pairs.
    """
    accounts = sum(map(is_account, identifiers))
    strongest = (next(filter(identifiers.__contains__, named)) for named in sets)
    component = Component(min(strongest, key=rank) if sets else next(iter(identifiers)), sets, accounts)
    # Where no pair is banned and no two accounts meet, all that is connected is one customer.
    if accounts > 1 or is_banned(sets, banned):
        own = ([one for one in named if one in identifiers] for named in sets)
        owners = joined({pair for named in own for pair in pairs(named)}, bans)
        if any(owners.get(one, one) != component.customer for one in identifiers):
            component.customers = {one: owners.get(one, one) for one in identifiers}
    return component


def is_banned(sets: Iterable[IdentifierSet], banned: Set[str]) -> bool:
    """Whether one of the sets may hold a banned pair; `banned` are the identifiers of the banned pairs."""
    return bool(banned) and not all(map(banned.isdisjoint, sets))


def connected(naming: Mapping[str, Set[IdentifierSet]]) -> Iterator[tuple[set[str], set[IdentifierSet]]]:
    """The connected identifiers, and the sets that name them, component by component.

    Args:
        naming: Each identifier that is not shared → the sets that name it.
    """
    left = set(naming)
    for start in naming:
        if start not in left:
            continue
        left.remove(start)
        identifiers, sets, reach = {start}, set[IdentifierSet](), [start]
        while reach:
            for named in naming[reach.pop()]:
                if named not in sets:
                    sets.add(named)
                    found = left.intersection(named)
                    left -= found
                    identifiers |= found
                    reach += found
        yield identifiers, sets
