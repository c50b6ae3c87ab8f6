"""The adapter to kafka-python's clients: it makes and closes them without leaving sockets or threads behind.

The only module that touches attributes of kafka-python that are not public.
"""

from collections.abc import Callable
from typing import Any

from kafka.errors import KafkaTimeoutError

from touchline.log.kafka.brokers import Brokers
from touchline.log.kafka.probe import probe


def make_client(kind: Callable[..., Any], brokers: Brokers, *topics: str, **options: Any) -> Any:
    """A client of kafka-python, such as `KafkaConsumer`, after a probe of the servers.

    Raises:
        KafkaUnavailable: Kafka cannot be reached, or refuses the user.
        KafkaError: the client cannot be made for another reason.
    """
    from kafka.net.compat import KafkaNetClient

    probe(brokers, log_in=True)
    connections: list[KafkaNetClient] = []

    def connect(**connection_options: Any) -> KafkaNetClient:
        connections.append(KafkaNetClient(**connection_options))
        return connections[-1]

    try:
        return kind(*topics, kafka_client=connect, **brokers.options, **options)
    except BaseException:
        # The constructor leaves its sockets open where it finds no broker.
        for connection in connections:
            connection.close()
        raise


def close_producer(producer: Any, seconds: float) -> None:
    """Close a producer within about `seconds`. Records that are not delivered by then fail."""
    try:
        producer.close(timeout=seconds)
    except KafkaTimeoutError:
        # `close` alone would leave the sender's thread running in some states.
        producer._sender.force_close()
        producer._closed = True
