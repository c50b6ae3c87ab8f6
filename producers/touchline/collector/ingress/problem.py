"""Error responses: a status, a code for programs, and a message for people."""

from collections.abc import Mapping

import orjson
from starlette.responses import Response

from touchline.vocabulary.errors import TouchlineError
from touchline.vocabulary.health import error_body


class Problem(TouchlineError):
    """A request gets an error response; `message` says what to do."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.headers = dict(headers or {})

    def response(self) -> Response:
        """The response, with the body `{"error": {"code", "message"}}`."""
        return Response(
            orjson.dumps(error_body(self.code, self.message)),
            status_code=self.status,
            headers=self.headers,
            media_type="application/json",
        )


def busy(code: str, message: str, seconds: float = 1) -> Problem:
    """503: nothing was accepted; the producer keeps the events and retries after `seconds`."""
    return Problem(503, code, message, {"Retry-After": f"{max(1, round(seconds))}"})
