"""The law of sharing: which identifiers link nobody. Everything that decides about customers asks here.

An identifier is shared if its kind links nobody, if an operator says so, or if it occurs together with more
identifiers of one stronger kind than a customer may have. Accounts are never shared.
"""

from collections.abc import Collection, Container, Iterable, Mapping, Sequence, Set
from types import MappingProxyType
from typing import NamedTuple

from touchline.vocabulary.identifiers import NOBODY_KINDS, UNIQUE_KIND, links_nobody

_VERSION = 2
"""One more with each change of what customers follow from the same sets, limits and ledger."""

Limits = Mapping[str, int]
"""Kind → how many identifiers of it a customer may have. Kinds that are not named have no limit."""

LIMITS: Limits = MappingProxyType({UNIQUE_KIND: 1, "loyalty": 3, "email": 5, "phone": 5, "social": 5})

Pair = tuple[str, str]
"""Two identifiers of one event, the stronger first."""


def kind_of(identifier: str) -> str:
    """The kind of an identifier (`kind:value`)."""
    return identifier.partition(":")[0]


def check_limits(given: Limits) -> dict[str, int]:
    """The default limits, with those that are given in their place.

    Raises:
        ValueError: a kind has no limit to set, or a limit is below 1.
    """
    for kind, limit in given.items():
        if kind == UNIQUE_KIND and limit != 1:
            raise ValueError(f"{kind}: a customer has at most one; leave it out")
        if links_nobody(kind):
            raise ValueError(f"{kind}: this kind links nobody, so it has no limit; leave it out")
        if limit < 1:
            raise ValueError(f"{kind}: {limit} is too few; write 1 or more")
    return {**LIMITS, **given}


class Policy(NamedTuple):
    """What decides about customers beside the sets of identifiers that occur.

    Attributes:
        limits: From the settings.
        bans: Pairs that operators split: they are no links.
        shares: Identifiers that operators share: they link nobody.
    """

    limits: Limits = LIMITS
    bans: Set[Pair] = frozenset()
    shares: Set[str] = frozenset()


POLICY = Policy()
"""The default limits, and nothing that an operator decided."""


class Excess(NamedTuple):
    """What an identifier occurs with, more often than a customer may have it: the kind, and its limit."""

    kind: str
    limit: int


def law(limits: Limits) -> str:
    """A fingerprint: equal where the same sets and the same ledger give the same customers."""
    return f"{_VERSION}/" + ",".join(f"{kind}={limits[kind]}" for kind in sorted(limits))


def is_shared(identifier: str, sets: Iterable[Sequence[str]], policy: Policy) -> bool:
    """Whether an identifier is shared, by the sets that name it, each strongest first."""
    return is_shared_by_definition(identifier, policy.shares) or (
        excess(identifier, sets, policy.limits) is not None
    )


def is_shared_by_definition(identifier: str, shares: Container[str]) -> bool:
    """Whether an identifier is shared whatever it occurs with: by its kind, or by an operator."""
    return identifier.partition(":")[0] in NOBODY_KINDS or identifier in shares


def excess(identifier: str, sets: Iterable[Sequence[str]], limits: Limits) -> Excess | None:
    """What an identifier occurs with beyond a limit, by the sets that name it; None if nothing is."""
    own = kind_of(identifier)
    if own == UNIQUE_KIND:
        return None
    seen: dict[str, set[str]] = {}
    for named in sets:
        for other in named:
            kind = kind_of(other)
            if kind == own:
                # Stronger kinds come before its own.
                break
            limit = limits.get(kind)
            if limit is not None:
                others = seen.setdefault(kind, set())
                others.add(other)
                if len(others) > limit:
                    return Excess(kind, limit)
    return None


def may_share(sets: Collection[Sequence[str]], limits: Limits, fewest: int) -> bool:
    """Whether a limit may share an identifier of the sets: they name more of a kind than it allows.

    `fewest` identifiers, or fewer, are never beyond a limit.
    """
    # Quick for most customers, of whom few sets are known.
    if sum(map(len, sets)) <= fewest:
        return False
    counts: dict[str, int] = {}
    for kind in map(kind_of, set[str]().union(*sets)):
        counts[kind] = counts.get(kind, 0) + 1
    return any(counts.get(kind, 0) > limit for kind, limit in limits.items())
