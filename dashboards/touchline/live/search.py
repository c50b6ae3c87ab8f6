"""Finds a customer by an id, an identifier, or the id of a journey."""

import re
from dataclasses import dataclass
from uuid import UUID

from touchline.live import queries
from touchline.live.queries import Row, Store, run
from touchline.vocabulary.identifiers import RANK, rank
from touchline.vocabulary.normaliser import Normaliser

_KIND = re.compile(r"[a-z][a-z0-9_]{0,31}\Z")


@dataclass(frozen=True)
class FoundCustomer:
    """A customer and their identifiers."""

    id: str
    identifiers: list[str]


def candidates(text: str, normaliser: Normaliser) -> list[str]:
    """The identifiers that a text may mean, strongest first."""
    readings = [(kind, text) for kind in RANK]
    kind, _, value = text.strip().partition(":")
    # What is written as an identifier may be stored in an older normal form.
    identifiers = {f"{kind}:{value}"} if value and _KIND.match(kind) else set()
    if identifiers:
        readings.append((kind, value))
    identifiers |= {found for kind, value in readings if (found := normaliser.identifier(kind, value))}
    return sorted(identifiers, key=rank)


def find_customers(store: Store, text: str, normaliser: Normaliser) -> list[FoundCustomer]:
    """The customers that a text may mean. Raises what the store raises."""
    try:
        rows = _by_id(store, str(UUID(text.strip())))
    except ValueError:
        rows = _by_identifier(store, candidates(text, normaliser))
    return [FoundCustomer(row["owner"], row["entities"]) for row in rows]


def _by_id(store: Store, id_: str) -> list[Row]:
    if found := run(store, queries.IDENTIFIERS_OF_CUSTOMERS, customers=[id_]):
        return found
    journeys = run(store, queries.CUSTOMERS_OF_JOURNEYS, journeys=[id_])
    return run(store, queries.IDENTIFIERS_OF_CUSTOMERS, customers=[row["owner"] for row in journeys])


def _by_identifier(store: Store, identifiers: list[str]) -> list[Row]:
    if not identifiers:
        return []
    parameters = {"candidates": identifiers, "limit": queries.MAX_MATCHES}
    found = run(store, queries.CUSTOMERS_BY_IDENTIFIER, **parameters)
    found = found or run(store, queries.CUSTOMERS_BY_EVENTS, **parameters)
    if len(found) != 1:
        return found
    # The row has only the matching identifiers.
    return run(store, queries.IDENTIFIERS_OF_CUSTOMERS, customers=[found[0]["owner"]])
