"""Probes and metrics of every process: version, resources, and readiness."""

from collections.abc import Callable, Iterable
from importlib.metadata import version
from platform import python_version
from typing import TYPE_CHECKING

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Gauge,
    Info,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from touchline.collector.webhooks.receiver import Webhooks
from touchline.config.validator_in_force import ValidatorInForce
from touchline.config.webhook_sources import SourcesInForce
from touchline.store import StoreError
from touchline.vocabulary.health import ALIVE, readiness

if TYPE_CHECKING:
    from touchline.store import Store


def register_process(registry: CollectorRegistry) -> CollectorRegistry:
    """Add `touchline_build_info` and the metrics of this process, such as its memory, to a registry."""
    ProcessCollector(registry=registry)
    build = Info("touchline_build", "Version of Touchline and of Python.", registry=registry)
    build.info({"version": version("touchline"), "python": python_version()})
    return registry


def register_files(in_force: ValidatorInForce, registry: CollectorRegistry) -> CollectorRegistry:
    """Add `touchline_plan_refused` and `touchline_privacy_refused` to a registry."""
    Gauge(
        "touchline_plan_refused",
        "1 while the file of the tracking plan cannot be used and the plan before stays in force.",
        registry=registry,
    ).set_function(lambda: in_force.plan_fault is not None)
    Gauge(
        "touchline_privacy_refused",
        "1 while the file of the privacy rules cannot be used and the rules before stay in force.",
        registry=registry,
    ).set_function(lambda: in_force.privacy_fault is not None)
    return registry


def register_webhooks(sources: SourcesInForce, webhooks: Webhooks, registry: CollectorRegistry) -> None:
    """Add `touchline_webhooks_refused` and `touchline_webhooks_wrong_signatures_total` to a registry."""
    refused = Gauge(
        "touchline_webhooks_refused",
        "1 while the file of webhook sources cannot be used and the sources before stay in force.",
        registry=registry,
    )
    refused.set_function(lambda: sources.fault is not None)
    registry.register(_WrongSignatures(webhooks))


class _WrongSignatures(Collector):
    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks

    def collect(self) -> Iterable[Metric]:
        family = CounterMetricFamily(
            "touchline_webhooks_wrong_signatures",
            "Webhooks that are not genuine: their signature is wrong, missing or too old.",
            labels=["source"],
        )
        for source, number in self._webhooks.refused.items():
            family.add_metric([source], number)
        yield family


def probe_routes(
    not_ready: Callable[[], str | None], registry: CollectorRegistry, warning: str | None = None
) -> list[Route]:
    """Return the routes /healthz, /readyz and /metrics.

    Args:
        not_ready: Returns why the process is not ready, or None; called in a thread.
        registry: The metrics of the process.
        warning: What is wrong although the process is ready; None when nothing is.
    """

    async def healthz(request: Request) -> Response:
        return JSONResponse(ALIVE)

    async def readyz(request: Request) -> Response:
        status, body = readiness(await run_in_threadpool(not_ready), warning)
        return JSONResponse(body, status)

    async def metrics(request: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]


def store_not_ready(store: "Store") -> str | None:
    """Return why the store does not answer; None if it does."""
    try:
        store.query("SELECT 1")
    except StoreError as error:
        return f"the store: {error}"
    return None


def store_warning(store: "Store") -> str | None:
    """Return which parts of the store are damaged; None if none is."""
    if not store.damaged:
        return None
    return f"rows are missing from the store, whose damaged parts were set aside: {', '.join(store.damaged)}"
