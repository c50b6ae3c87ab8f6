"""One contract for all stores: in memory, embedded, behind `touchline store`, and on a given server.

`TOUCHLINE_TEST_STORE=http://user@host:8123` and `TOUCHLINE_TEST_STORE_PASSWORD` give the server. The tests
empty its database `touchline`; the user must be allowed to create tables.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from touchline.engine.batch import event_columns
from touchline.engine.memory import MemoryStore
from touchline.engine.ports import Store as StorePort
from touchline.store import Store, connect_store, migrate_server, open_store
from touchline.store.address import Address
from touchline.store.handles.server import ServerHandle
from touchline.tables import FrictionRow, JourneyRow
from touchline.vocabulary.event import Event

KINDS = ("embedded", "touchline store", "server")


def empty_tables(admin: Address) -> None:
    """Empty the tables of a server."""
    with closing(ServerHandle(admin)) as handle:
        names = handle.read(
            "SELECT name FROM system.tables WHERE database = 'touchline' AND engine LIKE '%MergeTree'", "TSV"
        )
        for name in names.decode().split():
            if name != "migrations":
                handle.command(f"TRUNCATE TABLE {name}")


def open_empty(kind: str, request: pytest.FixtureRequest) -> Store:
    """Open an empty store of this kind."""
    if kind == "embedded":
        folder: Path = request.getfixturevalue("tmp_path")
        return open_store(request.getfixturevalue("with_store")(folder) / "store")
    if kind == "touchline store":
        process = request.getfixturevalue("store_process")
        worker, admin = process.address("writer"), process.address("admin")
    else:
        url = os.environ.get("TOUCHLINE_TEST_STORE", "")
        if not url:
            pytest.skip("set TOUCHLINE_TEST_STORE to test on a server")
        worker = admin = Address(url, password=os.environ.get("TOUCHLINE_TEST_STORE_PASSWORD", ""))
    migrate_server(admin)
    empty_tables(admin)
    return connect_store(worker)


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """Each of the stores that answer SQL."""
    with open_empty(request.param, request) as store:
        yield store


@pytest.fixture(params=("memory", *KINDS))
def any_store(request: pytest.FixtureRequest) -> Iterator[StorePort]:
    """Each of the stores that a worker can use."""
    if request.param == "memory":
        yield MemoryStore()
        return
    with open_empty(request.param, request) as store:
        yield store


@pytest.fixture
def event() -> Callable[..., Event]:
    """Builds events, one second apart by number."""

    def make(number: int, entity: str = "account:anna", **fields: Any) -> Event:
        defaults: dict[str, Any] = {
            "id": f"e{number:05}",
            "type": "page.viewed",
            "time": 1_780_000_000_123 + number * 1000,
            "channel": "web",
            "source": "shop",
            "identifiers": (entity,),
            "received_at": 1_780_000_000_456,
            "producer": "app",
        }
        return Event(**{**defaults, **fields})

    return make


@pytest.fixture
def friction() -> Callable[..., FrictionRow]:
    """Builds frictions of the customer Anna."""

    def make(number: int, version: int = 1, **fields: Any) -> FrictionRow:
        defaults: dict[str, Any] = {
            "id": UUID(int=100 + number),
            "rule": "long_wait",
            "rule_version": "1",
            "customer": UUID(int=1),
            "journey": UUID(int=7),
            "anchor": "e00001",
            "channel": "phone",
            "source": "desk",
            "opened_at": 1_780_000_000_001,
            "detected_at": 1_780_000_000_002,
            "resolved_at": None,
            "status": "open",
            "count": 1,
            "evidence": ("e00001", "e00002"),
            "weight": 10,
            "factor": "process",
            "version": version,
        }
        return FrictionRow(**{**defaults, **fields})

    return make


@pytest.fixture
def journey() -> Callable[..., JourneyRow]:
    """Builds journeys of the customer Anna."""

    def make(number: int, version: int = 1, **fields: Any) -> JourneyRow:
        defaults: dict[str, Any] = {
            "id": UUID(int=200 + number),
            "customer": UUID(int=1),
            "first": "e00001",
            "start": 1_780_000_000_001,
            "last": 1_780_000_000_999,
            "path": ("web", "phone"),
            "events": 2,
            "contacts": 1,
            "visits": 2,
            "strikes": 10,
            "score": 90,
            "grade": "A",
            "outcome": "open",
            "wait_seconds": 5,
            "transfers": 0,
            "channel_switches": 1,
            "repeats": 0,
            "way_begun": (1_780_000_000_001, 1_780_000_000_005),
            "way_channel": ("web", "phone"),
            "way_source": ("shop", "calls"),
            "way_reached": (2, 1),
            "way_next": ("payment.failed", ""),
            "way_met": (1, 0),
            "due_at": None,
            "superseded": 0,
            "version": version,
        }
        return JourneyRow(**{**defaults, **fields})

    return make


@pytest.fixture
def put() -> Callable[..., None]:
    """Inserts events as the worker does: packed one by one, inserted together."""

    def _put(store: StorePort, events: Sequence[Event], token: str = "t", offset: int = 1) -> None:
        store.insert(
            "events", [store.pack("events", event_columns([event], [offset])) for event in events], token
        )

    return _put
