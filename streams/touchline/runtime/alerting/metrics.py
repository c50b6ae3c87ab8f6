"""Prometheus metrics of alerting."""

from collections import Counter as Tally
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from touchline.tables import AlertRow

SEVERITIES = ("critical", "warning", "info")


class LeaderMetrics:
    """Metrics of `touchline alerts run`: its place in the election, and how far the workers are behind."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._leading = Gauge(
            "touchline_alerts_on_duty",
            "1 if this process evaluates the alert rules, 0 if it stands by.",
            registry=registry,
        )
        self._behind = Gauge(
            "touchline_alerts_behind_seconds",
            "Age of the oldest event that waits in Kafka: nothing later is known to be over or absent.",
            registry=registry,
        )

    def leading(self, is_leader: bool) -> None:
        """Set whether this process is the leader."""
        self._leading.set(is_leader)

    def behind(self, seconds: float) -> None:
        """Set the age of the oldest waiting event."""
        self._behind.set(seconds)


class AlertMetrics:
    """Metrics of alerting, in the registry of the process that it runs in."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._firing = Gauge(
            "touchline_alerts_firing", "Firing incidents, by severity.", ["severity"], registry=registry
        )
        self._seconds = Histogram(
            "touchline_alerts_evaluation_seconds",
            "Duration of one evaluation of the alert rules that are due.",
            registry=registry,
        )
        self._messages = Counter(
            "touchline_alerts_messages",
            "Attempts to notify a channel, by result: taken, refused.",
            ["channel", "result"],
            registry=registry,
        )
        self._refused = Gauge(
            "touchline_alerts_channel_refused",
            "Failed attempts since the channel last took a message; 0 is healthy.",
            ["channel"],
            registry=registry,
        )
        self._failed = Gauge(
            "touchline_alerts_evaluation_failed",
            "Failed evaluations since the last success; 0 is healthy.",
            registry=registry,
        )

    def failed(self) -> None:
        """Count a failed evaluation."""
        self._failed.inc()

    def evaluated(self, alerts: Sequence[AlertRow], seconds: float) -> None:
        """Count one evaluation, its duration and the firing incidents."""
        firing = Tally(row.severity for row in alerts if row.status == "firing")
        for severity in SEVERITIES:
            self._firing.labels(severity).set(firing[severity])
        self._seconds.observe(seconds)
        self._failed.set(0)

    def attempted(self, channel: str, taken: bool) -> None:
        """Count one attempt to notify a channel."""
        self._messages.labels(channel, "taken" if taken else "refused").inc()
        if taken:
            self._refused.labels(channel).set(0)
        else:
            self._refused.labels(channel).inc()
