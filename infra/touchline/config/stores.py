"""Which store a command works on: the server's that the settings name, else the data folder's."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from touchline.config.folders import locked, make_folder
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


@contextmanager
def folding_store(settings: Settings) -> Iterator[Store]:
    """The store, for the one process that folds the log of the data folder.

    Raises:
        StoreError: it cannot be opened or reached.
        FolderError: the data folder cannot be used, or another process folds its log.
    """
    with ExitStack() as parts:
        # A store in the folder is open in one process anyway.
        if settings.store_address is not None:
            make_folder(settings.data)
            lock = settings.data / "folding.lock"
            parts.enter_context(locked(lock, f"folds the events of {settings.data}"))
        yield parts.enter_context(writable_store(settings))


def readable_store(settings: Settings) -> AbstractContextManager[Reader]:
    """What answers queries on the store, whoever has it open. Raises StoreError as it is entered."""
    if settings.store_address is None:
        _keep_private()
    return store_reader(settings.data, settings.store_address)


def _keep_private() -> None:
    """From now on, this process creates files for its user alone: the engine has no setting for it."""
    os.umask(0o077)
