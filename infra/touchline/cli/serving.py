"""What every server of ours needs: a socket that is its own, its address, and a folder for its data."""

import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class CannotServe(Exception):
    """The process cannot begin, or cannot go on; the message says why and what to do."""


def make_folder(data: Path) -> None:
    """Make a data folder, for its owner alone, if there is none."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CannotServe(
            f"{data} cannot be used for data: {error.strerror}; name another with --data"
        ) from None


@contextmanager
def listening_on(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens there, for as long as it lasts; port 0 takes any that is free."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise CannotServe(
            f"cannot listen on {host} port {port}: {error.strerror}; choose another with --port"
        ) from None
    with listening:
        yield listening


def loopback(host: str) -> bool:
    """Whether only programs on this machine can reach what listens there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def url_of(host: str, port: int) -> str:
    """The address by which this machine reaches it."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - all addresses, if so asked
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
