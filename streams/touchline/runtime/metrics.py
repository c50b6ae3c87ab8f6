"""What workers and the identity stage count, in Prometheus' format."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from touchline.engine.engine import Flushed
from touchline.engine.identity_stage import Processed


class WorkerMetrics:
    """Counts of one worker, registered beside those of the collector if it runs with one."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._events = Counter(
            "touchline_worker_events",
            "Events by what became of them in the store: stored, duplicate, quarantined, suppressed.",
            ["result"],
            registry=registry,
        )
        self._conflicting = Counter(
            "touchline_worker_conflicting",
            "Duplicates whose content differs from the first event with the id, by producer.",
            ["producer"],
            registry=registry,
        )
        self._frictions = Counter(
            "touchline_frictions", "Signals found for the first time, by rule.", ["rule"], registry=registry
        )
        self._retracted = Counter(
            "touchline_retractions", "Signals that are no longer true.", registry=registry
        )
        self._customers = Counter(
            "touchline_refolds", "Customers folded, once for each flush that touched them.", registry=registry
        )
        self._forwarded = Counter(
            "touchline_forwards", "Events sent on to the worker of their customer.", registry=registry
        )
        self._held = Gauge(
            "touchline_held_customers", "Customers whose state is held in memory.", registry=registry
        )
        self._flush = Histogram(
            "touchline_flush_seconds", "From read to committed, for one flush.", registry=registry
        )

    def count(self, flushed: Flushed, seconds: float) -> None:
        """Count one flush, which took so many seconds."""
        for result, number in (
            ("stored", flushed.stored),
            ("duplicate", flushed.duplicates),
            ("quarantined", flushed.quarantined),
            ("suppressed", flushed.suppressed),
        ):
            self._events.labels(result).inc(number)
        for producer, number in flushed.conflicting.items():
            self._conflicting.labels(producer).inc(number)
        for rule, number in flushed.frictions.items():
            self._frictions.labels(rule).inc(number)
        self._retracted.inc(flushed.retracted)
        self._customers.inc(flushed.customers)
        self._forwarded.inc(flushed.forwarded)
        self._held.set(flushed.held_customers)
        self._flush.observe(seconds)


class StageMetrics:
    """Counts of the identity stage."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._links = Counter(
            "touchline_links", "Sets of identifiers not seen before, taken into account.", registry=registry
        )
        self._moves = Counter(
            "touchline_moves", "Identifiers that went from one customer to another.", registry=registry
        )
        self._flush = Histogram(
            "touchline_flush_seconds", "From read to committed, for one flush.", registry=registry
        )

    def count(self, processed: Processed, seconds: float) -> None:
        """Count one flush, which took so many seconds."""
        self._links.inc(processed.links)
        self._moves.inc(processed.moves)
        self._flush.observe(seconds)


class PartitionMetrics:
    """How far a process is behind, by partition."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._lag = Gauge(
            "touchline_lag_records", "Records not processed.", ["topic", "partition"], registry=registry
        )
        self._fresh = Gauge(
            "touchline_freshness_seconds",
            "Age of the last processed record in seconds; 0 at the end of the log.",
            registry=registry,
        )

    def lag(self, lags: dict[tuple[str, int], int]) -> None:
        """These partitions are this process's, with so many records to go."""
        self._lag.clear()
        for (topic, partition), records in lags.items():
            self._lag.labels(topic, partition).set(records)

    def freshness(self, seconds: float) -> None:
        """Set the age of the last processed record."""
        self._fresh.set(seconds)
