"""The law of identity, read literally, and sets of identifiers to try it on."""

from collections.abc import Collection, Iterable
from itertools import combinations

from hypothesis import strategies as st

from touchline.identity import Pair, Policy
from touchline.vocabulary.identifiers import rank

IdentifierSet = tuple[str, ...]


def in_rank(identifiers: Iterable[str]) -> IdentifierSet:
    return tuple(sorted(identifiers, key=rank))


identifiers = st.sampled_from(
    [
        f"{kind}:{n}"
        for kind in ("account", "email", "device", "zebra", "loyalty", "terminal", "cart")
        for n in range(4)
    ]
)
events = st.lists(st.lists(identifiers, min_size=1, max_size=4, unique=True).map(in_rank), max_size=14)
banned_pairs = st.lists(
    st.lists(identifiers, min_size=2, max_size=2, unique=True).map(in_rank), max_size=6, unique=True
)
shared_ones = st.lists(
    identifiers.filter(lambda one: not one.startswith("account:")), max_size=3, unique=True
)
limits = st.fixed_dictionaries(
    {"account": st.just(1), "loyalty": st.integers(1, 2), "email": st.integers(1, 3)},
    optional={"device": st.integers(1, 2)},
)


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


def law_of(sets: Collection[IdentifierSet], policy: Policy) -> dict[str, frozenset[str]]:
    """The law of identity, read literally: each identifier → the identifiers of its customer."""
    everything = {identifier for named in sets for identifier in named}
    together = {frozenset(pair) for named in sets for pair in combinations(named, 2)}

    def accounts(group: Iterable[str]) -> set[str]:
        return {identifier for identifier in group if identifier.startswith("account:")}

    shared = {identifier for identifier in everything if _is_shared(identifier, together, policy)}
    links = [link for pair in together if not pair & shared and (link := in_rank(pair)) not in policy.bans]
    links.sort(key=lambda link: (*map(_strength, link), *link))
    group = {identifier: frozenset([identifier]) for identifier in everything}
    for stronger, weaker in links:
        joined = group[stronger] | group[weaker]
        if len(accounts(joined)) < 2:
            group.update(dict.fromkeys(joined, joined))
    return group


def named_by(law: dict[str, frozenset[str]]) -> dict[str, str]:
    return {
        identifier: min(group, key=lambda one: (_strength(one), one)) for identifier, group in law.items()
    }


def policy_of(limits: dict[str, int], banned: Iterable[Pair] = (), shared: Iterable[str] = ()) -> Policy:
    return Policy(limits, frozenset(banned), frozenset(shared))
