"""Cross-origin requests: what lets a browser send from a page of another origin, and show it the response.

Only the headers; whether the events are accepted, the key decides.
"""

from starlette.requests import Request
from starlette.responses import Response

from touchline.collector.dialects.dialect import Cors

PREFLIGHT_SECONDS = 7_200
"""How long a browser may remember a preflight: the most that Chromium does."""

_VARY = {"Vary": "Origin"}


def is_preflight(request: Request) -> bool:
    """Whether a browser asks if it may send the actual request."""
    headers = request.headers
    return request.method == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers


def preflight(request: Request, cors: Cors, *, may_read: bool) -> Response:
    """The response to a preflight. Without the headers of `may_read`, the browser does not send."""
    headers = {
        **cross_origin(request.headers["origin"], cors, may_read=may_read),
        "Access-Control-Allow-Methods": ", ".join(cors.methods),
        "Access-Control-Allow-Headers": ", ".join(cors.headers),
        "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
    }
    return Response(status_code=204, headers=headers if may_read else _VARY)


def cross_origin(origin: str, cors: Cors, *, may_read: bool) -> dict[str, str]:
    """The headers of a response that a page of an origin may read. The collector reads no cookies."""
    if not may_read:
        return _VARY
    return {
        **_VARY,
        **({"Access-Control-Allow-Credentials": "true"} if cors.credentials else {}),
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": "Retry-After",
    }
