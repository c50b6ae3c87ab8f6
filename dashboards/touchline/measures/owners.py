"""Whose events are: asked of those alone that are looked at."""


def owners(where: str) -> str:
    """SQL: `entity` and `customer` of the events that `where` names.

    Without FINAL, which would put all identities in order to find these few: the newest row counts. They are
    found by a hash, which is quicker to compare than texts; a row too many, of another entity with the same
    hash, does no harm to who joins by `entity`.
    """
    return (
        "SELECT entity, argMax(customer, version) AS customer FROM identities "  # noqa: S608 - constants
        f"WHERE xxHash64(entity) IN (SELECT xxHash64(entity) FROM events WHERE {where}) GROUP BY entity"
    )
