"""The live page, which loads while the rest of the process already answers."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from touchline.config.alerts_files import load_alerts
from touchline.config.settings import Settings
from touchline.friction import RuleSet
from touchline.runtime.alerting.queries import query_of
from touchline.services.cases import StaffLog
from touchline.services.explaining import Explainer
from touchline.store import Store
from touchline.store.import_blocker import imports_blocked
from touchline.vocabulary.normaliser import Normaliser

PAGE_SECONDS = 30
"""How long a request waits for the live page to load."""


class LatePage:
    """An ASGI application that loads in a thread; requests wait until it has.

    Args:
        load: Adds the page to an application; called in a thread.
        failed: Called with the reason where it cannot be loaded.
    """

    def __init__(self, load: Callable[[Starlette], None], failed: Callable[[str], None]) -> None:
        self._load = load
        self._failed = failed
        self._app = Starlette()
        self._loaded = asyncio.Event()
        self._closing = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer once the page has loaded."""
        async with asyncio.timeout(PAGE_SECONDS):
            await self._loaded.wait()
        await self._app(scope, receive, send)

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:
        """Load the page, and close it at the end: the lifespan of the application around it."""
        running = asyncio.create_task(self._run())
        yield
        self._closing.set()
        await running

    async def _run(self) -> None:
        try:
            if not await self._load_or_close():
                return
            async with self._app.router.lifespan_context(self._app):
                self._loaded.set()
                await self._closing.wait()
        except Exception as error:
            self._failed(f"the live page: {type(error).__name__}: {error}")

    async def _load_or_close(self) -> bool:
        """Load the page; return whether it loaded before the end. An end does not wait for the thread."""
        loop = asyncio.get_running_loop()
        result: asyncio.Future[None] = loop.create_future()

        def finish(error: Exception | None) -> None:
            if result.done():
                return
            if error is None:
                result.set_result(None)
            else:
                result.set_exception(error)

        def load() -> None:
            error: Exception | None = None
            try:
                self._load(self._app)
            except Exception as raised:
                error = raised
            with suppress(RuntimeError):  # the loop is closed: the process ends
                loop.call_soon_threadsafe(finish, error)

        threading.Thread(target=load, name="touchline-page", daemon=True).start()
        closing = asyncio.ensure_future(self._closing.wait())
        waiting: set[asyncio.Future[Any]] = {result, closing}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        closing.cancel()
        if not result.done():
            result.cancel()
            return False
        result.result()
        return True


@dataclass(frozen=True)
class PageInputs:
    """What a process gives to its live page.

    Attributes:
        normaliser: Returns what turns searches into identifiers.
        staff: Takes what staff say about frictions; None if this process has no log for it.
        tour: Title, text and link of each step of a guided tour.
    """

    normaliser: Callable[[], Normaliser]
    staff: StaffLog | None = None
    tour: Sequence[tuple[str, str, str]] = ()


def mount_page(
    app: Starlette,
    store: Store,
    rules: RuleSet,
    settings: Settings,
    inputs: PageInputs,
) -> None:
    """Add the live page to an application. Importing the page takes seconds."""
    # Socket.IO's clients and managers, which NiceGUI does not use, import these where they are installed.
    with imports_blocked("aiohttp", "kafka", "requests", "websocket"):
        from touchline.live import PageSettings, TourStep, mount
    from touchline.config.rule_packs import load_pack
    from touchline.config.validator_in_force import load_validator
    from touchline.services.importing.preview import preview
    from touchline.services.web.alert_workshop import SimulatedAlerts
    from touchline.services.web.comparer import PeriodComparer
    from touchline.services.web.workshop import RuleWorkshop

    alerts = load_alerts(settings.alerts)
    mount(
        app,
        store,
        PageSettings(
            rules=rules.rules,
            normaliser=inputs.normaliser,
            goals=settings.goals,
            limits=settings.limits,
            zone=settings.zone,
            explainer=Explainer(query_of(store), rules.rules, alerts.rules),
            desk=store,
            tour=[TourStep(*step) for step in inputs.tour],
            comparer=PeriodComparer(query_of(store), rules, settings.zone, lambda: int(time.time() * 1000)),
            workshop=RuleWorkshop(rules, load_pack(settings.rules), str(settings.rules or ""), store),
            alert_workshop=SimulatedAlerts(alerts, settings.alerts, query_of(store)),
            staff=inputs.staff,
            previewer=lambda name, sample, mapping, cut: preview(
                name, sample, mapping, load_validator(settings), cut=cut
            ),
        ),
    )
