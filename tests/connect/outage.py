"""In front of a collector: answers single requests with an error, before or after they are stored."""

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OK, REFUSE, LOSE_ANSWER = "ok", "refuse", "lose the answer"


class Outage:
    """Set `plan` to what happens to the next requests, in order; all later ones pass.

    `REFUSE` answers 503 and stores nothing. `LOSE_ANSWER` lets the collector store the request, and then
    answers 503 all the same. Both ask to come back after a second.
    """

    def __init__(self) -> None:
        self.plan: list[str] = []
        self.requests = 0
        self.connections: set[object] = set()

    def around(self, app: ASGIApp) -> ASGIApp:
        """The application behind it."""

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or not scope["path"].startswith("/v1/"):
                await app(scope, receive, send)
                return
            self.requests += 1
            self.connections.add(tuple(scope["client"]))
            what = self.plan.pop(0) if self.plan else OK
            unavailable = Response(status_code=503, headers={"Retry-After": "1"})
            if what == OK:
                await app(scope, receive, send)
            elif what == REFUSE:
                await _read(receive)
                await unavailable(scope, receive, send)
            else:
                await app(scope, receive, _discard)
                await unavailable(scope, receive, send)

        return answer


async def _read(receive: Receive) -> None:
    while (await receive()).get("more_body"):
        pass


async def _discard(message: Message) -> None:
    """Send nothing."""
