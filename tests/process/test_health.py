"""Health and metrics of a process that serves nothing else."""

import urllib3
from prometheus_client import CollectorRegistry

from touchline.engine.engine import Flushed
from touchline.runtime.metrics import PartitionMetrics, WorkerMetrics
from touchline.services.web.health import health_served


def test_a_worker_serves_health_and_metrics() -> None:
    """/healthz always answers, /readyz says why the worker is not ready, and /metrics has its counts."""
    registry = CollectorRegistry()
    metrics, partitions = WorkerMetrics(registry), PartitionMetrics(registry)
    error: list[str | None] = ["no partitions yet"]
    with (
        health_served("127.0.0.1", 0, registry, lambda: error[0]) as url,
        urllib3.PoolManager(retries=False, timeout=10) as http,
    ):
        alive = http.request("GET", f"{url}/healthz")
        assert (alive.status, alive.json()) == (200, {"status": "ok"})
        unready = http.request("GET", f"{url}/readyz")
        assert (unready.status, unready.json()) == (503, {"status": "not ready", "why": "no partitions yet"})
        error[0] = None
        ready = http.request("GET", f"{url}/readyz")
        assert (ready.status, ready.json()) == (200, {"status": "ready"})
        unknown = http.request("GET", f"{url}/other")
        assert (unknown.status, unknown.json()["error"]["code"]) == (404, "not_found")
        metrics.count(
            Flushed(1, 5, 1, 2, 0, 3, {"denied": 2}, retracted=1, forwarded=4, held_customers=3), 0.1
        )
        partitions.lag({("touchpoints", 1): 7})
        lines = http.request("GET", f"{url}/metrics").data.decode().splitlines()
    assert {
        'touchline_worker_events_total{result="stored"} 5.0',
        'touchline_frictions_total{rule="denied"} 2.0',
        "touchline_retractions_total 1.0",
        "touchline_forwards_total 4.0",
        "touchline_refolds_total 3.0",
        "touchline_held_customers 3.0",
        'touchline_lag_records{partition="1",topic="touchpoints"} 7.0',
        "touchline_flush_seconds_count 1.0",
    } <= set(lines)
