"""The process behind `touchline live`: the live page alone, over a shared store."""

from collections.abc import Callable
from contextlib import ExitStack, closing

from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.routing import Mount

from touchline.config.rule_packs import rules_in_force
from touchline.config.settings import Settings
from touchline.config.stores import writable_store
from touchline.config.validator_in_force import load_validator
from touchline.runtime.alerting.queries import query_of
from touchline.runtime.outlet.reader import LATE
from touchline.services.cases import StaffLog
from touchline.services.collector import open_log
from touchline.services.ending import Ending
from touchline.services.web.action_links import ActionLinks
from touchline.services.web.frictions_stream import FrictionsStream
from touchline.services.web.front import guarded
from touchline.services.web.late_page import LatePage, PageInputs, mount_page
from touchline.services.web.probes import probe_routes, register_process, store_not_ready
from touchline.services.web.serving import CannotServe, Serving, listening_on, url_of
from touchline.store.server_file import token_of

STOP_SECONDS = 5


def serve_live(settings: Settings, ending: Ending, *, ready: Callable[[str], None]) -> None:
    """Run until a signal ends it.

    Args:
        settings: Where the store is, and where to listen.
        ending: Takes the signals.
        ready: Called with the URL once requests are answered.

    Raises:
        CannotServe: the port or the host cannot be used, or the page failed for good.
        StoreError: the store cannot be reached.
        RulesError: the rules cannot be used.
    """
    rules = rules_in_force(settings)
    with ExitStack() as parts:
        listening = parts.enter_context(listening_on(settings.host, settings.port))
        url = url_of(settings.host, listening.getsockname()[1])
        store = parts.enter_context(writable_store(settings))

        normaliser = settings.normaliser
        staff = None
        if settings.kafka:
            validator = load_validator(settings)
            staff = StaffLog(parts.enter_context(closing(open_log(settings))), lambda: validator)
        page = LatePage(
            lambda app: mount_page(app, store, rules, settings, PageInputs(lambda: normaliser, staff)),
            lambda why: server.fail(why),
        )
        probes = probe_routes(lambda: store_not_ready(store), register_process(CollectorRegistry()))
        stream = FrictionsStream(query_of(store), LATE, lambda: server.should_exit, lambda: normaliser)
        key = settings.link_key.get_secret_value() or token_of(settings.data)
        links = ActionLinks(store, key.encode(), settings.zone)
        app = Starlette(routes=[*probes, stream.route, links.route, Mount("/", page)], lifespan=page.lifespan)
        front = guarded(app, settings.host, settings.allowed_hosts, token_of(settings.data))
        server = Serving(
            front,
            lambda: ready(url),
            stop_seconds=STOP_SECONDS,
            stopped=store.end_queries,
            websockets=True,
        )
        ending.on_signal(server.end)
        server.run(sockets=[listening])
    if server.failure is not None:
        raise CannotServe(server.failure)
