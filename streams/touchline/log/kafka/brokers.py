"""Where Kafka is, how its listeners speak, and who we are to them."""

import ssl
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from touchline.vocabulary.errors import LogError

Security = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
"""How Kafka's listener speaks, by Kafka's own names: SSL is TLS, SASL asks for a user."""

Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]
"""How a user's password is proven."""


class KafkaUnavailable(LogError):
    """Kafka cannot be reached, or refuses; the message says what to do."""


@dataclass(frozen=True)
class Brokers:
    """Kafka's servers, and what they ask of a client. Messages name the settings, which are called alike.

    Args:
        bootstrap: `10.0.0.5:9092,10.0.0.6:9092`.
        security: Of the listener at these ports.
        mechanism: How the password is proven, where a user is asked for.
        user: Who we are; empty where none is asked for.
        password: The user's.
        verify: Whether the servers must prove by a certificate that they are the hosts.
        ca: The certificates that are trusted (PEM); the usual authorities if None.
        certificate: Our own (PEM), where the servers ask for one.
        certificate_key: The private key of that (PEM), without a password.

    Raises:
        ValueError: with what is wrong, and never the password.
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
            raise ValueError(
                "kafka holds a user or a password: give them apart, as kafka_user and kafka_password"
            )
        for one in self.bootstrap.split(","):
            host, colon, port = one.strip().rpartition(":")
            if "/" in one or not (
                host and colon and port.isascii() and port.isdigit() and int(port) < 65_536
            ):
                raise ValueError(
                    f"kafka is {self.bootstrap!r}: write it as host:9092, several with commas between"
                )
        if self.asks_user and not (self.user and self.password):
            raise ValueError(f"kafka_security is {self.security}: that needs kafka_user and kafka_password")
        if not self.asks_user and (self.user or self.password):
            raise ValueError(
                f"kafka_user or kafka_password is set, but kafka_security is {self.security}: nobody would "
                "be told; set that to SASL_SSL, or take them out"
            )
        if bool(self.certificate) != bool(self.certificate_key):
            raise ValueError("kafka_certificate and kafka_certificate_key need each other: set both")
        if not self.encrypts and (self.ca or self.certificate):
            raise ValueError(
                f"kafka_ca or kafka_certificate is set, but kafka_security is {self.security}: nothing would "
                "be encrypted; set that to SSL or SASL_SSL, or take them out"
            )

    def __str__(self) -> str:
        return self.bootstrap

    @property
    def asks_user(self) -> bool:
        """Whether a user is asked for."""
        return self.security.startswith("SASL_")

    @property
    def encrypts(self) -> bool:
        """Whether the way is encrypted."""
        return self.security.endswith("SSL")

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Host and port of each server."""
        split = (one.strip().rpartition(":") for one in self.bootstrap.split(","))
        return [(host.strip("[]"), int(port)) for host, _, port in split]

    @cached_property
    def tls(self) -> ssl.SSLContext | None:
        """How the servers prove who they are, and we to them; None where nothing is encrypted.

        Raises:
            KafkaUnavailable: a file cannot be read.
        """
        if not self.encrypts:
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca)
        except (OSError, ValueError) as error:
            raise KafkaUnavailable(f"kafka_ca {self.ca} holds no certificates: {why(error)}") from None
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.certificate is not None:
            try:
                # With an empty password one that has a password is refused, and nobody is asked for it.
                context.load_cert_chain(self.certificate, self.certificate_key, password="")
            except (OSError, ValueError) as error:
                raise KafkaUnavailable(
                    f"kafka_certificate {self.certificate} and kafka_certificate_key {self.certificate_key} "
                    f"are no pair that can be read: {why(error)}"
                ) from None
        return context

    @property
    def options(self) -> dict[str, Any]:
        """What every client of kafka-python is made with."""
        return {
            "bootstrap_servers": self.bootstrap.split(","),
            "security_protocol": self.security,
            "ssl_context": self.tls,
            "sasl_mechanism": self.mechanism if self.asks_user else None,
            "sasl_plain_username": self.user or None,
            "sasl_plain_password": self.password or None,
        }


def why(error: Exception) -> str:
    """What an error of the system or of TLS says, in short."""
    return (
        getattr(error, "reason", None) or getattr(error, "strerror", None) or type(error).__name__
    ).lower()
