"""Whose an entity is, and who else is of that customer, as the table of identities says it now."""

from collections.abc import Collection
from typing import NamedTuple

from touchline.engine.ports import Store
from touchline.vocabulary.identifiers import rank


class Owned(NamedTuple):
    """The customer of each entity, and the identifiers of each customer, both by strongest identifier.

    A customer that is no more has no identifiers. `strangers` are the entities that the table does not name.
    """

    customer_of: dict[str, str]
    members_of: dict[str, list[str]]
    strangers: set[str]


def owned(store: Store, entities: Collection[str]) -> Owned:
    """Look up entities; one that the table does not name is a customer of its own."""
    customer_of = {entity: entity for entity in entities}
    members_of = {entity: [entity] for entity in entities}
    strangers = set(entities)
    for identifiers in store.identities_of(sorted(entities)):
        strangers.difference_update(identifiers)
        if len(identifiers) == 1:
            continue
        strongest = min(identifiers, key=rank)
        for one in identifiers:
            if one in customer_of:
                customer_of[one] = strongest
                members_of[one] = []
        members_of[strongest] = identifiers
    return Owned(customer_of, members_of, strangers)
