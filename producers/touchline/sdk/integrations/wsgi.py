"""WSGI, such as Flask.

```python
from touchline.sdk.integrations.wsgi import TouchlineMiddleware

app.wsgi_app = TouchlineMiddleware(app.wsgi_app, lambda environ: {"account": environ.get("REMOTE_USER")})
```
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from touchline.sdk.binding import Binding, bind_request
from touchline.sdk.integrations.requests import request_context

Environ = dict[str, Any]
App = Callable[[Environ, Any], Iterable[bytes]]


class TouchlineMiddleware:
    """Binds method, path and id of each request, and the customer that `identify` finds.

    Args:
        app: The application.
        identify: Called with the WSGI environment when the first event of a request needs the customer.
    """

    def __init__(
        self, app: App, identify: Callable[[Environ], Mapping[str, Any] | None] | None = None
    ) -> None:
        self._app = app
        self._identify = identify

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        """Handle one request."""
        identify = self._identify and partial(self._identify, environ)
        context = request_context(
            environ["REQUEST_METHOD"], environ.get("PATH_INFO", ""), environ.get("HTTP_X_REQUEST_ID")
        )
        binding = bind_request(identify, context)
        try:
            return _Response(self._app(environ, start_response), binding)
        except BaseException:
            binding.reset()
            raise


class _Response:
    """The response; what is bound stays so until the server closes it, since it may be made step by step."""

    def __init__(self, parts: Iterable[bytes], binding: Binding) -> None:
        self._parts = parts
        self._binding = binding

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._parts)

    def close(self) -> None:
        """Called by the server when the response is sent."""
        try:
            close = getattr(self._parts, "close", None)
            if close is not None:
                close()
        finally:
            self._binding.reset()
