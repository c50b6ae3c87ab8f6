"""The live page, which loads while the rest of the process already answers."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from touchline.config.settings import Settings
from touchline.friction import RuleSet
from touchline.store import Store
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


def mount_page(
    app: Starlette,
    store: Store,
    rules: RuleSet,
    settings: Settings,
    normaliser: Callable[[], Normaliser],
) -> None:
    """Add the live page to an application. Importing the page takes seconds.

    `normaliser` returns what turns searches into identifiers.
    """
    from touchline.live import PageSettings, mount

    mount(
        app,
        store,
        PageSettings(
            rules=rules.rules,
            normaliser=normaliser,
            goals=settings.goals,
            limits=settings.limits,
            zone=settings.zone,
        ),
    )
