"""The live page, which loads beside the rest of the process."""

import asyncio
import threading
import time

from starlette.applications import Starlette

from touchline.services.web.late_page import LatePage


async def _lived(page: LatePage, until: threading.Event | None = None) -> float:
    """Start and end the page; return how long (s) the end took."""
    async with page.lifespan(Starlette()):
        if until is not None:
            await asyncio.to_thread(until.wait, 10)
            await asyncio.sleep(0.05)
        began = time.monotonic()
    return time.monotonic() - began


def test_an_end_does_not_wait_for_the_page_to_load() -> None:
    """A page that is still loading holds up no end."""
    release, failures = threading.Event(), list[str]()
    try:
        assert asyncio.run(_lived(LatePage(lambda app: (release.wait(30), None)[1], failures.append))) < 5
    finally:
        release.set()
    assert not failures


def test_a_page_that_cannot_load_is_reported() -> None:
    """The process hears why the page does not load."""
    tried, failures = threading.Event(), list[str]()

    def load(app: Starlette) -> None:
        tried.set()
        raise ImportError("no page")

    asyncio.run(_lived(LatePage(load, failures.append), tried))
    assert failures == ["the live page: ImportError: no page"]
