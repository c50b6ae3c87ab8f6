"""What the worker counts, in Prometheus' format."""

from prometheus_client import CollectorRegistry, Counter, Histogram

from touchline.pipeline.flushed import Flushed


class WorkerMetrics:
    """Counts of one worker, registered beside those of the collector it runs with."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._events = Counter(
            "touchline_worker_events",
            "Events by what became of them in the store: stored, duplicate, quarantined, suppressed.",
            ["result"],
            registry=registry,
        )
        self._frictions = Counter(
            "touchline_frictions", "Signals found for the first time, by rule.", ["rule"], registry=registry
        )
        self._customers = Counter(
            "touchline_refolds", "Customers folded, once for each flush that touched them.", registry=registry
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
        for rule, number in flushed.frictions.items():
            self._frictions.labels(rule).inc(number)
        self._customers.inc(flushed.customers)
        self._flush.observe(seconds)
