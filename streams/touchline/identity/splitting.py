"""Which pairs must be banned so that an identifier is no longer of the customer of another."""

from collections.abc import Collection

from touchline.identity.customers import Pair, customers


def parting(links: Collection[Pair], bans: Collection[Pair], stays: str, goes: str) -> list[Pair]:
    """The pairs of `goes` to ban, so that it parts from `stays`; none where they are not together.

    They are those with what would be with `stays` without it; what hangs on `goes` alone goes with it.
    Where that is not enough (a link that gave way to a stronger one can take its place), it is all.
    """
    banned = set(bans)
    own = [pair for pair in links if goes in pair and pair not in banned]
    now_so = customers(links, banned)
    if stays == goes or now_so.get(stays, stays) != now_so.get(goes, goes):
        return []
    without = customers(links, banned.union(own))
    staying = without.get(stays, stays)
    cut = [pair for pair in own if staying in (without.get(pair[0]), without.get(pair[1]))]
    after = customers(links, banned.union(cut))
    return sorted(cut if after.get(stays, stays) != after.get(goes, goes) else own)
