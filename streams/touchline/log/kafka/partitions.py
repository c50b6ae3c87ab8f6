"""The number of partitions of a topic. It never changes, and all workers must use the same number."""

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from touchline.log.kafka.brokers import Brokers, KafkaUnavailable
from touchline.log.kafka.clients import make_client

_MILLISECONDS = 10_000


def count_partitions(brokers: Brokers, topic: str) -> int:
    """The number of partitions of a topic.

    Raises:
        KafkaUnavailable: Kafka cannot be reached, or has no such topic.
    """
    limits = {"bootstrap_timeout_ms": _MILLISECONDS, "request_timeout_ms": _MILLISECONDS}
    try:
        with make_client(KafkaAdminClient, brokers, **limits) as admin:
            description = admin.describe_topics([topic])[0]
    except KafkaError as error:
        raise KafkaUnavailable(
            f"Kafka at {brokers} refuses the request: {type(error).__name__}: {error}"
        ) from error
    if not description["partitions"]:
        raise KafkaUnavailable(f"Kafka at {brokers} has no topic {topic}: create it with `touchline migrate`")
    return len(description["partitions"])
