"""Opening a store: a folder, in this process's own engine, or the store of a server."""

from functools import partial
from pathlib import Path

from touchline.store.address import Address
from touchline.store.errors import StoreInUse, StoreMissing
from touchline.store.handles.embedded import EmbeddedHandle, owner
from touchline.store.handles.server import ServerHandle
from touchline.store.handles.upkeep import clear_deleted, damaged_parts
from touchline.store.migrations.cluster import READ_SETTINGS as CLUSTER_READ_SETTINGS
from touchline.store.migrations.cluster import WORKER_SETTINGS as CLUSTER_WORKER_SETTINGS
from touchline.store.migrations.migrate import migrate, pending
from touchline.store.pools.read_pool import PIPELINE_SETTINGS, READ_SETTINGS, query_limits
from touchline.store.store import Store
from touchline.tables import migrations

WORKER_SETTINGS = {"session_timezone": "UTC", "max_query_size": 268_435_456}
"""Settings of the worker's requests to a server. Lists of keys are part of the SQL and may be long."""


def open_store(path: Path | str, *, create: bool = True) -> Store:
    """Open the store in a folder and apply missing migrations.

    One Store of one process has a folder open.

    Args:
        path: The folder; created if it is missing.
        create: False to open only an existing store of this version, without changing its tables.

    Raises:
        StoreInUse: it is open in another process, or another Store is open in this one.
        StoreMissing: with `create` false, there is no store, or it is older than this version.
        StoreMismatch: the tables are not those of this version.
    """
    path = Path(path).resolve()
    if create:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    elif not (path / "metadata").is_dir():
        raise StoreMissing(f"there is no store in {path}: `touchline up` creates one")
    if (pid := owner(path)) is not None:
        raise StoreInUse(
            f"the store in {path} is open in process {pid}: stop it or wait until it ends; commands reach a "
            "running `touchline up` when given the same --data",
            pid,
        )
    handle = EmbeddedHandle(path, PIPELINE_SETTINGS)
    try:
        _shut_out_files(handle)
        if create:
            migrate(handle, migrations())
        elif pending(handle, migrations()):
            raise StoreMissing(f"the store in {path} is older than this touchline: run `touchline up`")
        clear_deleted(handle)
        damaged = damaged_parts(handle)
        limits = query_limits(_processors(handle), _memory(handle))
        return Store(
            handle,
            lambda: EmbeddedHandle(path, limits.of_readers),
            lambda: EmbeddedHandle(path, limits.of_clients),
            limits.clients,
            damaged=damaged,
        )
    except BaseException:
        handle.close()
        raise


def _shut_out_files(handle: EmbeddedHandle) -> None:
    """Replace the engine's database `default`, in which a table name is a file path of this machine.

    The engine creates it at every start. The replacement holds for all handles of the process.
    """
    for statement in ("DROP DATABASE IF EXISTS default", "CREATE DATABASE default ENGINE = Memory"):
        handle.command(statement, None)


def _processors(handle: EmbeddedHandle) -> int:
    """The processors that this process may use, as the engine counts them: a container's limit included."""
    return int(handle.read("SELECT getSetting('max_threads')", "TSV"))


def _memory(handle: EmbeddedHandle) -> int:
    """The bytes that the engine may use: nine tenths of the memory of the machine or the container."""
    return int(handle.read("SELECT getServerSetting('max_server_memory_usage')", "TSV"))


def connect_store(address: Address) -> Store:
    """Connect to the store of a ClickHouse server or of `touchline store`.

    `touchline migrate` creates and updates its tables; this function does not.

    Raises:
        StoreUnavailable: the server does not answer.
        StoreDenied: the server refuses the user or the password.
        StoreMissing: the store has no tables, or older ones than this version.
        StoreMismatch: the tables are not those of this version.
    """
    cluster = address.cluster
    handle = ServerHandle(address, {**WORKER_SETTINGS, **(CLUSTER_WORKER_SETTINGS if cluster else {})})
    try:
        if pending(handle, migrations()):
            raise StoreMissing(
                f"the store at {address} has no tables, or older ones than this touchline: run "
                "`touchline migrate` as a user that may create tables"
            )
        settings = {**READ_SETTINGS, **(CLUSTER_READ_SETTINGS if cluster else {})}
        reader = partial(ServerHandle, address, settings)
        return Store(handle, reader, reader, cluster=cluster)
    except BaseException:
        handle.close()
        raise
