"""The backlog of workers and collectors, measured from outside of them."""

import time
from contextlib import closing
from dataclasses import replace

from kafka import KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition

from touchline.devbroker.broker import Broker
from touchline.log.kafka.backlog import Backlog
from touchline.log.kafka.records import Topics

LONG_AGO = 1_795_000_000_000


def _left(kafka: Broker, topic: str, partition: int, *ages: int) -> None:
    """Records that came so many ms after the beginning."""
    with closing(KafkaProducer(bootstrap_servers=kafka.bootstrap)) as producer:
        for age in ages:
            producer.send(topic, b"x", partition=partition, timestamp_ms=LONG_AGO + age).get(timeout=30)


def _done(kafka: Broker, topics: Topics, group: str, topic: str, partition: int, records: int) -> None:
    """Commits that a group has processed so many records of a partition."""
    name = f"{topics.prefix}{group}"
    with closing(KafkaConsumer(bootstrap_servers=kafka.bootstrap, group_id=name)) as consumer:
        place = TopicPartition(topic, partition)
        consumer.assign([place])
        consumer.commit({place: OffsetAndMetadata(records, "", -1)})


def test_it_is_known_up_to_the_oldest_record_that_waits(kafka: Broker, topics: Topics) -> None:
    """The oldest waiting record of any partition counts; without one, everything up to now is known."""
    hour = 3_600_000
    now = int(time.time() * 1000)
    queried_at = now + hour
    with closing(Backlog(kafka.brokers, topics, lambda: queried_at / 1000)) as backlog:
        _left(kafka, topics.touchpoints, 0, 1_000, 2_000, 3_000)
        _left(kafka, topics.touchpoints, 3, 2_500)
        # The inbox keeps the time of its broker.
        _left(kafka, topics.inbox, 0, 0)
        assert backlog.known() == LONG_AGO + 1_000
        _done(kafka, topics, "worker", topics.touchpoints, 0, 2)
        assert backlog.known() == LONG_AGO + 2_500
        _done(kafka, topics, "worker", topics.touchpoints, 3, 1)
        assert backlog.known() == LONG_AGO + 3_000
        _done(kafka, topics, "worker", topics.touchpoints, 0, 3)
        inbox = backlog.known()
        assert inbox is not None
        assert now <= inbox < queried_at
        _done(kafka, topics, "collector", topics.inbox, 0, 1)
        assert backlog.known() == queried_at
        assert backlog.error is None
        # It was known that nothing waited: it stays so.
        _left(kafka, topics.touchpoints, 0, 500)
        assert backlog.known() == queried_at


def test_where_kafka_is_away_nothing_more_becomes_known(kafka: Broker, topics: Topics) -> None:
    """It says what is wrong; there is no time of which anything is known."""
    away = Backlog(replace(kafka.brokers, bootstrap="127.0.0.1:9"), topics, time.time)
    assert away.known() is None
    assert away.error is not None
    assert "Kafka cannot be reached at 127.0.0.1:9" in away.error
