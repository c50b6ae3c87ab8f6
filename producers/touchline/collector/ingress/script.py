"""The browser script, as the collector serves it: `/touchline.js` and the same as an ES module.

The files in `browser/` are built from `producers/browser` and committed.
"""

import gzip
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

MAX_AGE_SECONDS: Final = 3600
"""How long a browser uses the script without asking again."""

_MEDIA_TYPES: Final = {
    "touchline.js": "text/javascript",
    "touchline.mjs": "text/javascript",
    "touchline.d.mts": "text/plain",
}


class _File(NamedTuple):
    content: bytes
    gzipped: bytes
    etag: str


def script_routes() -> list[Route]:
    """A route for each file. They need no key: they are the same for everybody, and pages load them."""
    return [Route(f"/{name}", _answer, methods=["GET"]) for name in _MEDIA_TYPES]


async def _answer(request: Request) -> Response:
    name = request.url.path.removeprefix("/")
    file = _read(name)
    headers = {
        "ETag": file.etag,
        "Cache-Control": f"public, max-age={MAX_AGE_SECONDS}, stale-while-revalidate=86400",
        "Vary": "Accept-Encoding",
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    # A proxy that compresses marks the tag as weak.
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if file.etag in known:
        return Response(status_code=304, headers=headers)
    content = file.content
    if "gzip" in request.headers.get("accept-encoding", ""):
        content = file.gzipped
        headers["Content-Encoding"] = "gzip"
    return Response(content, headers=headers, media_type=_MEDIA_TYPES[name])


@cache
def _read(name: str) -> _File:
    content = files("touchline.collector").joinpath("browser", name).read_bytes()
    # Without a time in its head, the same script is the same bytes everywhere.
    return _File(content, gzip.compress(content, 9, mtime=0), f'"{sha256(content).hexdigest()[:32]}"')
