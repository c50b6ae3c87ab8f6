"""Access to Kafka from a URL: servers, TLS, user and certificates.

`kafkas://` uses TLS, `kafka://` does not. With a user in the URL, the client's key is the password. The query
may set `mechanism`, and the paths `ca`, `certificate` and `certificate_key`.
"""

import ssl
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote

MECHANISMS = ("SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN")
"""SASL mechanisms; the first is the default."""

_PATHS = ("ca", "certificate", "certificate_key")


@dataclass(frozen=True)
class Access:
    """The servers and how a client connects to them.

    Raises:
        ValueError: a part of the URL or a file in it is wrong. The message never holds a password.
    """

    servers: tuple[str, ...]
    encrypts: bool
    user: str
    password: str = field(repr=False)
    mechanism: str = MECHANISMS[0]
    ca: str | None = None
    certificate: str | None = None
    certificate_key: str | None = None

    def __post_init__(self) -> None:
        if not all(map(_is_address, self.servers)):
            raise ValueError("kafka:// needs a host and a port for each server: kafka://host:9092/touchline.")
        if ":" in self.user:
            raise ValueError("kafka:// has a password in the URL: pass it as the key instead")
        if self.user and not self.password:
            raise ValueError("kafka:// has a user but no password: pass the password as the key")
        if self.mechanism not in MECHANISMS:
            raise ValueError(f"unknown mechanism={self.mechanism} in kafka://: use {', '.join(MECHANISMS)}")
        if not self.encrypts and (self.ca or self.certificate):
            raise ValueError("kafka:// has certificates but does not use TLS: start the URL with kafkas://")
        try:
            _ = self.tls
        except OSError as error:
            files = ", ".join(f"{name}={getattr(self, name)}" for name in _PATHS if getattr(self, name))
            raise ValueError(f"kafkas:// has a file that cannot be loaded ({error}): {files}") from None

    @cached_property
    def tls(self) -> ssl.SSLContext | None:
        """The TLS context that verifies the servers and presents our certificate; None without TLS."""
        if not self.encrypts:
            return None
        context = ssl.create_default_context(cafile=self.ca)
        if self.certificate:
            context.load_cert_chain(self.certificate, self.certificate_key, password="")
        return context

    @property
    def options(self) -> dict[str, Any]:
        """Keyword arguments of a kafka-python client."""
        tls = "SSL" if self.encrypts else "PLAINTEXT"
        return {
            "bootstrap_servers": [*self.servers],
            "security_protocol": f"SASL_{tls}" if self.user else tls,
            "ssl_context": self.tls,
            "sasl_mechanism": self.mechanism if self.user else None,
            "sasl_plain_username": self.user or None,
            "sasl_plain_password": self.password if self.user else None,
        }


def access(url: SplitResult, key: str | None) -> Access:
    """Parse a URL; `key` is the user's password.

    Raises:
        ValueError: a part of the URL is missing or wrong.
    """
    user, _, netloc = url.netloc.rpartition("@")
    options = dict(parse_qsl(url.query))
    if unknown := set(options).difference(("mechanism", *_PATHS)):
        raise ValueError(
            f"unknown option {', '.join(sorted(unknown))} in kafka://: use mechanism, {', '.join(_PATHS)}"
        )
    servers = tuple(server.strip() for server in netloc.split(","))
    return Access(servers, url.scheme == "kafkas", unquote(user), key or "", **options)


def _is_address(server: str) -> bool:
    host, colon, port = server.rpartition(":")
    return bool(host and colon and port.isascii() and port.isdigit() and int(port) < 65_536)
