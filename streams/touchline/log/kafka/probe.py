"""Probing Kafka before a client is made: it answers in seconds, with an error that names the setting.

kafka-python retries in silence where the port speaks another protocol, or where the password is wrong.
"""

import errno
import socket
import ssl
from typing import Any, Final

from touchline.log.kafka.brokers import Brokers, KafkaUnavailable, short_reason

_SECONDS: Final = 2.0
_TLS_ALERT: Final = b"\x15"
_UNSUPPORTED_MECHANISM, _NO_USER_EXPECTED = 33, 34


class _SpeaksTls(Exception):
    """The server answered our request with a TLS alert."""


def probe(brokers: Brokers, *, log_in: bool = False) -> None:
    """Return once one of the servers answers, within seconds, in the protocol of the settings.

    Args:
        brokers: The servers.
        log_in: Whether to also log the user in, where the servers require a user.

    Raises:
        KafkaUnavailable: none does.
    """
    failure = KafkaUnavailable("")
    for host, port in brokers.addresses:
        try:
            return _probe_server(brokers, host, port, log_in)
        except KafkaUnavailable as error:
            failure = error
    raise failure


def _probe_server(brokers: Brokers, host: str, port: int, log_in: bool) -> None:
    server, setting = f"Kafka at {host}:{port}", f"kafka_security is {brokers.security}"
    tls = brokers.tls
    try:
        plain = socket.create_connection((host, port), timeout=_SECONDS)
    except OSError as error:
        raise KafkaUnavailable(
            f"Kafka cannot be reached at {brokers} ({short_reason(error)}): check that it runs"
        ) from None
    try:
        with plain, tls.wrap_socket(plain, server_hostname=host) if tls else plain as connection:
            _check_mechanism(connection, brokers, server)
            if log_in and brokers.requires_user:
                _log_in(connection, brokers, server)
    except ssl.SSLCertVerificationError as error:
        raise KafkaUnavailable(
            f"{server} has no valid certificate ({error.verify_message}): set kafka_ca to the certificates "
            "of its authority, and kafka to a name that the certificate contains"
        ) from None
    except TimeoutError:
        raise KafkaUnavailable(
            f"{server} does not answer within {_SECONDS:g} s: check that it runs"
        ) from None
    except _SpeaksTls:
        raise KafkaUnavailable(f"{server} speaks TLS, but {setting}: set it to SSL or SASL_SSL") from None
    except OSError as error:
        advice = "that the listener speaks TLS, and trusts kafka_certificate if it requires one"
        raise KafkaUnavailable(
            f"{server} closes the connection ({short_reason(error)}), and {setting}: check "
            + (advice if tls else "what listens at that port")
        ) from None


def _check_mechanism(connection: socket.socket, brokers: Brokers, server: str) -> None:
    """Ask whether the server accepts our mechanism: its answer shows what kind of listener it is."""
    from kafka.protocol.sasl import SaslHandshakeRequest, SaslHandshakeResponse

    setting = f"kafka_security is {brokers.security}"
    request = SaslHandshakeRequest(mechanism=brokers.mechanism, version=1)
    response = _exchange(connection, request, SaslHandshakeResponse)
    if not brokers.requires_user and response.error_code != _NO_USER_EXPECTED:
        sasl = "SASL_SSL" if brokers.encrypts else "SASL_PLAINTEXT"
        raise KafkaUnavailable(
            f"{server} requires a user, but {setting}: set it to {sasl}, and kafka_user and kafka_password"
        )
    if brokers.requires_user and response.error_code == _NO_USER_EXPECTED:
        raise KafkaUnavailable(
            f"{server} expects no user, but {setting}: set kafka to the port of a listener that does"
        )
    if brokers.requires_user and response.error_code == _UNSUPPORTED_MECHANISM:
        supported = ", ".join(response.mechanisms)
        raise KafkaUnavailable(
            f"{server} does not support {brokers.mechanism}: set kafka_mechanism to one of {supported}"
        )


def _log_in(connection: socket.socket, brokers: Brokers, server: str) -> None:
    from kafka.net.sasl import get_sasl_mechanism
    from kafka.protocol.sasl import SaslAuthenticateRequest, SaslAuthenticateResponse

    mechanism = get_sasl_mechanism(brokers.mechanism)(**brokers.options)
    while not mechanism.is_done():
        request = SaslAuthenticateRequest(auth_bytes=mechanism.auth_bytes(), version=1)
        response = _exchange(connection, request, SaslAuthenticateResponse)
        if response.error_code:
            raise KafkaUnavailable(
                f"{server} refuses user {brokers.user!r} with {brokers.mechanism}: check kafka_user, "
                "kafka_password and kafka_mechanism"
            )
        mechanism.receive(response.auth_bytes)


def _exchange(connection: socket.socket, request: Any, response: Any) -> Any:
    """The response to a request. An answer that is not Kafka's is not read to its end."""
    request.with_header()
    connection.sendall(request.encode(header=True, framed=True))
    with connection.makefile("rb") as stream:
        size = stream.read(4)
        if size[:1] == _TLS_ALERT:
            raise _SpeaksTls
        if len(size) < 4 or size[0]:
            raise OSError(errno.EPROTO, "no Kafka protocol")
        return response.decode(stream.read(int.from_bytes(size, "big")), version=1, header=True)
