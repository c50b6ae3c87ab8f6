"""Health and metrics of a process that serves nothing else: /healthz, /readyz and /metrics."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from touchline.collector.ingress.answers import router_error
from touchline.services.web.front import guarded
from touchline.services.web.probes import probe_routes
from touchline.services.web.serving import Serving, listening_on, url_of

_STOP_SECONDS = 1


@contextmanager
def health_served(
    host: str, port: int, registry: CollectorRegistry, not_ready: Callable[[], str | None]
) -> Iterator[str]:
    """Serve health in a thread, and yield its URL.

    Args:
        host: The address to listen on.
        port: The port; 0 for any free port.
        registry: The metrics of the process.
        not_ready: Returns why the process is not ready; None if it is.

    Raises:
        CannotServe: it cannot listen there.
    """
    app = Starlette(
        routes=probe_routes(not_ready, registry), exception_handlers={HTTPException: router_error}
    )
    with listening_on(host, port) as listening:
        url = url_of(host, listening.getsockname()[1])
        server = Serving(guarded(app, host, (), None), lambda: None, stop_seconds=_STOP_SECONDS)
        thread = threading.Thread(
            target=server.run, args=([listening],), name="touchline-health", daemon=True
        )
        thread.start()
        try:
            yield url
        finally:
            server.end()
            thread.join(2 * _STOP_SECONDS)
