"""The address of a store on a server: host, user, and how the server proves its identity."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

PORTS = {"http": 8123, "https": 8443}
"""ClickHouse's default ports, used where the URL names none."""


@dataclass(frozen=True, slots=True)
class Address:
    """A server that speaks ClickHouse's HTTP protocol.

    Args:
        url: `http://host:8123` or `https://host:8443`. It may hold a path, as of a proxy, and a user
            (`http://worker@host`).
        user: The user's name; by default the URL's user, else `default`.
        password: The user's password.
        verify: Whether the server's certificate is verified.
        ca: The trusted certificate authorities (PEM); the system's if None.
        cluster: The name of the ClickHouse cluster that holds the tables; empty for a single server.

    Raises:
        ValueError: the URL is invalid; the message says why.
    """

    url: str
    user: str = ""
    password: str = field(default="", repr=False)
    verify: bool = True
    ca: Path | None = None
    cluster: str = ""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise ValueError(
                f"{self.url!r} is not the address of a store: write http://host:8123 or https://host:8443"
            )
        if parts.password:
            raise ValueError("the address of the store contains a password: set store_password instead")

    @property
    def scheme(self) -> str:
        """`http` or `https`."""
        return urlsplit(self.url).scheme

    @property
    def host(self) -> str:
        """The host's name or IP address."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """The port."""
        return urlsplit(self.url).port or PORTS[self.scheme]

    @property
    def path(self) -> str:
        """The path on the host; empty for none."""
        return urlsplit(self.url).path.strip("/")

    @property
    def username(self) -> str:
        """The user's name."""
        return self.user or urlsplit(self.url).username or "default"

    def __str__(self) -> str:
        """The address without secrets."""
        return f"{self.scheme}://{self.host}:{self.port}" + (f"/{self.path}" if self.path else "")
