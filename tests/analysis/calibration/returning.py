"""A store with journeys whose customers a broken promise keeps away."""

from random import Random
from typing import Any
from uuid import UUID, uuid5

import orjson

from touchline.identity import customer_id
from touchline.store import Store
from touchline.vocabulary.durations import DAY, HOUR

BEGAN = 1_780_000_000_000
SPACE = UUID(int=1)


def fill(store: Store, customers: int, *, planted: float) -> None:
    """Half of the customers meet a broken promise; `planted` of those who would return stay away for it."""
    random = Random(6)
    events: list[tuple[str, int, str, dict[str, Any]]] = []
    journeys: list[tuple[str, int, int]] = []
    frictions: list[tuple[str, int, str]] = []
    for number in range(customers):
        who, at = f"account:{number}", BEGAN + random.randrange(100 * DAY)
        met = random.random() < 0.5
        if met:
            frictions.append((who, at + HOUR, "promise_broken"))
        if random.random() < 0.4:
            frictions.append((who, at + HOUR, "dead_clicks"))
        # It opens after the journey ended: by then nobody had come back.
        frictions.append((who, at + 30 * DAY, "silence_after_friction"))
        journeys.append((who, at, at + 2 * HOUR))
        events.append((who, at, "order.placed", {"order_id": f"o{number}", "value": 20.0, "currency": "EUR"}))
        if random.random() < 0.6 and not (met and random.random() < planted):
            journeys.append((who, at + 40 * DAY, at + 40 * DAY))
        score = 1 if random.random() < (0.6 if met else 0.3) else 5
        events.append(
            (who, at + DAY, "feedback.given", {"feedback_id": f"f{number}", "metric": "csat", "score": score})
        )
    events.append(("account:0", BEGAN + 180 * DAY, "page.viewed", {}))
    everyone = sorted({who for who, *_ in events})
    store.insert(
        "identities",
        {
            "entity": everyone,
            "customer": [customer_id(one) for one in everyone],
            "version": [1] * len(everyone),
        },
        "identities",
    )
    store.insert(
        "events",
        {
            "id": [f"e{number}" for number in range(len(events))],
            "type": [kind for _, _, kind, _ in events],
            "time": [at for _, at, *_ in events],
            "channel": ["web"] * len(events),
            "source": ["shop"] * len(events),
            "entity": [who for who, *_ in events],
            "data": [orjson.dumps(data).decode() for *_, data in events],
        },
        "events",
    )
    store.insert(
        "journeys",
        {
            "id": [uuid5(SPACE, f"{who} {start}") for who, start, _ in journeys],
            "customer": [customer_id(who) for who, *_ in journeys],
            "start": [start for _, start, _ in journeys],
            "last": [last for *_, last in journeys],
            "events": [2] * len(journeys),
            "version": [1] * len(journeys),
        },
        "journeys",
    )
    first = {who: start for who, start, _ in reversed(journeys)}
    store.insert(
        "frictions",
        {
            "id": [uuid5(SPACE, f"{who} {rule}") for who, _, rule in frictions],
            "customer": [customer_id(who) for who, *_ in frictions],
            "journey": [uuid5(SPACE, f"{who} {first[who]}") for who, *_ in frictions],
            "opened_at": [at for _, at, _ in frictions],
            "rule": [rule for *_, rule in frictions],
            "weight": [10] * len(frictions),
            "status": ["open"] * len(frictions),
            "version": [1] * len(frictions),
        },
        "frictions",
    )
