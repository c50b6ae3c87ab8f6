"""Opening the store: the one in a folder, by this process's own engine, or the one that a server keeps."""

from contextlib import closing
from pathlib import Path

from touchline.store.address import Address
from touchline.store.cluster import READING as CLUSTER_READING
from touchline.store.cluster import SETTINGS as CLUSTER
from touchline.store.engine import EngineHandle, ServerHandle, owner
from touchline.store.errors import StoreInUse, StoreMissing
from touchline.store.grants import grants
from touchline.store.migrate import migrate, pending
from touchline.store.readers import READING
from touchline.store.store import Store
from touchline.tables import Migration, migrations

STATE = {"session_timezone": "UTC", "max_query_size": 268_435_456}
"""Settings of the worker's requests to a server: lists of keys go with the SQL, and may be long."""


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
        _shut_out_files(handle)
        if create:
            migrate(handle, migrations())
        elif pending(handle, migrations()):
            raise StoreMissing(f"the store in {path} is older than this touchline: run `touchline up`")
        return Store(handle, lambda: EngineHandle(path, READING))
    except BaseException:
        handle.close()
        raise


def _shut_out_files(handle: EngineHandle) -> None:
    """Replace the engine's database `default`, where the name of a table is a path of this machine.

    The engine makes it at every start. Replacing it holds for all handles of the process.
    """
    for statement in ("DROP DATABASE IF EXISTS default", "CREATE DATABASE default ENGINE = Memory"):
        handle.command(statement, None)


def connect_store(address: Address) -> Store:
    """The store that a server keeps: a ClickHouse server, or `touchline store`.

    Its tables are made and brought up to date by `touchline migrate`, not here.

    Raises:
        StoreUnavailable: where the server does not answer.
        StoreDenied: where it does not let the user in.
        StoreMissing: where it has no tables, or they are older than this version.
        StoreMismatch: where its tables are not those that this version knows.
    """
    handle = ServerHandle(address, {**STATE, **(CLUSTER if address.cluster else {})})
    try:
        if pending(handle, migrations()):
            raise StoreMissing(
                f"the store at {address} has no tables, or older ones than this touchline: bring them up to "
                "date with `touchline migrate`, as a user that may make tables"
            )
        reading = {**READING, **(CLUSTER_READING if address.cluster else {})}
        return Store(handle, lambda: ServerHandle(address, reading), address.cluster)
    except BaseException:
        handle.close()
        raise


def pending_on_server(address: Address) -> list[Migration]:
    """The migrations that the store of a server has not had, in order.

    Raises:
        StoreError: as `migrate_server`.
    """
    with closing(ServerHandle(address)) as handle:
        return pending(handle, migrations())


def migrate_server(address: Address) -> list[Migration]:
    """Bring the tables of a server up to date, on the address's cluster if it has one; says what was applied.

    Raises:
        StoreUnavailable, StoreDenied: it does not answer, or not to this user.
        StoreMismatch: its tables are not those that this version knows.
        QueryError: it refused a statement, such as to a user that may not make tables.
    """
    settings = CLUSTER if address.cluster else {}
    with closing(ServerHandle(address, {**settings, "distributed_ddl_task_timeout": 120})) as handle:
        left = pending(handle, migrations())
        migrate(handle, migrations(), address.cluster)
        return left


def grant_roles(address: Address) -> None:
    """Make the roles of a server, as a user that may.

    Raises:
        StoreUnavailable, StoreDenied: it does not answer, or not to this user.
        QueryError: it refused a statement; `touchline store` has roles of its own.
    """
    with closing(ServerHandle(address)) as handle:
        for statement in grants(address.cluster):
            handle.command(statement)
