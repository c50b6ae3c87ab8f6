"""How commands find a running `touchline up` of the same data folder: by its address and a token.

`<data>/server.json` holds the address and the process id, `<data>/token` the secret of `/clickhouse`,
readable only by its owner. `server.json` remains after a crash, and is ignored once its process has ended.
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
    """A running server: its URL (`http://127.0.0.1:8080`), process id and token."""

    url: str
    pid: int
    token: str


class _ServerFile(msgspec.Struct):
    url: str
    pid: int


@contextmanager
def announced(data: Path, url: str) -> Iterator[str]:
    """Let commands find this process at `url` for the duration of the context; yields the token.

    The token is created if it is missing, and kept afterwards: Grafana and others store it.
    """
    token, address = token_of(data), data / "server.json"
    _replace(address, msgspec.json.encode(_ServerFile(url=url, pid=os.getpid())))
    try:
        yield token
    finally:
        address.unlink(missing_ok=True)


def token_of(data: Path) -> str:
    """The token of a data folder. Creates the folder and the token if they are missing."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    token = data / "token"
    if not token.exists():
        _replace(token, secrets.token_urlsafe(32).encode())
    return token.read_text(encoding="ascii").strip()


def find_server(data: Path) -> Server | None:
    """The running server of a data folder; None where none runs or its files cannot be read."""
    try:
        written = msgspec.json.decode((data / "server.json").read_bytes(), type=_ServerFile)
        token = (data / "token").read_text(encoding="ascii").strip()
        os.kill(written.pid, 0)
    except (OSError, UnicodeDecodeError, msgspec.MsgspecError):
        return None
    return Server(url=written.url.rstrip("/"), pid=written.pid, token=token)


def _replace(path: Path, content: bytes) -> None:
    """Write a file atomically, readable only by its owner."""
    temporary = path.with_suffix(".new")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _MODE), "wb") as file:
        file.write(content)
    temporary.replace(path)
