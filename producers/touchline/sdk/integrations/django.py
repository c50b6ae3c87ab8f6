"""Django, synchronous or not: one line in MIDDLEWARE, after Django's own for sessions and users.

```python
MIDDLEWARE = [..., "touchline.sdk.integrations.django.middleware"]
```

The customer is `account`, the key of the logged-in user. For another one, name your own middleware there:

```python
middleware = middleware_for(lambda request: {"account": request.customer.number})
```
"""

from collections.abc import Callable, Mapping
from functools import partial
from inspect import iscoroutinefunction
from typing import Any

from touchline.sdk.binding import Binding, bind_request
from touchline.sdk.integrations.requests import request_context

GetResponse = Callable[[Any], Any]


def logged_in(request: Any) -> Mapping[str, Any] | None:
    """The logged-in user's key as `account`; None if nobody is logged in."""
    user = getattr(request, "user", None)
    return {"account": str(user.pk)} if user is not None and user.is_authenticated else None


def middleware_for(
    identify: Callable[[Any], Mapping[str, Any] | None],
) -> Callable[[GetResponse], GetResponse]:
    """A middleware that binds method, path and id of each request, and the customer that `identify` finds.

    `identify` is called with the request when the first event needs the customer, so a request without events
    reads no user.
    """

    def middleware(get_response: GetResponse) -> GetResponse:
        def respond(request: Any) -> Any:
            with _bind(request, identify):
                return get_response(request)

        async def respond_async(request: Any) -> Any:
            with _bind(request, identify):
                return await get_response(request)

        return respond_async if iscoroutinefunction(get_response) else respond

    # What Django's decorator `sync_and_async_middleware` sets.
    middleware.sync_capable = middleware.async_capable = True  # type: ignore[attr-defined]
    return middleware


def _bind(request: Any, identify: Callable[[Any], Mapping[str, Any] | None]) -> Binding:
    context = request_context(request.method, request.path, request.headers.get("X-Request-Id"))
    return bind_request(partial(identify, request), context)


middleware = middleware_for(logged_in)
"""Binds each request and its logged-in user."""
