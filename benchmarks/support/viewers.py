"""People who have the live page open: each loads a dashboard and keeps its connection, as a browser does."""

import asyncio
import re
import threading
import uuid
from ast import literal_eval
from typing import Self

import aiohttp
import socketio  # type: ignore[import-untyped]

_QUERY = re.compile(r"query: (\{.*?\}),\n")
_SOCKET = "_nicegui_ws/socket.io"
_OPEN_SECONDS = 120.0


class Viewers:
    """Open pages. `updates` counts the messages by which the server changed them.

    Args:
        url: The address of `touchline up`.
        paths: The dashboard that each of them has open.
    """

    def __init__(self, url: str, paths: list[str]) -> None:
        self._url, self._paths = url, paths
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._open: list[tuple[aiohttp.ClientSession, socketio.AsyncClient]] = []
        self.updates = 0

    def __enter__(self) -> Self:
        self._thread.start()
        for path in self._paths:
            asyncio.run_coroutine_threadsafe(self._view(path), self._loop).result(_OPEN_SECONDS)
        return self

    def __exit__(self, *error: object) -> None:
        asyncio.run_coroutine_threadsafe(self._leave(), self._loop).result(_OPEN_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _view(self, path: str) -> None:
        session = aiohttp.ClientSession()
        async with session.get(self._url + path) as answer:
            page = await answer.text()
        found = _QUERY.search(page)
        if found is None:
            raise RuntimeError(f"no page at {path}: {page[:200]}")
        query = literal_eval(found[1]) | {"tab_id": str(uuid.uuid4()), "document_id": str(uuid.uuid4())}
        client = socketio.AsyncClient(http_session=session)
        client.on("update", self._updated)
        # As a browser writes the values: `true`. The server refuses the connection of an unknown page.
        parameters = "&".join(f"{name}={value}" for name, value in query.items()).replace("=True", "=true")
        await client.connect(f"{self._url}?{parameters}", transports=["websocket"], socketio_path=_SOCKET)
        self._open.append((session, client))

    def _updated(self, _: object) -> None:
        self.updates += 1

    async def _leave(self) -> None:
        for session, client in self._open:
            await client.disconnect()
            await session.close()
