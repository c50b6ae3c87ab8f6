"""Getting in to Kafka: what a URL says of TLS, of a user and of certificates, and a reason where it fails.

`kafkas://` is TLS, `kafka://` is not; with a user in it a password is proven, and the password is the
client's key. Behind a `?` may stand `mechanism`, and the paths `ca`, `certificate` and `certificate_key`.
"""

import ssl
from dataclasses import dataclass, field
from functools import cached_property
from socket import create_connection, socket
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote

MECHANISMS = ("SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN")
"""How a password may be proven; the first, if the URL does not say."""

_PATHS = ("ca", "certificate", "certificate_key")
_SECONDS = 2.0


@dataclass(frozen=True)
class Access:
    """Servers, and what they ask of a client.

    Raises:
        ValueError: with what is wrong about the URL or the files that it names, and no password.
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
            raise ValueError("kafka:// holds a password: give it apart, as the key")
        if self.user and not self.password:
            raise ValueError("kafka:// names a user: give the password as the key")
        if self.mechanism not in MECHANISMS:
            raise ValueError(f"kafka:// has mechanism={self.mechanism}: it is one of {', '.join(MECHANISMS)}")
        if not self.encrypts and (self.ca or self.certificate):
            raise ValueError("kafka:// names certificates and does not encrypt: begin the URL with kafkas://")
        try:
            _ = self.tls
        except OSError as error:
            files = ", ".join(f"{name}={getattr(self, name)}" for name in _PATHS if getattr(self, name))
            raise ValueError(f"kafkas:// names a file that cannot be used ({error}): {files}") from None

    @cached_property
    def tls(self) -> ssl.SSLContext | None:
        """How the servers prove who they are, and we to them; None where nothing is encrypted."""
        if not self.encrypts:
            return None
        context = ssl.create_default_context(cafile=self.ca)
        if self.certificate:
            context.load_cert_chain(self.certificate, self.certificate_key, password="")
        return context

    @property
    def options(self) -> dict[str, Any]:
        """What a client of kafka-python is made with."""
        tls = "SSL" if self.encrypts else "PLAINTEXT"
        return {
            "bootstrap_servers": [*self.servers],
            "security_protocol": f"SASL_{tls}" if self.user else tls,
            "ssl_context": self.tls,
            "sasl_mechanism": self.mechanism if self.user else None,
            "sasl_plain_username": self.user or None,
            "sasl_plain_password": self.password if self.user else None,
        }

    def reach(self) -> None:
        """Get in to one of the servers, and leave: a producer would not say why it cannot be made.

        Raises:
            OSError, KafkaError: none lets us in; the type says why.
        """
        for number, server in enumerate(self.servers, 1):
            host, _, port = server.rpartition(":")
            host = host.strip("[]")
            try:
                with create_connection((host, int(port)), timeout=_SECONDS) as plain:
                    tls = self.tls
                    with tls.wrap_socket(plain, server_hostname=host) if tls else plain as connection:
                        if self.user:
                            self._log_in(connection)
            except OSError:
                if number == len(self.servers):
                    raise
            else:
                return

    def _log_in(self, connection: socket) -> None:
        from kafka.errors import for_code
        from kafka.net.sasl import get_sasl_mechanism
        from kafka.protocol import sasl

        proof = get_sasl_mechanism(self.mechanism)(**self.options)
        question: Any = sasl.SaslHandshakeRequest(mechanism=self.mechanism, version=1)
        answer = _asked(connection, question, sasl.SaslHandshakeResponse)
        while not (answer.error_code or proof.is_done()):
            question = sasl.SaslAuthenticateRequest(auth_bytes=proof.auth_bytes(), version=1)
            answer = _asked(connection, question, sasl.SaslAuthenticateResponse)
            if not answer.error_code:
                proof.receive(answer.auth_bytes)
        if answer.error_code:
            raise for_code(answer.error_code)


def access(url: SplitResult, key: str | None) -> Access:
    """What a URL and the client's key say.

    Raises:
        ValueError: something is wrong about them.
    """
    user, _, servers = url.netloc.rpartition("@")
    named = dict(parse_qsl(url.query))
    if unknown := set(named).difference(("mechanism", *_PATHS)):
        raise ValueError(
            f"kafka:// knows no {', '.join(sorted(unknown))}: behind ? stand mechanism, {', '.join(_PATHS)}"
        )
    split = tuple(one.strip() for one in servers.split(","))
    return Access(split, url.scheme == "kafkas", unquote(user), key or "", **named)


def _asked(connection: socket, question: Any, response: Any) -> Any:
    question.with_header()
    connection.sendall(question.encode(header=True, framed=True))
    with connection.makefile("rb") as stream:
        size = stream.read(4)
        if len(size) < 4 or size[0]:
            raise ConnectionError("no answer of Kafka's")
        return response.decode(stream.read(int.from_bytes(size, "big")), version=1, header=True)


def _is_address(server: str) -> bool:
    host, colon, port = server.rpartition(":")
    return bool(host and colon and port.isascii() and port.isdigit() and int(port) < 65_536)
