"""Migrating a server's store and creating its roles; `touchline migrate` does both."""

from contextlib import closing

from touchline.store.address import Address
from touchline.store.handles.server import ServerHandle
from touchline.store.migrations.cluster import WORKER_SETTINGS
from touchline.store.migrations.grants import grants
from touchline.store.migrations.migrate import migrate, pending
from touchline.tables import Migration, migrations

DDL_SECONDS = 120
"""How long a statement waits for all nodes of a cluster."""


def pending_on_server(address: Address) -> list[Migration]:
    """The migrations that a server's store lacks, in order.

    Raises:
        StoreError: as `migrate_server`.
    """
    with closing(ServerHandle(address)) as handle:
        return pending(handle, migrations())


def migrate_server(address: Address) -> list[Migration]:
    """Apply the migrations that a server's store lacks, on the address's cluster if any; returns them.

    Raises:
        StoreUnavailable, StoreDenied: the server does not answer, or refuses the user.
        StoreMismatch: the tables are not those of this version, or the server is too old.
        QueryError: the server rejects a statement, as where the user may not create tables.
    """
    settings = {**(WORKER_SETTINGS if address.cluster else {}), "distributed_ddl_task_timeout": DDL_SECONDS}
    with closing(ServerHandle(address, settings)) as handle:
        missing = pending(handle, migrations())
        migrate(handle, migrations(), address.cluster)
        return missing


def grant_roles(address: Address) -> None:
    """Create the roles on a server. The user must be allowed to.

    Raises:
        StoreUnavailable, StoreDenied: the server does not answer, or refuses the user.
        QueryError: the server rejects a statement; `touchline store` has its own roles.
    """
    with closing(ServerHandle(address)) as handle:
        for statement in grants(address.cluster):
            handle.command(statement)
