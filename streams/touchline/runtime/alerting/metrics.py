"""What alerting counts, in Prometheus' format."""

from collections import Counter as Tally
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from touchline.tables import AlertRow

SEVERITIES = ("critical", "warning", "info")


class DutyMetrics:
    """Of a process that evaluates beside others, and beside workers elsewhere."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._on_duty = Gauge(
            "touchline_alerts_on_duty",
            "1 where this process evaluates the alert rules, 0 where it stands by.",
            registry=registry,
        )
        self._behind = Gauge(
            "touchline_alerts_behind_seconds",
            "How long ago the oldest event came that waits in Kafka: ends and absences are known until then.",
            registry=registry,
        )

    def on_duty(self, here: bool) -> None:
        """Whether the work is done here."""
        self._on_duty.set(here)

    def behind(self, seconds: float) -> None:
        """The oldest event that waits came so long ago."""
        self._behind.set(seconds)


class AlertMetrics:
    """Counts of alerting, registered beside those of the process that it runs in."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._firing = Gauge(
            "touchline_alerts_firing", "Incidents that fire, by severity.", ["severity"], registry=registry
        )
        self._seconds = Histogram(
            "touchline_alerts_evaluation_seconds",
            "For one evaluation of the alert rules that are due.",
            registry=registry,
        )
        self._messages = Counter(
            "touchline_alerts_messages",
            "Attempts to tell a channel of an incident, by result: taken, refused.",
            ["channel", "result"],
            registry=registry,
        )
        self._refused = Gauge(
            "touchline_alerts_channel_refused",
            "Attempts that failed since the channel last took a message; 0 is well.",
            ["channel"],
            registry=registry,
        )

        self._failed = Gauge(
            "touchline_alerts_evaluation_failed",
            "Evaluations that failed since the last that succeeded; 0 is well.",
            registry=registry,
        )

    def failed(self) -> None:
        """Count an evaluation that failed."""
        self._failed.inc()

    def evaluated(self, alerts: Sequence[AlertRow], seconds: float) -> None:
        """Count one evaluation, which took so many seconds."""
        firing = Tally(row.severity for row in alerts if row.status == "firing")
        for severity in SEVERITIES:
            self._firing.labels(severity).set(firing[severity])
        self._seconds.observe(seconds)
        self._failed.set(0)

    def told(self, channel: str, taken: bool) -> None:
        """Count one attempt."""
        self._messages.labels(channel, "taken" if taken else "refused").inc()
        if taken:
            self._refused.labels(channel).set(0)
        else:
            self._refused.labels(channel).inc()
