"""Which pairs must be banned so that an identifier is no longer of the customer of another."""

from collections.abc import Collection

from touchline.identity.customers import customers
from touchline.identity.sharing import Pair, Policy


def parting(links: Collection[Pair], policy: Policy, stays: str, goes: str) -> list[Pair]:
    """The pairs of `goes` to ban, so that it parts from `stays`; none where they are not together.

    They are those with what would be with `stays` without it; what hangs on `goes` alone goes with it.
    Where that is not enough (a link that gave way to a stronger one can take its place), it is all.
    """

    def owners(banned: Collection[Pair]) -> dict[str, str]:
        return customers(links, policy._replace(bans=policy.bans | set(banned)))

    own = [pair for pair in links if goes in pair and pair not in policy.bans]
    now_so = owners(())
    if stays == goes or now_so.get(stays, stays) != now_so.get(goes, goes):
        return []
    without = owners(own)
    staying = without.get(stays, stays)
    cut = [pair for pair in own if staying in (without.get(pair[0]), without.get(pair[1]))]
    after = owners(cut)
    return sorted(cut if after.get(stays, stays) != after.get(goes, goes) else own)
