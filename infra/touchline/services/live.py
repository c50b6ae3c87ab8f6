"""The process behind `touchline live`: the page, and whether it is well."""

from collections.abc import Callable
from contextlib import ExitStack

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route

from touchline.config.rule_packs import load_rules
from touchline.config.settings import Settings
from touchline.config.stores import writable_store
from touchline.live import mount
from touchline.services.ending import Ending
from touchline.services.front import LatePage, guarded
from touchline.services.serving import CannotServe, Serving, listening_on, url_of
from touchline.store import Store, StoreError
from touchline.store.server_file import token_of

STOP_SECONDS = 5


def serve_live(settings: Settings, ending: Ending, *, ready: Callable[[str], None]) -> None:
    """Run until a signal ends it.

    Args:
        settings: Where the store is, and where to listen.
        ending: Takes the signals.
        ready: Told the address, once requests are answered.

    Raises:
        CannotServe: the port or the host cannot be used, or the page failed for good.
        StoreError: the store cannot be reached.
        RulesError: the rules cannot be used.
    """
    rules = load_rules(settings.rules)
    with ExitStack() as parts:
        listening = parts.enter_context(listening_on(settings.host, settings.port))
        url = url_of(settings.host, listening.getsockname()[1])
        store = parts.enter_context(writable_store(settings))

        def load(app: Starlette) -> None:
            mount(app, store, rules=rules.rules, region=settings.region, goals=settings.goals)

        page = LatePage(load, lambda why: server.fail(why))
        app = Starlette(
            routes=[
                Route("/healthz", lambda request: PlainTextResponse("ok\n")),
                Route("/readyz", _readiness(store)),
                Mount("/", page),
            ],
            lifespan=page.lifespan,
        )
        front = guarded(app, settings.host, settings.allowed_hosts, token_of(settings.data))
        server = Serving(front, lambda: ready(url), stop_seconds=STOP_SECONDS, ws="websockets-sansio")
        ending.asks(server.end)
        server.run(sockets=[listening])
    if server.failure is not None:
        raise CannotServe(server.failure)


def _readiness(store: Store) -> Callable[[Request], object]:
    async def readyz(request: Request) -> Response:
        try:
            await run_in_threadpool(store.query, "SELECT 1")
        except StoreError as error:
            return JSONResponse({"ready": False, "why": f"the store: {error}"}, status_code=503)
        return JSONResponse({"ready": True})

    return readyz
