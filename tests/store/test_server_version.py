"""The version of a ClickHouse server."""

from typing import TYPE_CHECKING

import pytest

from touchline.store import StoreMismatch, connect_store
from touchline.store.address import Address
from touchline.store.handles import client
from touchline.store.handles.client import check_version

if TYPE_CHECKING:
    from tests.store_process import StoreProcess


@pytest.mark.parametrize("version", ["18.16.1", "25.8.11.66", "26.2.9.1"])
def test_a_server_that_is_too_old_is_refused(version: str) -> None:
    """The message for a server that cannot parse the queries names its version and the oldest good one."""
    with pytest.raises(StoreMismatch, match=f"is ClickHouse {version}: it must be 26.3 or newer"):
        check_version(version, Address("http://127.0.0.1:8123"))


@pytest.mark.parametrize("version", ["26.3.1.884", "26.9.2.1", "26.10.1.1-testing", "27.1"])
def test_newer_servers_are_accepted(version: str) -> None:
    """A version is compared by its numbers, not by its text."""
    check_version(version, Address("http://127.0.0.1:8123"))


def test_whoever_connects_learns_of_it(
    store_process: "StoreProcess", monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection asks the server for its version before anything else."""
    monkeypatch.setattr(client, "OLDEST_SERVER", (99, 1))
    with pytest.raises(StoreMismatch, match=r"it must be 99\.1 or newer"):
        connect_store(store_process.address("reader"))
