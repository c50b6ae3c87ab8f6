"""Whose events are: asked of those alone that are looked at."""


def owners(where: str) -> str:
    """SQL: `entity` and `customer` of the events that `where` names.

    Without FINAL, which would put all identities in order to find these few: the newest row counts.
    """
    return (
        "SELECT entity, argMax(customer, version) AS customer FROM identities "  # noqa: S608 - constants
        f"WHERE entity IN (SELECT entity FROM events WHERE {where}) GROUP BY entity"
    )
