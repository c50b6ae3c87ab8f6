"""Where a store is that a server keeps: its address, who asks, and how the server proves itself."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

PORTS = {"http": 8123, "https": 8443}
"""Where a ClickHouse server listens if its address names no port."""


@dataclass(frozen=True, slots=True)
class Address:
    """A server that speaks ClickHouse's HTTP protocol.

    Args:
        url: `http://host:8123` or `https://host:8443`; a path, as of a proxy, and a user (`http://worker@host`)
            may be in it.
        user: Who asks; the one of the URL if empty, and `default` if that has none.
        password: The user's.
        verify: Whether the server must prove by a certificate that it is the host.
        ca: The certificates that are trusted (PEM); the usual authorities if None.
        cluster: The name of the ClickHouse cluster that keeps the tables; empty for a single server.

    Raises:
        ValueError: with what is wrong about the URL.
    """

    url: str
    user: str = ""
    password: str = field(default="", repr=False)
    verify: bool = True
    ca: Path | None = None
    cluster: str = ""

    def __post_init__(self) -> None:
        place = urlsplit(self.url)
        if place.scheme not in PORTS or not place.hostname:
            raise ValueError(
                f"{self.url!r} is no address of a store: write http://host:8123 or https://host:8443"
            )
        if place.password:
            raise ValueError("the address of the store holds a password: give it apart, as store_password")

    @property
    def scheme(self) -> str:
        """`http` or `https`."""
        return urlsplit(self.url).scheme

    @property
    def host(self) -> str:
        """The host's name or number."""
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
    def who(self) -> str:
        """The user's name."""
        return self.user or urlsplit(self.url).username or "default"

    def __str__(self) -> str:
        """The address without anything secret."""
        return f"{self.scheme}://{self.host}:{self.port}" + (f"/{self.path}" if self.path else "")
