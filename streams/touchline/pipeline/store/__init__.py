"""The store: events, identities, frictions, journeys and quarantine, in ClickHouse's embedded engine."""

from touchline.pipeline.store.errors import (
    QueryError,
    StoreBusy,
    StoreError,
    StoreInUse,
    StoreMismatch,
    StoreMissing,
    StoreUnavailable,
)
from touchline.pipeline.store.readers import Reply
from touchline.pipeline.store.store import ENTRY_COLUMNS, EVENT_JSON, Answer, Store, open_store, parse_answer

__all__ = [
    "ENTRY_COLUMNS",
    "EVENT_JSON",
    "Answer",
    "QueryError",
    "Reply",
    "Store",
    "StoreBusy",
    "StoreError",
    "StoreInUse",
    "StoreMismatch",
    "StoreMissing",
    "StoreUnavailable",
    "open_store",
    "parse_answer",
]
