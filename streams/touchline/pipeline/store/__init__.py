"""The store: events, identities, frictions, journeys and quarantine, in ClickHouse: embedded, or a server."""

from touchline.pipeline.store.errors import (
    QueryError,
    StoreBusy,
    StoreDenied,
    StoreError,
    StoreInUse,
    StoreMismatch,
    StoreMissing,
    StoreUnavailable,
)
from touchline.pipeline.store.opening import (
    connect_store,
    grant_roles,
    migrate_server,
    open_store,
    pending_on_server,
)
from touchline.pipeline.store.questions import ENTRY_COLUMNS, EVENT_JSON
from touchline.pipeline.store.readers import Reply
from touchline.pipeline.store.store import Answer, Store, parse_answer
from touchline.pipeline.store_address import Address

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
