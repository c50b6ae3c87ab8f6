"""Prometheus metrics of jobs."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class JobMetrics:
    """Metrics of jobs, in the registry of the process that they run in."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._runs = Counter(
            "touchline_job_runs",
            "Runs of a job, by result: done, failed.",
            ["job", "result"],
            registry=registry,
        )
        self._seconds = Gauge(
            "touchline_job_seconds", "Duration of a job's last run.", ["job"], registry=registry
        )

    def ran(self, job: str, done: bool, seconds: float) -> None:
        """Count one run."""
        self._runs.labels(job, "done" if done else "failed").inc()
        self._seconds.labels(job).set(seconds)
