"""The store: events, identities, frictions, journeys and quarantine, in ClickHouse: embedded, or a server."""

from touchline.store.address import Address
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
from touchline.store.opening import (
    connect_store,
    grant_roles,
    migrate_server,
    open_store,
    pending_on_server,
)
from touchline.store.questions import ENTRY_COLUMNS, EVENT_JSON
from touchline.store.readers import Reply
from touchline.store.store import Answer, Store, parse_answer

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
