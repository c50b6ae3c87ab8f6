"""Topics: made once, compared ever after."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from kafka import KafkaAdminClient

from touchline.devbroker.broker import Broker
from touchline.log.kafka.brokers import Brokers
from touchline.log.kafka.records import Topics
from touchline.log.kafka.topics import ensure_topics, required_topics

DAY = 86_400_000


def migrate(kafka: str, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {f"TOUCHLINE_{name.upper()}": value for name, value in {"kafka": kafka, **settings}.items()}
    return subprocess.run(
        [sys.executable, "-m", "touchline.cli", "migrate", *words],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environment},
        check=False,
    )


def partitions(broker: Broker, prefix: str) -> dict[str, int]:
    with KafkaAdminClient(bootstrap_servers=broker.bootstrap) as admin:
        return {
            topic["name"].removeprefix(prefix): len(topic["partitions"])
            for topic in admin.describe_topics()
            if topic["name"].startswith(prefix)
        }


def test_the_topics_are_made_once(kafka: Broker) -> None:
    """A dry run makes nothing; the first run makes all of them as the settings say; the next finds them."""
    settings = {"topic_prefix": "made.", "partitions": "3", "retention": "2d"}
    sizes = {
        "touchpoints": 3,
        "links": 1,
        "quarantine": 1,
        "inbox": 3,
        "frictions": 3,
        "frictions-current": 3,
    }
    names = [f"topic made.{name}" for name in sizes]
    answers: list[Any] = []
    for words in (["--dry-run"], [], []):
        done = migrate(kafka.bootstrap, "--json", *words, **settings)
        assert done.returncode == 0, done.stderr
        answers.append(json.loads(done.stdout))
        if words:
            assert partitions(kafka, "made.") == {}
    assert partitions(kafka, "made.") == sizes
    for answer, state in zip(answers, ["missing", "made", "there"], strict=True):
        assert [step["what"] for step in answer["steps"]] == names
        assert {step["state"] for step in answer["steps"]} == {state}
        assert not any(step["differences"] for step in answer["steps"])


def test_what_is_there_is_compared_and_left(kafka: Broker) -> None:
    """With other settings every difference is named, and no topic is changed."""
    first = required_topics(Topics("kept."), partitions=4, replication=1, retention_ms=DAY)
    ensure_topics(kafka.brokers, first)
    done = migrate(kafka.bootstrap, topic_prefix="kept.", partitions="2", replication="3", retention="7d")
    assert done.returncode == 0, done.stderr
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert "partitions is 4, not 2; left as it is" in lines
    assert "replication is 1, not 3; left as it is" in lines
    assert f"retention.ms is {DAY}, not {7 * DAY}; left as it is" in lines
    assert "min.insync.replicas is 1, not 2; left as it is" in lines
    again = ensure_topics(kafka.brokers, first)
    assert {(one.state, tuple(one.differences)) for one in again} == {("there", ())}


def test_a_replication_that_cannot_be_is_refused_with_kafkas_words(kafka: Broker) -> None:
    """One broker keeps no three copies: the command fails, and says what Kafka said."""
    done = migrate(kafka.bootstrap, topic_prefix="many.", replication="3")
    assert done.returncode == 1
    assert "many.links: Unable to replicate the partition 3 time(s)" in done.stderr
    assert partitions(kafka, "many.") == {}


def test_without_a_broker_it_says_so_soon() -> None:
    """Nobody listens there: exit code 1, and the address in the message."""
    done = migrate("127.0.0.1:1")
    assert done.returncode == 1
    assert "Kafka cannot be reached at 127.0.0.1:1 (connection refused)" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("bootstrap", ["kafka", "kafka:", ":9092", "kafka:port", "kafka:99999", "a:1,"])
def test_an_address_that_is_none_is_refused(bootstrap: str) -> None:
    """The message shows how to write it."""
    with pytest.raises(ValueError, match="write host:9092"):
        Brokers(bootstrap)


def test_addresses_are_parsed() -> None:
    """Several servers, names and IPv6 addresses."""
    assert Brokers("a.example:9092, 10.0.0.5:9093,[::1]:9094").addresses == [
        ("a.example", 9092),
        ("10.0.0.5", 9093),
        ("::1", 9094),
    ]
