"""Which web pages may open a WebSocket here, by the header `Origin` that browsers send."""

from collections.abc import Collection
from urllib.parse import urlsplit


def own_origin(origin: str | None, host: str, allowed_hosts: Collection[str]) -> bool:
    """Whether a request comes from a page of this server, or from no page.

    Args:
        origin: The header `Origin`; None where there is none, as with programs other than browsers.
        host: The header `Host` of the same request.
        allowed_hosts: The host names of this server behind a proxy that sends another `Host`; `*.name` too.
    """
    if origin is None:
        return True
    try:
        parts = urlsplit(origin)
        name = parts.hostname
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not name:
        return False
    if parts.netloc.lower() == host.lower():
        return True
    return any(
        name == allowed or (allowed[:2] == "*." and name.endswith(allowed[1:])) for allowed in allowed_hosts
    )
