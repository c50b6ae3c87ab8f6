"""A store filled with customers of the past, quickly: rows as a worker would have written them."""

from collections.abc import Callable, Sequence
from typing import Any

from touchline.friction import RuleSet
from touchline.identity import customer_id
from touchline.journeys import JOURNEY_GAP
from touchline.pipeline.store import Store
from touchline.vocabulary.ids import derived_id

TOGETHER = 50_000
OBLIGED = 100
"""One customer in so many has a pending obligation."""

HOUR = 3_600_000


def fill(
    store: Store,
    first: int,
    customers: int,
    now: int,
    *,
    done: Callable[[int], None] = lambda so_far: None,
) -> None:
    """Add customers of one event, an account and a device each, with their journey, before `now` (ms)."""
    for start in range(first, first + customers, TOGETHER):
        numbers = range(start, min(start + TOGETHER, first + customers))
        for table, columns in _rows(numbers, now).items():
            store.insert(table, columns, token=f"fill:{table}:{start}")
        done(numbers[-1] + 1)


def in_force(store: Store, rules: RuleSet, now: int) -> None:
    """Let the store say that all of it is folded by these rules."""
    store.put_in_force(f"{rules.fingerprint}/{JOURNEY_GAP}", now)


def _rows(numbers: range, now: int) -> dict[str, dict[str, Sequence[Any]]]:
    count = len(numbers)
    entities = [f"account:past-{number}" for number in numbers]
    sets = [(one, f"device:{derived_id(one)}") for one in entities]
    owners = [customer_id(entity) for entity in entities]
    ids = [f"past-{number}" for number in numbers]
    times = [now - HOUR - number % 30 * 24 * HOUR for number in numbers]
    due = [now + HOUR if number % OBLIGED == 0 else None for number in numbers]
    return {
        "events": {
            "id": ids,
            "type": ["cart.updated" if one else "page.viewed" for one in due],
            "time": times,
            "received_at": times,
            "channel": ["web"] * count,
            "source": ["shop"] * count,
            "producer": ["past"] * count,
            "entity": entities,
            "identifiers": sets,
            "data": ['{"page":"/"}'] * count,
            "context": ["{}"] * count,
            "schema": [1] * count,
            "log_offset": [0] * count,
        },
        "identities": {
            "entity": [one for named in sets for one in named],
            "customer": [owner for owner in owners for _ in range(2)],
            "version": [1] * 2 * count,
        },
        "occurrences": {
            "identifier": [one for named in sets for one in named],
            "identifiers": [named for named in sets for _ in named],
        },
        "journeys": {
            "id": [derived_id(f"journey:{one}") for one in ids],
            "customer": owners,
            "first": ids,
            "start": times,
            "last": times,
            "path": [["web"]] * count,
            "events": [1] * count,
            **{name: [0] * count for name in ("contacts", "visits", "strikes", "wait_seconds", "transfers")},
            "score": [100] * count,
            "grade": ["A"] * count,
            "outcome": ["open"] * count,
            "channel_switches": [0] * count,
            "repeats": [0] * count,
            "due_at": due,
            "superseded": [0] * count,
            "version": [1] * count,
        },
    }
