"""Whose an entity is, and who else is of that customer, as the table of identities says it now."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from uuid import UUID

from touchline.pipeline.ports import Store
from touchline.vocabulary.identifiers import rank


def owners(store: Store, entities: Collection[str]) -> dict[str, str]:
    """The customer of each entity, by strongest identifier; one that the table does not name is its own."""
    found = {entity: entity for entity in entities}
    for strongest, members in _customers(store, entities):
        found |= {one: strongest for one in members if one in found}
    return found


def members(store: Store, customers: Collection[str]) -> dict[str, list[str]]:
    """The identifiers of each customer, named by strongest identifier; none where it is no more."""
    found = {customer: [customer] for customer in customers}
    for strongest, identifiers in _customers(store, customers):
        found |= {one: [] for one in identifiers if one in found}
        if strongest in found:
            found[strongest] = identifiers
    return found


def _customers(store: Store, entities: Collection[str]) -> Iterator[tuple[str, list[str]]]:
    together: dict[UUID, list[str]] = defaultdict(list)
    for entity, customer in store.identities_of(sorted(entities)):
        together[customer].append(entity)
    for identifiers in together.values():
        yield min(identifiers, key=rank), identifiers
