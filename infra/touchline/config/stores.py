"""Which store a command works on: the server's that the settings name, else the data folder's."""

import os
from contextlib import AbstractContextManager

from touchline.config.settings import Settings
from touchline.store import Store, connect_store, open_store
from touchline.store.reader import Reader, store_reader


def writable_store(settings: Settings) -> Store:
    """The store, to write to.

    Raises:
        StoreError: it cannot be opened or reached.
    """
    if (address := settings.store_address) is not None:
        return connect_store(address)
    _keep_private()
    return open_store(settings.data / "store")


def readable_store(settings: Settings) -> AbstractContextManager[Reader]:
    """What answers queries on the store, whoever has it open. Raises StoreError as it is entered."""
    if settings.store_address is None:
        _keep_private()
    return store_reader(settings.data, settings.store_address)


def _keep_private() -> None:
    """From now on, this process creates files for its user alone: the engine has no setting for it."""
    os.umask(0o077)
