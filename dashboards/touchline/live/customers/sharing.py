"""Why an identifier belongs to no customer: its kind, an operator's decision, or a limit."""

from collections.abc import Mapping, Sequence

from touchline.live.queries import Store, run
from touchline.vocabulary.identifiers import UNIQUE_KIND, links_nobody, rank

MAX_SETS = 10_000
"""Sets of identifiers that are counted: an identifier in more of them is beyond every limit."""

# The last decision about sharing the identifier.
_DECISION = """
SELECT what FROM ledger FINAL WHERE what IN ('share', 'unshare') AND identifiers = [{identifier:String}]
ORDER BY at DESC, id DESC LIMIT 1
"""
_TOGETHER = """
SELECT splitByChar(':', other)[1] AS kind, uniqExact(other) AS count
FROM (
    SELECT DISTINCT identifiers FROM occurrences WHERE identifier = {identifier:String} LIMIT {limit:UInt64}
)
ARRAY JOIN identifiers AS other
GROUP BY kind
"""


def why_shared(store: Store, identifiers: Sequence[str], limits: Mapping[str, int]) -> str:
    """Why a customer's identifier is shared; empty if it is not. A shared identifier is alone.

    Args:
        store: Queried twice at most.
        identifiers: All of the customer's.
        limits: How many identifiers of a kind a customer may have.
    """
    if len(identifiers) != 1:
        return ""
    [identifier] = identifiers
    kind = identifier.partition(":")[0]
    if kind == UNIQUE_KIND:
        return ""
    decisions = run(store, _DECISION, identifier=identifier)
    if decisions and decisions[0]["what"] == "share":
        return "Shared, so it links no customers: an operator decided so"
    if links_nobody(kind):
        return f"Links no customers: identifiers of the kind {kind} never do"
    counts = {
        row["kind"]: row["count"] for row in run(store, _TOGETHER, identifier=identifier, limit=MAX_SETS)
    }
    for other, limit in sorted(limits.items(), key=lambda item: rank(f"{item[0]}:")):
        is_stronger = rank(f"{other}:")[:2] < rank(f"{kind}:")[:2]
        if is_stronger and (count := counts.get(other, 0)) > limit:
            return (
                f"Shared, so it links no customers: it occurs with {count:,} identifiers of the kind {other},"
                f" and a customer has at most {limit}"
            )
    return ""
