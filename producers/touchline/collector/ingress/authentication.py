"""Authentication: the producer of a request, by its key."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import Request

from touchline.collector.ingress.problem import Problem, busy
from touchline.collector.keys import LOCAL, Keys, KeysUnreadable

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="touchline"'}


def producer_of(request: Request, keys: Keys) -> str:
    """The name of the request's key; `local` for requests from this machine while no key exists.

    It is also set as the request's `scope["user"]`.

    Raises:
        Problem: 401 without a known key, 403 with a revoked key, 503 if the keys cannot be read.
    """
    try:
        if not keys.all():
            if _is_local(request):
                return LOCAL
            raise Problem(
                401,
                "key_required",
                "No key exists, so only programs on the collector's own machine may send: create a key there "
                "with `touchline keys create NAME`, and send it as Authorization: Bearer KEY",
                _CHALLENGE,
            )
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            raise Problem(
                401, "key_required", "No key: send your key as Authorization: Bearer KEY", _CHALLENGE
            )
        key = keys.find(secret.strip())
    except KeysUnreadable:
        raise busy(
            "keys_unreadable", "The collector cannot read its keys: its operator must restore keys.json", 30
        ) from None
    if key is None:
        raise Problem(
            401,
            "unknown_key",
            "Unknown key: check it, or create one with `touchline keys create NAME`",
            _CHALLENGE,
        )
    if key.revoked_at is not None:
        raise Problem(
            403,
            "revoked_key",
            f"The key of {key.name!r} was revoked: create one with `touchline keys create {key.name}`",
        )
    request.scope["user"] = key.name
    return key.name


def _is_local(request: Request) -> bool:
    """Whether the sender is a program on this machine, not a proxy and not a foreign web page."""
    headers = request.headers
    if "forwarded" in headers or "x-forwarded-for" in headers:
        return False
    if "origin" in headers and not _is_loopback(_host_of(headers["origin"])):
        return False
    return request.client is not None and _is_loopback(request.client.host)


def _host_of(origin: str) -> str:
    try:
        return urlsplit(origin).hostname or ""
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
