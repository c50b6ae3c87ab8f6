"""Whose events are: read off an account, and asked for the others alone."""

from touchline.vocabulary.identifiers import UNIQUE_KIND
from touchline.vocabulary.ids import NAMESPACE

_ACCOUNT, _AFTER_ACCOUNTS = f"{UNIQUE_KIND}:", f"{UNIQUE_KIND};"

# ClickHouse keeps a UUID as two numbers of 64 bits, each the other way round; version 5 and variant are set.
_VERSION, _VARIANT = 0xF << 12, 0x3 << 126
_KEPT = (1 << 128) - 1 - _VERSION - _VARIANT
_SET = (5 << 12) + (0x2 << 126)


def customer_id_of(strongest: str) -> str:
    """SQL: the id of the customer whose strongest identifier (`kind:value`) the expression `strongest` is."""
    digest = f"SHA1(concat(unhex('{NAMESPACE.hex}'), {strongest})) AS digest"
    halves = f"concat(reverse(substring({digest}, 1, 8)), reverse(substring(digest, 9, 8)))"
    kept = f"bitAnd(reinterpretAsUInt128({halves}), toUInt128('{_KEPT}'))"
    return f"reinterpretAsUUID(bitOr({kept}, toUInt128('{_SET}')))"


def owned(rows: str, where: str) -> str:
    """SQL: `rows`, which have an `entity`, each with its `customer`; `where` names the events they are of.

    A customer has at most one account, and it is the strongest identifier, so that the id follows from it;
    most events have one. The others are looked up: not with FINAL, which would put all identities in order to
    find these few; the newest row counts.
    """
    return f"""
SELECT rows.*, if(startsWith(entity, '{_ACCOUNT}'), {customer_id_of("entity")}, others.customer) AS customer
FROM ({rows}) AS rows
LEFT JOIN (
    SELECT entity, argMax(customer, version) AS customer FROM identities
    WHERE (entity < '{_ACCOUNT}' OR entity >= '{_AFTER_ACCOUNTS}')
      AND entity IN (SELECT entity FROM events WHERE {where} AND NOT startsWith(entity, '{_ACCOUNT}'))
    GROUP BY entity
) AS others USING (entity)
WHERE customer != toUUIDOrZero('')
"""  # noqa: S608 - made of constants
