"""Creating missing topics and comparing existing ones with what Touchline needs.

An existing topic is never changed: another number of partitions would move entities between workers while
their records wait, and a retention that an operator changed was changed for a reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError

from touchline.log.kafka.brokers import Brokers, KafkaUnavailable
from touchline.log.kafka.clients import make_client
from touchline.log.kafka.records import Topics

QUARANTINE_RECORD_BYTES: Final = 16 * 1024**2
"""A request that is not JSON is kept as one line, which is longer than the request if that is not UTF-8."""

_SECONDS: Final = 10
_UNKNOWN_TOPIC: Final = 3


@dataclass(frozen=True, slots=True)
class Topic:
    """A required topic; `config` holds what differs from Kafka's defaults."""

    name: str
    partitions: int
    replication: int
    config: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic's state after `ensure_topics`. `differences` from the required topic are only reported."""

    topic: str
    state: Literal["made", "missing", "there"]
    differences: list[str] = field(default_factory=list)


def required_topics(topics: Topics, *, partitions: int, replication: int, retention_ms: int) -> list[Topic]:
    """The topics that Touchline needs. Links and quarantine have one partition, the others `partitions`."""
    common = {"cleanup.policy": "delete", "retention.ms": str(retention_ms)}
    if replication > 2:
        # Acknowledged records are on two disks, and one broker may be away.
        common["min.insync.replicas"] = "2"
    quarantine = {**common, "max.message.bytes": str(QUARANTINE_RECORD_BYTES)}
    # The broker's clock, not the client's: received_at is read from it.
    inbox = {**common, "message.timestamp.type": "LogAppendTime"}
    return [
        Topic(topics.touchpoints, partitions, replication, common),
        Topic(topics.links, 1, replication, common),
        Topic(topics.quarantine, 1, replication, quarantine),
        Topic(topics.inbox, partitions, replication, inbox),
        Topic(topics.frictions, partitions, replication, common),
        Topic(
            topics.frictions_current, partitions, replication, {**common, "cleanup.policy": "compact,delete"}
        ),
    ]


def ensure_topics(brokers: Brokers, topics: Sequence[Topic], *, dry_run: bool = False) -> list[TopicState]:
    """Create missing topics, unless `dry_run`, and compare the others.

    Raises:
        KafkaUnavailable: Kafka cannot be reached, or refuses a request.
    """
    limits = {"bootstrap_timeout_ms": _SECONDS * 1000, "request_timeout_ms": _SECONDS * 1000}
    try:
        with make_client(KafkaAdminClient, brokers, **limits) as admin:
            existing = {
                topic["name"]: topic for topic in admin.describe_topics([topic.name for topic in topics])
            }
            missing = [topic for topic in topics if existing[topic.name]["error_code"] == _UNKNOWN_TOPIC]
            if missing and not dry_run:
                _create(admin, missing)
            state: Literal["made", "missing"] = "missing" if dry_run else "made"
            return [
                TopicState(topic.name, state)
                if topic in missing
                else TopicState(topic.name, "there", _differences(admin, topic, existing[topic.name]))
                for topic in topics
            ]
    except KafkaError as error:
        raise KafkaUnavailable(
            f"Kafka at {brokers} refuses the request: {type(error).__name__}: {error}"
        ) from error


def _create(admin: KafkaAdminClient, topics: Sequence[Topic]) -> None:
    requested = {
        topic.name: {
            "num_partitions": topic.partitions,
            "replication_factor": topic.replication,
            "configs": dict(topic.config),
        }
        for topic in topics
    }
    answer = admin.create_topics(requested, timeout_ms=_SECONDS * 1000, raise_errors=False)
    refused = [
        f"{topic['name']}: {topic['error_message'] or topic['error_code']}"
        for topic in answer["topics"]
        if topic["error_code"]
    ]
    if refused:
        raise KafkaUnavailable("Kafka refuses to create the topics: " + "; ".join(refused))


def _differences(admin: KafkaAdminClient, topic: Topic, existing: Mapping[str, Any]) -> list[str]:
    partitions = len(existing["partitions"])
    replication = min((len(partition["replica_nodes"]) for partition in existing["partitions"]), default=0)
    resource = ConfigResource(ConfigResourceType.TOPIC, topic.name, dict.fromkeys(topic.config))
    configs = admin.describe_configs([resource], config_filter="all")["topic"][topic.name]
    actual = {"partitions": str(partitions), "replication": str(replication)}
    actual |= {name: str(configs[name]["value"]) for name in topic.config if name in configs}
    required = {"partitions": str(topic.partitions), "replication": str(topic.replication), **topic.config}
    return [
        f"{name} is {actual.get(name, 'unset')}, not {value}"
        for name, value in required.items()
        if actual.get(name) != value
    ]
