"""Clients of Kafka: whether it can be reached is asked first; one that cannot be made leaves nothing open."""

import socket
from collections.abc import Callable
from typing import Any, Final

_CONNECT_SECONDS: Final = 2.0


class KafkaUnavailable(Exception):
    """Kafka cannot be reached, or refuses; the message says what to do."""


def addresses(bootstrap: str) -> list[tuple[str, int]]:
    """Host and port of each of `10.0.0.5:9092,10.0.0.6:9092`.

    Raises:
        KafkaUnavailable: it names no host, or no port.
    """
    found = []
    for one in bootstrap.split(","):
        host, colon, port = one.strip().rpartition(":")
        if not (host and colon and port.isascii() and port.isdigit() and int(port) < 65_536):
            raise KafkaUnavailable(
                f"kafka is {bootstrap!r}: write it as host:9092, several with commas between"
            )
        found.append((host.strip("[]"), int(port)))
    return found


def reach(bootstrap: str, seconds: float = _CONNECT_SECONDS) -> None:
    """Return when one of the servers takes a connection; each is given so many seconds.

    Raises:
        KafkaUnavailable: none does.
    """
    why = ""
    for address in addresses(bootstrap):
        try:
            socket.create_connection(address, timeout=seconds).close()
        except OSError as error:
            why = error.strerror or type(error).__name__
        else:
            return
    raise KafkaUnavailable(f"Kafka cannot be reached at {bootstrap} ({why.lower()}): see that it runs")


def made(what: Callable[..., Any], *topics: str, **options: Any) -> Any:
    """A producer or consumer of kafka-python, which else leaves sockets open where it finds no broker."""
    from kafka.net.compat import KafkaNetClient

    clients: list[KafkaNetClient] = []

    def client(**more: Any) -> KafkaNetClient:
        clients.append(KafkaNetClient(**more))
        return clients[-1]

    try:
        return what(*topics, kafka_client=client, **options)
    except BaseException:
        for one in clients:
            one.close()
        raise
