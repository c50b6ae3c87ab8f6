"""The law of identity: customers are a function of the set of pairs that ever occurred together.

No time, no order and no count enters here; `streaming` must end with what this page says. An operator
can ban pairs: a banned pair is no link, but it occurred, and so counts for what is shared.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from functools import lru_cache
from itertools import combinations
from uuid import UUID

from touchline.vocabulary.identifiers import UNIQUE_KIND, rank
from touchline.vocabulary.ids import derived_id

Pair = tuple[str, str]
"""Two identifiers of one event, the stronger first."""

_ACCOUNT = f"{UNIQUE_KIND}:"


@lru_cache(maxsize=65_536)
def customer_id(strongest: str) -> UUID:
    """The id of the customer whose strongest identifier is `strongest` (`kind:value`)."""
    return derived_id(strongest)


def pairs(identifiers: Sequence[str]) -> Iterable[Pair]:
    """The pairs of an event's identifiers, which come strongest first."""
    return combinations(identifiers, 2)


def is_account(identifier: str) -> bool:
    """Whether the identifier is of the unique kind, of which a customer has at most one."""
    return identifier.startswith(_ACCOUNT)


def shared(links: Iterable[Pair]) -> set[str]:
    """The non-account identifiers that occur together with two or more accounts."""
    accounts: dict[str, set[str]] = defaultdict(set)
    for stronger, weaker in links:
        for identifier, other in ((stronger, weaker), (weaker, stronger)):
            if is_account(other) and not is_account(identifier):
                accounts[identifier].add(other)
    return {identifier for identifier, seen in accounts.items() if len(seen) > 1}


def customers(links: Iterable[Pair], bans: Container[Pair] = ()) -> dict[str, str]:
    """Each identifier of the pairs → the strongest identifier of its customer.

    Shared identifiers link nobody: each is a customer of its own. The other links that are not banned
    join strongest first, unless the joined set would hold two accounts.
    """
    links = set(links)
    nobody = shared(links)
    parent: dict[str, str] = {identifier: identifier for link in links for identifier in link}

    def find(identifier: str) -> str:
        while (above := parent[identifier]) != identifier:
            parent[identifier] = identifier = parent[above]
        return identifier

    joining = (link for link in links if link[0] not in nobody and link[1] not in nobody and link not in bans)
    for stronger, weaker in sorted(joining, key=_strongest_first):
        one, other = find(stronger), find(weaker)
        # A root is the strongest of its set, and the account, if there is one, is the strongest.
        if one != other and not (is_account(one) and is_account(other)):
            low, high = sorted((one, other), key=rank)
            parent[high] = low
    return {identifier: find(identifier) for identifier in parent}


def _strongest_first(link: Pair) -> tuple[tuple[int, str], tuple[int, str], str, str]:
    stronger, weaker = link
    return rank(stronger)[:2], rank(weaker)[:2], stronger, weaker
