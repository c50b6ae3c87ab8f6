"""Opening the store: the one in a folder, by this process's own engine, or the one that a server keeps."""

from pathlib import Path

from touchline.pipeline.store.engine import EngineHandle, Handle, ServerHandle, owner
from touchline.pipeline.store.errors import QueryError, StoreInUse, StoreMissing, StoreUnavailable
from touchline.pipeline.store.migrate import migrate, pending
from touchline.pipeline.store.readers import READING
from touchline.pipeline.store.store import Store
from touchline.pipeline.store_address import Address
from touchline.tables import migrations

STATE = {"session_timezone": "UTC", "max_query_size": 268_435_456}
"""Settings of the worker's requests to a server: lists of keys go with the SQL, and may be long."""

NO_TABLES = (60, 81)
"""ClickHouse's numbers for a table, and a database, that there is not."""


def open_store(path: Path | str, *, create: bool = True) -> Store:
    """Open the store in a folder, and bring its tables up to date.

    One process has a folder open, with one Store.

    Args:
        path: The folder; made where there is none.
        create: False to open only a store that is there and up to date, and leave its tables alone.

    Raises:
        StoreInUse: where it is open in another process, or another one is open in this.
        StoreMissing: with `create` false, where there is none or it is older than this version.
        StoreMismatch: where its tables are not those that this version knows.
    """
    path = Path(path).resolve()
    if create:
        path.mkdir(parents=True, exist_ok=True)
    elif not (path / "metadata").is_dir():
        raise StoreMissing(f"there is no store in {path}: `touchline up` makes one")
    if (pid := owner(path)) is not None:
        raise StoreInUse(
            f"the store in {path} is open in process {pid}: wait until that has ended, or end it; a "
            "running `touchline up` is reached by commands given the same --data",
            pid,
        )
    handle = EngineHandle(path)
    try:
        if create:
            migrate(handle, migrations())
        elif pending(handle, migrations()):
            raise StoreMissing(f"the store in {path} is older than this touchline: run `touchline up`")
        return Store(handle, lambda: EngineHandle(path, READING))
    except BaseException:
        handle.close()
        raise


def connect_store(address: Address) -> Store:
    """The store that a server keeps: a ClickHouse server, or `touchline store`.

    Its tables are made and brought up to date by `touchline migrate`, not here.

    Raises:
        StoreUnavailable: where the server does not answer.
        StoreDenied: where it does not let the user in.
        StoreMissing: where it has no tables, or they are older than this version.
        StoreMismatch: where its tables are not those that this version knows.
    """
    handle = ServerHandle(address, STATE)
    try:
        _check_tables(handle, address)
        return Store(handle, lambda: ServerHandle(address, READING))
    except BaseException:
        handle.close()
        raise


def _check_tables(handle: Handle, address: Address) -> None:
    advice = f"bring them up to date with `touchline migrate`, as a user of {address} that may"
    try:
        left = pending(handle, migrations())
    except QueryError as error:
        if error.code in NO_TABLES:
            raise StoreMissing(f"the store at {address} has no tables: {advice}") from error
        raise StoreUnavailable(f"the store at {address} did not say which tables it has: {error}") from error
    if left:
        raise StoreMissing(f"the tables of the store at {address} are older than this touchline: {advice}")
