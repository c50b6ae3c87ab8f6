"""Whether Kafka can be reached at all: asked before its client is made, which cannot be told to give up."""

import socket
from typing import Final

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
