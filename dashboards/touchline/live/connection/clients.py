"""Frees the pages that NiceGUI keeps for browsers.

NiceGUI builds a page for each GET, and keeps it for a minute in case a browser opens its WebSocket; probes
and crawlers never do. A page that is deleted consists of cycles, which Python's collector finds late, because
it runs seldom in this process. So the number of pages that wait for a browser is bounded, and the cycles of a
deleted page are broken.
"""

import asyncio
import gc
import time
from collections.abc import Iterable

from nicegui import Client
from nicegui.element import Element
from nicegui.observables import ObservableCollection

MOST_WAITING = 200
WAIT_SECONDS = 30.0
"""How many pages may wait for a browser, and how long at most: past either, the oldest is deleted."""

_BREAK_SECONDS = 2.0
"""After its deletion, NiceGUI's own task still looks at a page once."""

_PAGES_PER_COLLECTION = 500
"""NiceGUI parses a literal for each page, and that leaves a cycle of eleven small objects."""


class WaitingPages:
    """The pages that no browser has connected to yet, oldest first. Used on one event loop."""

    def __init__(self) -> None:
        self._since: dict[Client, float] = {}
        self._built = 0

    def add(self, client: Client) -> None:
        """Keep a new page until a browser connects to it; delete those that waited for too long."""
        now = time.monotonic()
        self._since[client] = now
        client.on_connect(lambda: self._since.pop(client, None) and None)
        for waiting, since in list(self._since.items()):
            if len(self._since) <= MOST_WAITING and now - since <= WAIT_SECONDS:
                break
            # A handler of the deletion takes it out, too.
            self._since.pop(waiting, None)
            waiting.delete()
        self._built += 1
        if self._built % _PAGES_PER_COLLECTION == 0:
            gc.collect(0)

    def free(self, client: Client) -> None:
        """Free what a page holds, soon after its deletion: a handler of every page's deletion."""
        self._since.pop(client, None)
        elements = list(client.elements.values())
        asyncio.get_running_loop().call_later(_BREAK_SECONDS, _break_cycles, client, elements)


def is_expected(client_id: str, element_id: int, listener_id: str) -> bool:
    """Whether an element of a page has this listener: NiceGUI writes a traceback for an unknown one."""
    client = Client.instances.get(client_id)
    element = None if client is None else client.elements.get(element_id)
    return element is not None and listener_id in element._event_listeners


def _break_cycles(client: Client, elements: Iterable[Element]) -> None:
    for element in elements:
        for part in vars(element).values():
            if isinstance(part, ObservableCollection):
                vars(part).clear()
        vars(element).clear()
    client.request.scope.clear()
    vars(client).clear()
