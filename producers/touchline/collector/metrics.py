"""The collector's metrics, in Prometheus' format."""

import re
from collections import Counter as Tally
from collections.abc import Callable, Iterable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from touchline.collector.results import Result

_LOST = re.compile(r"\s*([a-z][a-z0-9_]{0,31})=(\d{1,9})\s*\Z")
_MOST_REASONS: Final = 32


class Metrics:
    """The collector's registry; `text()` is the response of `/metrics`."""

    def __init__(self, waiting_bytes: Callable[[], float]) -> None:
        self.registry = CollectorRegistry()
        self._events = Counter(
            "touchline_events",
            "Events by result, those that were dropped by their producer among them.",
            ["result", "reason", "producer"],
            registry=self.registry,
        )
        self._requests = Counter(
            "touchline_requests", "Requests with events, by HTTP status.", ["status"], registry=self.registry
        )
        self._refused = Counter(
            "touchline_refused_requests",
            "Requests that got an error, by the request format and the error's code. After some errors,"
            " clients drop their events.",
            ["dialect", "code"],
            registry=self.registry,
        )
        self.commit_seconds = Histogram(
            "touchline_commit_seconds", "Time from validation to durable in the log.", registry=self.registry
        )
        Gauge(
            "touchline_waiting_bytes", "Bytes waiting to be written to the log.", registry=self.registry
        ).set_function(waiting_bytes)
        self._lost_reasons: set[str] = set()

    def count(self, producer: str, results: Iterable[Result]) -> None:
        """Count events by result."""
        outcomes = Tally((one.status, "conflicting" if one.conflicting else one.reason) for one in results)
        for (status, reason), number in outcomes.items():
            self._events.labels(status, reason or "", producer).inc(number)

    def count_lost(self, producer: str, header: str) -> None:
        """Count losses that a producer reports as `reason=3, other_reason=1`; invalid parts are skipped."""
        for part in header.split(",")[:_MOST_REASONS]:
            if found := _LOST.match(part):
                reason = found[1]
                # Producers choose the reasons; this bounds the number of series.
                if reason not in self._lost_reasons and len(self._lost_reasons) >= _MOST_REASONS:
                    reason = "other"
                self._lost_reasons.add(reason)
                self._events.labels("dropped", reason, producer).inc(int(found[2]))

    def count_request(self, status: int) -> None:
        """Count a request by its response status."""
        self._requests.labels(str(status)).inc()

    def count_refused(self, dialect: str, code: str) -> None:
        """Count a request that got an error."""
        self._refused.labels(dialect, code).inc()

    def text(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self.registry)
