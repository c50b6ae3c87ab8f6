"""The topics as they should be, and as they are: made where they are missing, compared where they are there.

What is there is never changed: with other partitions, entities would move between workers while records of
theirs wait; and a retention that somebody shortened by hand was shortened for a reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError

from touchline.log.kafka.brokers import Brokers, KafkaUnavailable
from touchline.log.kafka.clients import made
from touchline.log.kafka.records import Topics

QUARANTINE_RECORD_BYTES: Final = 16 * 1024**2
"""A request that is no JSON is kept whole, as one line, and may grow where its bytes are no UTF-8."""

_SECONDS: Final = 10
_UNKNOWN_TOPIC: Final = 3


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it should be; `config` is what differs from Kafka's defaults."""

    name: str
    partitions: int
    replication: int
    config: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Brought:
    """What was found of a topic and done about it; `differences` are told and left."""

    topic: str
    state: Literal["made", "missing", "there"]
    differences: list[str] = field(default_factory=list)


def wanted(topics: Topics, *, partitions: int, replication: int, retention_ms: int) -> list[Topic]:
    """The topics that Touchline needs; `partitions` are those of the topics that share the load."""
    common = {"cleanup.policy": "delete", "retention.ms": str(retention_ms)}
    if replication > 2:
        # What was answered as durable is on two disks, and one broker may be away.
        common["min.insync.replicas"] = "2"
    quarantine = {**common, "max.message.bytes": str(QUARANTINE_RECORD_BYTES)}
    # What a client's clock says is not what received_at is to say.
    inbox = {**common, "message.timestamp.type": "LogAppendTime"}
    return [
        Topic(topics.touchpoints, partitions, replication, common),
        Topic(topics.links, 1, replication, common),
        Topic(topics.quarantine, 1, replication, quarantine),
        Topic(topics.inbox, partitions, replication, inbox),
    ]


def bring_about(brokers: Brokers, topics: Sequence[Topic], *, dry_run: bool = False) -> list[Brought]:
    """Make the topics that are missing, unless it is a `dry_run`, and compare the others.

    Raises:
        KafkaUnavailable: Kafka cannot be reached, or refuses.
    """
    limits = {"bootstrap_timeout_ms": _SECONDS * 1000, "request_timeout_ms": _SECONDS * 1000}
    try:
        with made(KafkaAdminClient, brokers, **limits) as admin:
            there = {
                topic["name"]: topic for topic in admin.describe_topics([topic.name for topic in topics])
            }
            missing = [topic for topic in topics if there[topic.name]["error_code"] == _UNKNOWN_TOPIC]
            if missing and not dry_run:
                _make(admin, missing)
            state: Literal["made", "missing"] = "missing" if dry_run else "made"
            return [
                Brought(topic.name, state)
                if topic in missing
                else Brought(topic.name, "there", _differences(admin, topic, there[topic.name]))
                for topic in topics
            ]
    except KafkaError as error:
        raise KafkaUnavailable(f"Kafka at {brokers} refuses: {type(error).__name__}: {error}") from error


def _make(admin: KafkaAdminClient, topics: Sequence[Topic]) -> None:
    asked = {
        topic.name: {
            "num_partitions": topic.partitions,
            "replication_factor": topic.replication,
            "configs": dict(topic.config),
        }
        for topic in topics
    }
    answer = admin.create_topics(asked, timeout_ms=_SECONDS * 1000, raise_errors=False)
    refused = [
        f"{topic['name']}: {topic['error_message'] or topic['error_code']}"
        for topic in answer["topics"]
        if topic["error_code"]
    ]
    if refused:
        raise KafkaUnavailable("Kafka does not make the topics: " + "; ".join(refused))


def _differences(admin: KafkaAdminClient, topic: Topic, there: Mapping[str, Any]) -> list[str]:
    partitions = len(there["partitions"])
    replication = min((len(one["replica_nodes"]) for one in there["partitions"]), default=0)
    asked = ConfigResource(ConfigResourceType.TOPIC, topic.name, dict.fromkeys(topic.config))
    found = admin.describe_configs([asked], config_filter="all")["topic"][topic.name]
    are = {"partitions": str(partitions), "replication": str(replication)}
    are |= {name: str(found[name]["value"]) for name in topic.config if name in found}
    should = {"partitions": str(topic.partitions), "replication": str(topic.replication), **topic.config}
    return [
        f"{name} is {are.get(name, 'unset')}, not {value}"
        for name, value in should.items()
        if are.get(name) != value
    ]
