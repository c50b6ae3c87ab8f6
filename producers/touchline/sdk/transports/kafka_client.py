"""kafka-python for the Kafka transport: the one file of the SDK that uses parts of it which are not public.

| Need | What kafka-python offers |
|---|---|
| close every socket when no broker answers | the constructor raises and leaves its client open |
| send the last batch at the interpreter's exit | its own exit handler closes the producer first |
| drop the parent's producer in a forked child | nothing |
| close within a second | `close(timeout)` may wait for a response that never comes |
| report why a login fails | the constructor retries until it times out |
"""

from importlib.util import find_spec
from socket import create_connection, socket
from typing import Any

from touchline.sdk.transports.kafka_access import Access

_LOGIN_SECONDS = 2.0
_CLOSE_SECONDS = 1.0
_RECORD_BYTES = 1_000_000


def installed() -> bool:
    """Whether kafka-python is installed."""
    found = find_spec("kafka")
    # A folder named kafka on the path is found, too, but has no origin.
    return found is not None and found.origin is not None


def open_producer(access: Access, seconds: float) -> Any:
    """A producer that waits at most `seconds` for the brokers, a topic or an acknowledgement."""
    from kafka import KafkaProducer
    from kafka.net.compat import KafkaNetClient

    clients = []

    def client(**options: Any) -> Any:
        clients.append(KafkaNetClient(**options))
        return clients[-1]

    milliseconds = int(seconds * 1000)
    try:
        producer = KafkaProducer(
            kafka_client=client,
            **access.options,
            acks="all",
            compression_type="lz4",
            max_request_size=_RECORD_BYTES,
            allow_auto_create_topics=False,
            bootstrap_timeout_ms=milliseconds,
            max_block_ms=milliseconds,
            request_timeout_ms=milliseconds // 2,
            delivery_timeout_ms=milliseconds,
            reconnect_backoff_max_ms=1_000,
            metrics_enabled=False,
        )
    except BaseException:
        for opened in clients:
            opened.close()
        raise
    # Touchline's own exit handler closes the producer, after the last batch.
    producer._unregister_cleanup()
    return producer


def close(producer: Any) -> None:
    """Close a producer within about a second."""
    from kafka.errors import KafkaError

    try:
        producer.close(timeout=_CLOSE_SECONDS)
    except KafkaError:
        producer._sender.force_close()
        producer._closed = True


def abandon(producer: Any) -> None:
    """In a forked child: mark the parent's producer as closed without touching its sockets."""
    producer._closed = True


def check_login(access: Access) -> None:
    """Connect to one of the servers, log in and disconnect.

    Raises:
        OSError, KafkaError: no server accepts the connection; the type of the error is the cause.
    """
    for number, server in enumerate(access.servers, 1):
        host, _, port = server.rpartition(":")
        host = host.strip("[]")
        try:
            with create_connection((host, int(port)), timeout=_LOGIN_SECONDS) as plain:
                tls = access.tls
                with tls.wrap_socket(plain, server_hostname=host) if tls else plain as connection:
                    if access.user:
                        _log_in(connection, access)
        except OSError:
            if number == len(access.servers):
                raise
        else:
            return


def _log_in(connection: socket, access: Access) -> None:
    from kafka.errors import for_code
    from kafka.net.sasl import get_sasl_mechanism
    from kafka.protocol import sasl

    mechanism = get_sasl_mechanism(access.mechanism)(**access.options)
    request: Any = sasl.SaslHandshakeRequest(mechanism=access.mechanism, version=1)
    response = _exchange(connection, request, sasl.SaslHandshakeResponse)
    while not (response.error_code or mechanism.is_done()):
        request = sasl.SaslAuthenticateRequest(auth_bytes=mechanism.auth_bytes(), version=1)
        response = _exchange(connection, request, sasl.SaslAuthenticateResponse)
        if not response.error_code:
            mechanism.receive(response.auth_bytes)
    if response.error_code:
        raise for_code(response.error_code)


def _exchange(connection: socket, request: Any, response_type: Any) -> Any:
    """Send a request and read the response to it."""
    request.with_header()
    connection.sendall(request.encode(header=True, framed=True))
    with connection.makefile("rb") as stream:
        size = stream.read(4)
        if len(size) < 4 or size[0]:
            raise ConnectionError("the server does not speak Kafka's protocol")
        return response_type.decode(stream.read(int.from_bytes(size, "big")), version=1, header=True)
