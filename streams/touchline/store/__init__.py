"""The store: events, identities, frictions, journeys and quarantine, in ClickHouse, embedded or server."""

from touchline.store.address import Address
from touchline.store.answers import Answer, Reply, parse_answer
from touchline.store.connect import connect_store, open_store
from touchline.store.errors import (
    QueryError,
    StoreBusy,
    StoreDenied,
    StoreError,
    StoreInUse,
    StoreMismatch,
    StoreMissing,
    StoreUnavailable,
)
from touchline.store.migrations.server import grant_roles, migrate_server, pending_on_server
from touchline.store.queries import ENTRY_COLUMNS, EVENT_JSON
from touchline.store.store import Store

__all__ = [
    "ENTRY_COLUMNS",
    "EVENT_JSON",
    "Address",
    "Answer",
    "QueryError",
    "Reply",
    "Store",
    "StoreBusy",
    "StoreDenied",
    "StoreError",
    "StoreInUse",
    "StoreMismatch",
    "StoreMissing",
    "StoreUnavailable",
    "connect_store",
    "grant_roles",
    "migrate_server",
    "open_store",
    "parse_answer",
    "pending_on_server",
]
