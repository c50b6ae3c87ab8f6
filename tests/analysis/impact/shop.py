"""The store of a small shop, filled by hand: a fifth of its customers meet dead clicks, which cost orders."""

from random import Random
from typing import Any
from uuid import UUID, uuid5

import orjson

from touchline.store import Store
from touchline.vocabulary.durations import DAY, HOUR, WEEK

BEGAN = 1_780_000_000_000
SPACE = UUID(int=0)
CUSTOMERS = 2_000


def fill(store: Store, *, lost: float) -> None:
    """Each customer visits the shop; a fifth meet dead clicks, and `lost` of those do not buy who would."""
    random = Random(8)
    events: list[tuple[str, int, str, str, dict[str, Any]]] = []
    frictions: list[tuple[str, int]] = []
    for number in range(CUSTOMERS):
        who, at = f"account:{number}", BEGAN + random.randrange(2 * WEEK)
        events.append((who, at, "web", "page.viewed", {"page": "/"}))
        met = random.random() < 0.2
        if met:
            frictions.append((who, at + HOUR))
        if random.random() < 0.4 and not (met and random.random() < lost):
            cart = {"cart_id": f"c{number}", "value": 50.0, "currency": "EUR"}
            order = {"cart_id": f"c{number}", "order_id": f"o{number}", "currency": "EUR"}
            events.append((who, at + 2 * HOUR, "web", "cart.updated", cart))
            events.append((who, at + 3 * HOUR, "web", "order.placed", order))
        if met and random.random() < 0.5:
            events.append((who, at + DAY, "phone", "contact.started", {"contact_id": f"k{number}"}))
    # Nobody knows whose these are: they can be no customer's loss.
    events += [(f"contact:{number}", BEGAN + number, "web", "page.viewed", {}) for number in range(500)]
    events.append(("account:last", BEGAN + 4 * WEEK, "web", "page.viewed", {}))
    _put(store, events, frictions)


def _put(
    store: Store, events: list[tuple[str, int, str, str, dict[str, Any]]], frictions: list[tuple[str, int]]
) -> None:
    store.insert(
        "events",
        {
            "id": [f"e{number}" for number in range(len(events))],
            "type": [kind for *_, kind, _ in events],
            "time": [at for _, at, *_ in events],
            "channel": [channel for _, _, channel, *_ in events],
            "source": ["shop"] * len(events),
            "entity": [who for who, *_ in events],
            "data": [orjson.dumps(data).decode() for *_, data in events],
        },
        "events",
    )
    everyone = sorted({who for who, *_ in events})
    rows: dict[str, list[Any]] = {"entity": everyone, "customer": [uuid5(SPACE, who) for who in everyone]}
    store.insert("identities", rows | {"version": [1] * len(everyone)}, "identities")
    insert_frictions(store, frictions, "open", 1)


def insert_frictions(
    store: Store,
    frictions: list[tuple[str, int]],
    status: str,
    version: int,
    rule: str = "dead_clicks",
    channel: str = "web",
) -> None:
    """Store frictions of these customers at these times, all of one status and version, on one channel."""
    found: dict[str, list[Any]] = {
        "id": [uuid5(SPACE, f"{rule} {who}") for who, _ in frictions],
        "customer": [uuid5(SPACE, who) for who, _ in frictions],
        "opened_at": [at for _, at in frictions],
        "channel": [channel] * len(frictions),
        "source": ["shop"] * len(frictions),
        "rule": [rule] * len(frictions),
        "status": [status] * len(frictions),
        "version": [version] * len(frictions),
    }
    store.insert("frictions", found, f"frictions {version}")
