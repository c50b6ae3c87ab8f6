"""Finds a customer by an id, an identifier, the id of a journey, or an id in an event."""

import re
from dataclasses import dataclass
from uuid import UUID

from touchline.analysis.reading.references import find_references
from touchline.live import queries
from touchline.live.labels import clip, sentence
from touchline.live.queries import Row, Store, run
from touchline.vocabulary.identifiers import RANK, rank
from touchline.vocabulary.normaliser import Normaliser

_KIND = re.compile(r"[a-z][a-z0-9_]{0,31}\Z")


@dataclass(frozen=True)
class FoundCustomer:
    """A customer and their identifiers; `by` says which event had the text, if an id in one led here."""

    id: str
    identifiers: list[str]
    by: str = ""


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
    if not rows:
        return _by_reference(store, text)
    return [FoundCustomer(row["owner"], row["entities"]) for row in rows]


def _by_reference(store: Store, text: str) -> list[FoundCustomer]:
    found = find_references(lambda sql, values: store.query(sql, dict(values)).result_rows, text)
    rows = run(store, queries.IDENTIFIERS_OF_CUSTOMERS, customers=[one.customer for one in found])
    entities = {row["owner"]: row["entities"] for row in rows}
    return [
        FoundCustomer(one.customer, entities[one.customer], f"{clip(one.field)} in {sentence(one.type)}")
        for one in found
        if one.customer in entities
    ]


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
