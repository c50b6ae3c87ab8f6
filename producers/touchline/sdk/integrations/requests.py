"""What the middlewares say of a request."""

from collections.abc import Mapping

from uuid_utils import uuid7

MOST_CHARACTERS = 256
"""How much of a path or of a request's id is kept."""


def request_context(method: str, path: str, request_id: str | None) -> Mapping[str, str]:
    """The context of a request's events. A request without an id gets one."""
    return {
        "method": method,
        "path": path[:MOST_CHARACTERS],
        "request_id": (request_id or str(uuid7()))[:MOST_CHARACTERS],
    }
