"""How commands find a running `touchline up` of the same data folder: its address, and a token.

`<data>/server.json` holds the address and the process, `<data>/token` the secret of its `/clickhouse`
(readable by the folder's owner alone). The file outlives a crash; it counts while its process lives.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

_MODE = 0o600


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: where it listens (`http://127.0.0.1:8080`), its process and its token."""

    url: str
    pid: int
    token: str


class _Written(msgspec.Struct):
    url: str
    pid: int


@contextmanager
def announced(data: Path, url: str) -> Iterator[str]:
    """While it lasts, commands find this process at `url`; gives the token, made if there is none.

    The token stays when the address is taken back: Grafana and others know it.
    """
    token, address = token_of(data), data / "server.json"
    _replace(address, msgspec.json.encode(_Written(url=url, pid=os.getpid())))
    try:
        yield token
    finally:
        address.unlink(missing_ok=True)


def token_of(data: Path) -> str:
    """The token of a data folder; both are made if there are none."""
    data.mkdir(parents=True, exist_ok=True)
    token = data / "token"
    if not token.exists():
        _replace(token, secrets.token_urlsafe(32).encode())
    return token.read_text(encoding="ascii").strip()


def find_server(data: Path) -> Server | None:
    """The running server of a data folder, None where none runs or its files cannot be read."""
    try:
        written = msgspec.json.decode((data / "server.json").read_bytes(), type=_Written)
        token = (data / "token").read_text(encoding="ascii").strip()
        os.kill(written.pid, 0)
    except (OSError, UnicodeDecodeError, msgspec.MsgspecError):
        return None
    return Server(url=written.url.rstrip("/"), pid=written.pid, token=token)


def _replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, for its owner only."""
    fresh = path.with_suffix(".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _MODE), "wb") as file:
        file.write(content)
    fresh.replace(path)
