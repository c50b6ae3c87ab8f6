"""Rows of the store's tables, with defaults for fields that a test does not set."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID, uuid5

import orjson

from touchline.identity import customer_id
from touchline.journeys import Journey
from touchline.store import Store

SPACE = UUID(int=0)


def of(identifier: str) -> UUID:
    """The id of the customer with this strongest identifier."""
    return customer_id(identifier)


def put(store: Store, table: str, rows: Iterable[dict[str, Any]], token: str) -> None:
    """Insert rows."""
    listed = list(rows)
    store.insert(table, {name: [row[name] for row in listed] for name in listed[0]}, token)


def friction(who: str, rule: str, opened: int, **other: Any) -> dict[str, Any]:
    """A row of frictions."""
    return {
        "id": uuid5(SPACE, f"{rule}:{who}:{opened}"),
        "rule": rule,
        "rule_version": "1",
        "customer": of(who),
        "journey": uuid5(SPACE, f"journey:{who}"),
        "anchor": "e1",
        "channel": "phone",
        "source": "desk",
        "opened_at": opened,
        "detected_at": opened,
        "resolved_at": None,
        "status": "open",
        "count": 1,
        "evidence": ["e1"],
        "weight": 10,
        "factor": "process",
        "version": 1,
    } | other


def journey(who: str, start: int, last: int, **other: Any) -> dict[str, Any]:
    """A row of journeys."""
    return {
        "id": uuid5(SPACE, f"journey:{who}:{start}"),
        "customer": of(who),
        "first": "e1",
        "start": start,
        "last": last,
        "path": ["web", "phone"],
        "events": 3,
        "contacts": 1,
        "visits": 2,
        "strikes": 0,
        "score": 100,
        "grade": "A",
        "outcome": "open",
        "wait_seconds": 0,
        "transfers": 0,
        "channel_switches": 1,
        "repeats": 0,
        "way_begun": [],
        "way_channel": [],
        "way_source": [],
        "way_reached": [],
        "way_next": [],
        "way_met": [],
        "due_at": None,
        "superseded": 0,
        "version": 1,
    } | other


def ways(journey: Journey) -> dict[str, list[Any]]:
    """The columns of a row of journeys that are about ways to an order."""
    found = [way._asdict() for way in journey.ways]
    names = ("begun", "channel", "source", "reached", "next", "met")
    return {f"way_{name}": [way[name] for way in found] for name in names}


def event(identifiers: list[str], key: str, time: int, type_: str, **data: Any) -> dict[str, Any]:
    """A row of events."""
    return {
        "id": key,
        "type": type_,
        "time": time,
        "received_at": time,
        "channel": "web" if type_.startswith("page") else "phone",
        "source": "shop",
        "producer": "test",
        "entity": identifiers[0],
        "identifiers": identifiers,
        "data": orjson.dumps(data).decode(),
        "context": "{}",
        "schema": 1,
        "log_offset": 1,
    }


def known(store: Store, **entities: str) -> None:
    """Insert identities: entity (with `_` for the colon) → the customer's strongest identifier."""
    rows = [
        {"entity": entity.replace("_", ":", 1), "customer": of(who), "version": 1}
        for entity, who in entities.items()
    ]
    put(store, "identities", rows, f"identities-{sorted(entities)}")


def alert(title: str, opened: int, **other: Any) -> dict[str, Any]:
    """A row of alerts."""
    return {
        "id": uuid5(SPACE, f"alert:{title}"),
        "fingerprint": uuid5(SPACE, title),
        "rule": "payment_outage",
        "kind": "threshold",
        "title": title,
        "severity": "warning",
        "labels": ["source=webshop"],
        "opened_at": opened,
        "detected_at": opened,
        "resolved_at": None,
        "status": "firing",
        "count": 40,
        "customers": 31,
        "usual": 2.0,
        "evidence": [],
        "summary": f"{title}: 31 customers affected",
        "causes": [],
        "version": 1,
    } | other
