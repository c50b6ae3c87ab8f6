"""ASGI, such as FastAPI and Starlette.

```python
from touchline.sdk.integrations.asgi import TouchlineMiddleware

app.add_middleware(TouchlineMiddleware, identify=lambda scope: {"account": scope["session"].get("user")})
```
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from functools import partial
from typing import Any

from touchline.sdk.binding import bind_request
from touchline.sdk.integrations.requests import request_context

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Any, Any], Awaitable[None]]


class TouchlineMiddleware:
    """Binds method, path and id of each request, and the customer that `identify` finds.

    Args:
        app: The application.
        identify: Called with the scope when the first event of a request needs the customer.
    """

    def __init__(self, app: App, identify: Callable[[Scope], Mapping[str, Any] | None] | None = None) -> None:
        self._app = app
        self._identify = identify

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Handle one request."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        identify = self._identify and partial(self._identify, scope)
        request_id = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        context = request_context(scope.get("method", "WEBSOCKET"), scope["path"], request_id)
        with bind_request(identify, context):
            await self._app(scope, receive, send)
