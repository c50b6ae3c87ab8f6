"""Clients of Kafka: whether it can be reached is asked first; one that cannot be made leaves nothing open."""

import errno
import socket
import ssl
from collections.abc import Callable
from typing import Any, Final

from touchline.log.kafka.brokers import Brokers, KafkaUnavailable, why

_SECONDS: Final = 2.0
_TLS_ALERT: Final = b"\x15"
_UNSUPPORTED_MECHANISM, _NO_USER_ASKED = 33, 34


class _SpeaksTls(Exception):
    """What we sent was refused by TLS."""


def reach(brokers: Brokers, *, log_in: bool = False) -> None:
    """Return when one of the servers answers, within seconds, and speaks as the settings say.

    Args:
        brokers: The servers.
        log_in: Whether it must also let the user in, where it asks for one.

    Raises:
        KafkaUnavailable: none does.
    """
    fault = KafkaUnavailable("")
    for host, port in brokers.addresses:
        try:
            return _greet(brokers, host, port, log_in)
        except KafkaUnavailable as error:
            fault = error
    raise fault


def _greet(brokers: Brokers, host: str, port: int, log_in: bool) -> None:
    where, said = f"Kafka at {host}:{port}", f"kafka_security is {brokers.security}"
    tls = brokers.tls
    try:
        plain = socket.create_connection((host, port), timeout=_SECONDS)
    except OSError as error:
        raise KafkaUnavailable(
            f"Kafka cannot be reached at {brokers} ({why(error)}): see that it runs"
        ) from None
    try:
        with plain, tls.wrap_socket(plain, server_hostname=host) if tls else plain as connection:
            _see_what_listens(connection, brokers, where)
            if log_in and brokers.asks_user:
                _log_in(connection, brokers, where)
    except ssl.SSLCertVerificationError as error:
        raise KafkaUnavailable(
            f"{where} does not prove who it is ({error.verify_message}): set kafka_ca to the certificates of "
            "its authority, and kafka to a name that is in its own"
        ) from None
    except TimeoutError:
        raise KafkaUnavailable(f"{where} does not answer within {_SECONDS:g} s: see that it runs") from None
    except _SpeaksTls:
        raise KafkaUnavailable(f"{where} speaks TLS, and {said}: set that to SSL or SASL_SSL") from None
    except OSError as error:
        advice = "that it speaks TLS there, and trusts kafka_certificate if it asks for one"
        raise KafkaUnavailable(
            f"{where} ends the connection ({why(error)}), and {said}: see "
            + (advice if tls else "what listens at that port")
        ) from None


def _see_what_listens(connection: socket.socket, brokers: Brokers, where: str) -> None:
    """Ask whether our way to prove a password is taken: the answer tells what kind of listener it is."""
    from kafka.protocol.sasl import SaslHandshakeRequest, SaslHandshakeResponse

    said = f"kafka_security is {brokers.security}"
    told = _asked(
        connection, SaslHandshakeRequest(mechanism=brokers.mechanism, version=1), SaslHandshakeResponse
    )
    if not brokers.asks_user and told.error_code != _NO_USER_ASKED:
        sasl = "SASL_SSL" if brokers.encrypts else "SASL_PLAINTEXT"
        raise KafkaUnavailable(
            f"{where} asks for a user, and {said}: set that to {sasl}, and kafka_user and kafka_password"
        )
    if brokers.asks_user and told.error_code == _NO_USER_ASKED:
        raise KafkaUnavailable(f"{where} asks for no user, and {said}: name the port of a listener that does")
    if brokers.asks_user and told.error_code == _UNSUPPORTED_MECHANISM:
        taken = ", ".join(told.mechanisms)
        raise KafkaUnavailable(
            f"{where} does not take {brokers.mechanism}: set kafka_mechanism to one of {taken}"
        )


def _log_in(connection: socket.socket, brokers: Brokers, where: str) -> None:
    from kafka.net.sasl import get_sasl_mechanism
    from kafka.protocol.sasl import SaslAuthenticateRequest, SaslAuthenticateResponse

    proof = get_sasl_mechanism(brokers.mechanism)(**brokers.options)
    while not proof.is_done():
        request = SaslAuthenticateRequest(auth_bytes=proof.auth_bytes(), version=1)
        told = _asked(connection, request, SaslAuthenticateResponse)
        if told.error_code:
            raise KafkaUnavailable(
                f"{where} does not let user {brokers.user!r} in by {brokers.mechanism}: see kafka_user, "
                "kafka_password and kafka_mechanism"
            )
        proof.receive(told.auth_bytes)


def _asked(connection: socket.socket, request: Any, response: Any) -> Any:
    """The answer to a request; what comes from something else than Kafka is not read to its end."""
    request.with_header()
    connection.sendall(request.encode(header=True, framed=True))
    with connection.makefile("rb") as stream:
        size = stream.read(4)
        if size[:1] == _TLS_ALERT:
            raise _SpeaksTls
        if len(size) < 4 or size[0]:
            raise OSError(errno.EPROTO, "no answer of Kafka's")
        return response.decode(stream.read(int.from_bytes(size, "big")), version=1, header=True)


def made(what: Callable[..., Any], brokers: Brokers, *topics: str, **options: Any) -> Any:
    """A client of kafka-python, which else leaves sockets open where it finds no broker.

    Raises:
        KafkaUnavailable: Kafka cannot be reached, or does not let us in.
        KafkaError: it cannot be made for another reason.
    """
    from kafka.net.compat import KafkaNetClient

    reach(brokers, log_in=True)
    clients: list[KafkaNetClient] = []

    def client(**more: Any) -> KafkaNetClient:
        clients.append(KafkaNetClient(**more))
        return clients[-1]

    try:
        return what(*topics, kafka_client=client, **brokers.options, **options)
    except BaseException:
        for one in clients:
            one.close()
        raise
