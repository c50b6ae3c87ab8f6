"""SQL that finds the customer of an event: computed from an account, looked up for other identifiers."""

from collections.abc import Sequence
from typing import Final

from touchline.vocabulary.identifiers import UNIQUE_KIND
from touchline.vocabulary.ids import NAMESPACE
from touchline.vocabulary.steps import CART_TO_ORDER

HASHED: Final = ("contact.started", "feedback.given", *CART_TO_ORDER)
"""The types whose events have a `customer_hash` or an `entity_hash`; another one needs a migration."""

_ACCOUNT = f"{UNIQUE_KIND}:"

# ClickHouse stores a UUID as two 64-bit numbers, each with its bytes reversed. UUIDv5 fixes some of the bits.
_VERSION, _VARIANT = 0xF << 12, 0x3 << 126
_KEPT = (1 << 128) - 1 - _VERSION - _VARIANT
_SET = (5 << 12) + (0x2 << 126)


def customer_id_of(strongest: str) -> str:
    """SQL for a customer's id; `strongest` is an expression for the strongest identifier (`kind:value`)."""
    digest = f"SHA1(concat(unhex('{NAMESPACE.hex}'), {strongest})) AS digest"
    halves = f"concat(reverse(substring({digest}, 1, 8)), reverse(substring(digest, 9, 8)))"
    kept = f"bitAnd(reinterpretAsUInt128({halves}), toUInt128('{_KEPT}'))"
    return f"reinterpretAsUUID(bitOr({kept}, toUInt128('{_SET}')))"


def owned(rows: str, entities: str = "") -> str:
    """SQL that adds `customer` to `rows`, and leaves out rows of no customer.

    Most events have an account, and a customer has at most one, so the id is computed from it. Other
    identifiers are looked up by a hash of 64 bits. The chance that two of ten million share
    one is 1 in 370,000. FINAL would sort all identities to find these few; argMax reads the newest row.

    Args:
        rows: SQL with a column `entity`. It is read twice, but computed once if the engine may keep it
            (`enable_materialized_cte`).
        entities: SQL for the entities of `rows`, and perhaps others, if it costs less than to keep `rows`.
    """
    kept = "" if entities else f"WITH own AS MATERIALIZED ({rows})"
    rows, entities = (f"({rows})", f"({entities})") if entities else ("own", "own")
    return f"""
{kept}
SELECT rows.*, if(startsWith(entity, '{_ACCOUNT}'), {customer_id_of("entity")}, others.customer) AS customer
FROM {rows} AS rows
LEFT JOIN (
    SELECT entity_hash, argMax(customer, version) AS customer FROM identities
    WHERE entity_hash IN (SELECT sipHash64(entity) FROM {entities} WHERE NOT startsWith(entity, '{_ACCOUNT}'))
    GROUP BY entity_hash
) AS others ON others.entity_hash = sipHash64(rows.entity)
WHERE customer != toUUIDOrZero('')
"""


def owned_by_hash(rows: str, types: Sequence[str], where: str) -> str:
    """SQL that adds `owner` to `rows`, sipHash64 of the customer's id, and leaves out rows of no customer.

    It costs less than `owned`: each event has a number instead of its entity.

    Args:
        rows: SQL with the columns `customer_hash` and `entity_hash` of `events`.
        types: The types of the events that `rows` come from, of `HASHED`.
        where: A condition for these events; it may hold for others.

    Raises:
        ValueError: events of these types have no such number.
    """
    if not set(types) <= set(HASHED):
        raise ValueError(f"events of {', '.join(types)} have no hash of their customer")
    return f"""
SELECT rows.*, if(customer_hash != 0, customer_hash, others.found) AS owner
FROM ({rows}) AS rows
LEFT JOIN (
    SELECT entity_hash, sipHash64(argMax(customer, version)) AS found FROM identities
    WHERE entity_hash IN (
        SELECT entity_hash FROM events
        WHERE type IN ({", ".join(f"'{one}'" for one in types)}) AND {where} AND entity_hash != 0)
    GROUP BY entity_hash
) AS others ON others.entity_hash = rows.entity_hash
WHERE owner != 0
"""
