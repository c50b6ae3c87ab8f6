"""In front of a collector: the first requests of each write key get 503, before or after they are stored."""

import gzip
import json
from base64 import b64decode
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REFUSED, STORED = "refused", "stored"
"""What happens to a request that gets 503: it is not stored, or it is, and only its answer is lost."""


class Outage:
    """Answers 503 to the first requests of each write key, as `plans` says, and passes all others."""

    def __init__(self) -> None:
        self.plans: dict[str, list[str]] = {}

    def around(self, app: ASGIApp) -> ASGIApp:
        """The application behind it."""

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or scope["method"] != "POST":
                await app(scope, receive, send)
                return
            body = await _body(receive)
            plan = self.plans.get(_key(Headers(scope=scope), body))
            step = plan.pop(0) if plan else ""

            async def again() -> Message:
                return {"type": "http.request", "body": body}

            async def unavailable(message: Message) -> None:
                if message["type"] == "http.response.start":
                    message["status"] = 503
                await send(message)

            if step == REFUSED:
                refusal = Response(status_code=503, headers={"Access-Control-Allow-Origin": "*"})
                await refusal(scope, again, send)
            else:
                await app(scope, again, unavailable if step == STORED else send)

        return answer


async def _body(receive: Receive) -> bytes:
    parts = bytearray()
    while True:
        message = await receive()
        parts += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(parts)


def _key(headers: Mapping[str, str], body: bytes) -> str:
    """The write key, where the clients put it."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme == "Basic":
        return b64decode(given).decode().partition(":")[0]
    content = gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
    return str(json.loads(content)["writeKey"])
