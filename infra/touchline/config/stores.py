"""Which store a command works on: the server's that the settings name, else the data folder's."""

from contextlib import AbstractContextManager

from touchline.config.settings import Settings
from touchline.store import Store, connect_store, open_store
from touchline.store.reader import Reader, store_reader


def writable_store(settings: Settings) -> Store:
    """The store, to write to.

    Raises:
        StoreError: it cannot be opened or reached.
    """
    address = settings.store_address
    return open_store(settings.data / "store") if address is None else connect_store(address)


def readable_store(settings: Settings) -> AbstractContextManager[Reader]:
    """What answers queries on the store, whoever has it open. Raises StoreError as it is entered."""
    return store_reader(settings.data, settings.store_address)
