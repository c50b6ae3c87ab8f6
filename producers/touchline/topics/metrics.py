"""The metrics of reading a topic, in Prometheus' format."""

from collections import Counter as Counts
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from touchline.topics.translation import Outcome, Tally


class TopicMetrics:
    """The metrics of one topic, in a registry."""

    def __init__(self, registry: CollectorRegistry, topic: str, producer: str) -> None:
        self._topic, self._producer = topic, producer
        self._records = Counter(
            "touchline_topic_records",
            "Records by result: mapped, unmapped (no event), empty (tombstones), unreadable.",
            ["topic", "result"],
            registry=registry,
        )
        for result in ("mapped", "unmapped", "empty", "unreadable"):
            self._records.labels(topic, result)
        self._events = Counter(
            "touchline_events",
            "Events by result: stored, duplicate, quarantined or rejected.",
            ["result", "reason", "producer"],
            registry=registry,
        )
        self._lag = Gauge(
            "touchline_topic_lag",
            "Records of a partition that are not read yet.",
            ["topic", "partition"],
            registry=registry,
        )
        self._shown: set[int] = set()
        self._lost = Counter(
            "touchline_topic_lost_records",
            "Records that Kafka deleted before they were read.",
            ["topic"],
            registry=registry,
        )
        self._lost.labels(topic)
        self.commit_seconds = Histogram(
            "touchline_commit_seconds", "Time from validation to durable in the log.", registry=registry
        )

    def count(self, outcome: Outcome) -> None:
        """Count records and events that are durable."""
        tally: Tally = outcome.tally
        for result in ("mapped", "unmapped", "empty", "unreadable"):
            if number := getattr(tally, result):
                self._records.labels(self._topic, result).inc(number)
        outcomes = Counts(
            (result.status, "conflicting" if result.conflicting else result.reason)
            for result in outcome.results
        )
        for (status, reason), number in outcomes.items():
            self._events.labels(status, reason or "", self._producer).inc(number)

    def count_lost(self, records: int) -> None:
        """Count records that Kafka deleted before they were read."""
        self._lost.labels(self._topic).inc(records)

    def show_lag(self, lags: Mapping[int, int]) -> None:
        """Show the lag of the partitions that this process reads, and of no others."""
        for partition in self._shown.difference(lags):
            self._lag.remove(self._topic, str(partition))
        for partition, lag in lags.items():
            self._lag.labels(self._topic, str(partition)).set(lag)
        self._shown = set(lags)
