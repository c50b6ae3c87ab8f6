"""Kafka's servers: their addresses, the protocol of their listeners, and our user and certificates."""

import ssl
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from touchline.vocabulary.errors import LogError

Security = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
"""The listener's protocol, by Kafka's names: SSL means TLS, SASL requires a user."""

Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]
"""The SASL mechanism that proves the password."""


class KafkaUnavailable(LogError):
    """Kafka cannot be reached, or refuses a request. The message says what to do."""


@dataclass(frozen=True)
class Brokers:
    """Kafka's servers and what they require of a client. Error messages name the settings `kafka_…`.

    Args:
        bootstrap: `10.0.0.5:9092,10.0.0.6:9092`.
        security: The protocol of the listener at these ports.
        mechanism: How the password is proven, where a user is required.
        user: The user's name; empty where none is required.
        password: The user's.
        verify: Whether the servers' certificates are verified.
        ca: The trusted certificate authorities (PEM); the system's if None.
        certificate: The client's certificate (PEM), where the servers require one.
        certificate_key: Its private key (PEM), without a password.

    Raises:
        ValueError: the settings are inconsistent; the message never holds the password.
    """

    bootstrap: str
    security: Security = "PLAINTEXT"
    mechanism: Mechanism = "SCRAM-SHA-512"
    user: str = ""
    password: str = field(default="", repr=False)
    verify: bool = True
    ca: Path | None = None
    certificate: Path | None = None
    certificate_key: Path | None = None

    def __post_init__(self) -> None:
        if "@" in self.bootstrap:
            raise ValueError("kafka contains a user or a password: set kafka_user and kafka_password instead")
        for server in self.bootstrap.split(","):
            host, colon, port = server.strip().rpartition(":")
            if "/" in server or not (
                host and colon and port.isascii() and port.isdigit() and int(port) < 65_536
            ):
                raise ValueError(
                    f"kafka is {self.bootstrap!r}: write host:9092, or several separated by commas"
                )
        if self.requires_user and not (self.user and self.password):
            raise ValueError(f"kafka_security is {self.security}: set kafka_user and kafka_password")
        if not self.requires_user and (self.user or self.password):
            raise ValueError(
                f"kafka_user or kafka_password is set, but kafka_security is {self.security}, which sends "
                "neither: set it to SASL_SSL, or remove them"
            )
        if bool(self.certificate) != bool(self.certificate_key):
            raise ValueError("kafka_certificate and kafka_certificate_key belong together: set both")
        if not self.encrypts and (self.ca or self.certificate):
            raise ValueError(
                f"kafka_ca or kafka_certificate is set, but kafka_security is {self.security}: nothing "
                "is encrypted; set it to SSL or SASL_SSL, or remove them"
            )

    def __str__(self) -> str:
        return self.bootstrap

    @property
    def requires_user(self) -> bool:
        """Whether a user is required."""
        return self.security.startswith("SASL_")

    @property
    def encrypts(self) -> bool:
        """Whether the connection is encrypted."""
        return self.security.endswith("SSL")

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Host and port of each server."""
        split = (server.strip().rpartition(":") for server in self.bootstrap.split(","))
        return [(host.strip("[]"), int(port)) for host, _, port in split]

    @cached_property
    def tls(self) -> ssl.SSLContext | None:
        """The TLS context with the trusted and our own certificates; None where nothing is encrypted.

        Raises:
            KafkaUnavailable: a file cannot be read.
        """
        if not self.encrypts:
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca)
        except (OSError, ValueError) as error:
            raise KafkaUnavailable(
                f"kafka_ca {self.ca} holds no certificates: {short_reason(error)}"
            ) from None
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.certificate is not None:
            try:
                # An empty password refuses an encrypted key; None would prompt on the terminal.
                context.load_cert_chain(self.certificate, self.certificate_key, password="")
            except (OSError, ValueError) as error:
                raise KafkaUnavailable(
                    f"kafka_certificate {self.certificate} and kafka_certificate_key {self.certificate_key} "
                    f"are not a readable pair: {short_reason(error)}"
                ) from None
        return context

    @property
    def options(self) -> dict[str, Any]:
        """The options of every kafka-python client."""
        return {
            "bootstrap_servers": self.bootstrap.split(","),
            "security_protocol": self.security,
            "ssl_context": self.tls,
            "sasl_mechanism": self.mechanism if self.requires_user else None,
            "sasl_plain_username": self.user or None,
            "sasl_plain_password": self.password or None,
        }


def short_reason(error: Exception) -> str:
    """The reason of an error of the system or of TLS, in a few words."""
    return (
        getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
    ).lower()
