"""What may reach NiceGUI: GETs of pages and files that exist, and well-formed messages of their WebSocket.

NiceGUI builds a page to say that there is none, logs the whole address, reads any body into memory, and
writes a traceback for each message that it does not expect.
"""

import time
from collections.abc import Callable, Sequence
from urllib.parse import parse_qs

import msgspec
import orjson
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from touchline.live.connection.clients import is_expected
from touchline.live.connection.messages import Handshake, Verdict, judge
from touchline.vocabulary.health import error_body

MESSAGES = 200
MESSAGES_PER_SECOND = 20.0
"""How many messages a WebSocket may bring: at once, and then per second. A page sends a few per minute."""

_SOCKET = "/_nicegui_ws/"
_POLICY_VIOLATION = 1008


class Gate:
    """An ASGI application in front of NiceGUI's.

    Args:
        app: NiceGUI's application.
        routes: Its routes.
        clock: Returns monotonic seconds.
    """

    def __init__(
        self, app: ASGIApp, routes: Sequence[BaseRoute], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._app = app
        self._routes = routes
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] == "websocket":
            if _opens_a_page(scope):
                await self._app(scope, _Checked(receive, send, self._clock), send)
            else:
                await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
        elif scope["type"] == "http" and (refused := self._refused(scope)) is not None:
            await refused(scope, receive, send)
        else:
            try:
                await self._app(scope, receive, send)
            except RuntimeError as error:
                # What the middlewares behind this one make of a client that went before the answer.
                if str(error) != "No response returned.":
                    raise

    def _refused(self, scope: Scope) -> Response | None:
        """Return the answer to a request that no page or file takes."""
        if scope["method"] not in ("GET", "HEAD"):
            return _refusal(
                405, "method_not_allowed", "The live page is read with GET", {"Allow": "GET, HEAD"}
            )
        # Without a WebSocket, NiceGUI would take messages from requests of any size and number.
        if scope["path"].startswith(_SOCKET) or all(
            route.matches(scope)[0] is Match.NONE for route in self._routes
        ):
            path = scope["path"][:80]
            return _refusal(404, "not_found", f"Not Found: {path}; the live page begins at /")
        return None


class _Checked:
    """The messages of a WebSocket up to one that is refused, which ends it."""

    def __init__(self, receive: Receive, send: Send, clock: Callable[[], float]) -> None:
        self._receive, self._send, self._clock = receive, send, clock
        self._connected = False
        self._left = float(MESSAGES)
        self._at = clock()

    async def __call__(self) -> Message:
        while True:
            message = await self._receive()
            if message["type"] != "websocket.receive":
                return message
            verdict = (
                judge(message["text"], is_expected)
                if isinstance(message.get("text"), str)
                else Verdict.REFUSE
            )
            if verdict is Verdict.CONNECT:
                verdict = Verdict.REFUSE if self._connected else Verdict.PASS
                self._connected = True
            if verdict is Verdict.REFUSE or not self._has_room():
                await self._send({"type": "websocket.close", "code": _POLICY_VIOLATION})
                return {"type": "websocket.disconnect", "code": _POLICY_VIOLATION}
            if verdict is Verdict.PASS:
                return message

    def _has_room(self) -> bool:
        now = self._clock()
        self._left = min(MESSAGES, self._left + (now - self._at) * MESSAGES_PER_SECOND) - 1
        self._at = now
        return self._left >= 0


def _opens_a_page(scope: Scope) -> bool:
    """Whether a WebSocket is one that a page's script opens."""
    try:
        query = parse_qs(scope["query_string"].decode(), max_num_fields=100)
        fields = {name: values[0] for name, values in query.items()}
        msgspec.convert(fields, Handshake, strict=False)
    except (ValueError, msgspec.MsgspecError):
        return False
    return (
        scope["path"].startswith(f"{_SOCKET}socket.io")
        and (fields.get("EIO"), fields.get("transport")) == ("4", "websocket")
        and "sid" not in fields
    )


def _refusal(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(error_body(code, message)), status, headers, media_type="application/json")
