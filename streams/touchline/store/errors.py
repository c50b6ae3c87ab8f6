"""What can go wrong with a store.

StoreError
├── StoreMissing       there is no store where one was looked for
├── StoreInUse         another process (or another Store of this one) has it open
├── StoreDenied        the server that keeps it does not let this user in
├── StoreMismatch      its tables are not those that this version of touchline knows
├── StoreUnavailable   the engine refused a read or a write of ours: try again later
│   └── StoreBusy      too many queries at once
└── QueryError         a user's query is wrong, refused or too large
"""

from touchline.vocabulary.errors import TouchlineError


class StoreError(TouchlineError):
    """The root of the store's errors; the text says what to do."""


class StoreMissing(StoreError):
    """There is no store in the folder."""


class StoreInUse(StoreError):
    """The store is open elsewhere. `pid` is the process, None where it cannot be told."""

    def __init__(self, message: str, pid: int | None = None) -> None:
        super().__init__(message)
        self.pid = pid


class StoreDenied(StoreError):
    """The server does not know the user, or the password is another."""


class StoreMismatch(StoreError):
    """The migrations applied to the store are not those that this version knows."""


class StoreUnavailable(StoreError):
    """A read or a write was refused (a full disk, a lack of memory); the same call may be repeated."""


class StoreBusy(StoreUnavailable):
    """No reader became free in time."""


class QueryError(StoreError):
    """A query failed; the text is ClickHouse's own (`Code: N. DB::Exception: …`), `code` its number."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code
