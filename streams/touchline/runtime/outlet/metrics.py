"""Prometheus metrics of webhooks."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class WebhookMetrics:
    """Metrics of webhooks, in the registry of the process that they run in."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._messages = Counter(
            "touchline_friction_webhook_messages",
            "Attempts to send a change of a friction to a webhook, by result: taken, refused.",
            ["webhook", "result"],
            registry=registry,
        )
        self._refused = Gauge(
            "touchline_friction_webhook_refused",
            "Failed attempts since the webhook last took a change; 0 is healthy.",
            ["webhook"],
            registry=registry,
        )

    def attempted(self, webhook: str, taken: bool) -> None:
        """Count one attempt."""
        self._messages.labels(webhook, "taken" if taken else "refused").inc()
        if taken:
            self._refused.labels(webhook).set(0)
        else:
            self._refused.labels(webhook).inc()
