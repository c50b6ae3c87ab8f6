"""The store's exceptions.

StoreError
├── StoreMissing       the folder or the server has no store
├── StoreInUse         another process, or another Store of this process, has the store open
├── StoreDenied        the server refuses the user or the password
├── StoreMismatch      the tables, or the server, do not fit this version of touchline
├── StoreUnavailable   the engine failed to run a read or a write: retry later
│   └── StoreBusy      too many queries are running
└── QueryError         a query is invalid, refused or too large
"""

from touchline.vocabulary.errors import TouchlineError


class StoreError(TouchlineError):
    """The root of the store's exceptions. The message says what to do."""


class StoreMissing(StoreError):
    """The folder or the server has no store, or one of an older version."""


class StoreInUse(StoreError):
    """The store is open elsewhere. `pid` is the process, None where it is unknown."""

    def __init__(self, message: str, pid: int | None = None) -> None:
        super().__init__(message)
        self.pid = pid


class StoreDenied(StoreError):
    """The server refuses the user or the password."""


class StoreMismatch(StoreError):
    """The store's migrations are not those of this version, or its server is too old for it."""


class StoreUnavailable(StoreError):
    """A read or a write failed, as on a full disk. The same call may be repeated."""


class StoreBusy(StoreUnavailable):
    """No handle became free in time."""


class QueryError(StoreError):
    """A query failed. The message is ClickHouse's (`Code: N. DB::Exception: …`), `code` its number."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code
