"""The store: events, identities, frictions, journeys and quarantine, in ClickHouse, embedded or server.

A name's module is imported when the name is first used: the engine and its client take most of a second, and
settings and most commands do not need them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
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

_MODULES: Final = {
    "Address": "address",
    "Answer": "answers",
    "Reply": "answers",
    "parse_answer": "answers",
    "connect_store": "connect",
    "open_store": "connect",
    "grant_roles": "migrations.server",
    "migrate_server": "migrations.server",
    "pending_on_server": "migrations.server",
    "ENTRY_COLUMNS": "queries",
    "EVENT_JSON": "queries",
    "Store": "store",
}
"""Name → its module; all others are in `errors`."""

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_MODULES.get(name, 'errors')}"), name)
