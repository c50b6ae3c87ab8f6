"""The law of identity: customers are a function of the set of pairs that ever occurred together.

No time, no order and no count enters here; `streaming` must end with what this page says. Operators can ban
pairs and share identifiers: a banned pair is no link, but it occurred, and so counts for what is shared.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Sequence, Set
from functools import lru_cache
from itertools import combinations
from uuid import UUID

from touchline.identity.sharing import POLICY, Pair, Policy, is_shared
from touchline.vocabulary.identifiers import UNIQUE_KIND, rank
from touchline.vocabulary.ids import derived_id

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


def shared(links: Set[Pair], policy: Policy = POLICY) -> set[str]:
    """The identifiers of the pairs that are shared."""
    naming: dict[str, list[Pair]] = defaultdict(list)
    for link in links:
        for identifier in link:
            naming[identifier].append(link)
    return {identifier for identifier, own in naming.items() if is_shared(identifier, own, policy)}


def customers(links: Iterable[Pair], policy: Policy = POLICY) -> dict[str, str]:
    """Each identifier of the pairs → the strongest identifier of its customer.

    A shared identifier is a customer of its own; the links between the others join them.
    """
    links = set(links)
    nobody = shared(links, policy)
    joining = (link for link in links if nobody.isdisjoint(link))
    return {identifier: identifier for link in links for identifier in link} | joined(joining, policy.bans)


def joined(links: Iterable[Pair], bans: Container[Pair]) -> dict[str, str]:
    """Each identifier of the pairs, of which none is shared → the strongest identifier of its customer.

    Links that are not banned join strongest first, unless the joined set would hold two accounts.
    """
    links = list(links)
    parent: dict[str, str] = {identifier: identifier for link in links for identifier in link}

    def find(identifier: str) -> str:
        while (above := parent[identifier]) != identifier:
            parent[identifier] = identifier = parent[above]
        return identifier

    for stronger, weaker in sorted((link for link in links if link not in bans), key=_strongest_first):
        one, other = find(stronger), find(weaker)
        # A root is the strongest of its set, and the account, if there is one, is the strongest.
        if one != other and not (is_account(one) and is_account(other)):
            low, high = sorted((one, other), key=rank)
            parent[high] = low
    return {identifier: find(identifier) for identifier in parent}


def _strongest_first(link: Pair) -> tuple[tuple[int, str], tuple[int, str], str, str]:
    stronger, weaker = link
    return rank(stronger)[:2], rank(weaker)[:2], stronger, weaker
