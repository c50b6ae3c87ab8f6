"""Who is sending: the producer of a request, or why it is not let in."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import Request

from touchline.collector.ingress.problem import Problem, busy
from touchline.collector.keys import LOCAL, Keys, KeysUnreadable

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="touchline"'}


def producer_of(request: Request, keys: Keys) -> str:
    """The name of the key a request came with; "local" from this machine while there are no keys.

    Raises:
        Problem: 401 without a key that is known, 403 with a revoked one, 503 if keys cannot be read.
    """
    try:
        if not keys.all():
            if _is_local(request):
                return LOCAL
            raise Problem(
                401,
                "key_required",
                "without keys only programs on the collector's own machine may send: make one there with "
                "touchline keys create NAME, and send it as Authorization: Bearer KEY",
                _CHALLENGE,
            )
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            raise Problem(401, "key_required", "send your key as Authorization: Bearer KEY", _CHALLENGE)
        key = keys.find(secret.strip())
    except KeysUnreadable:
        raise busy(
            "keys_unreadable", "the collector cannot read its keys: its operator must restore keys.json", 30
        ) from None
    if key is None:
        raise Problem(401, "unknown_key", "this key is not known here: check it, or make one", _CHALLENGE)
    if key.revoked_at is not None:
        raise Problem(403, "revoked_key", f"the key of {key.name!r} was revoked: make another")
    return key.name


def _is_local(request: Request) -> bool:
    """Whether a program on this machine sends: neither a proxy nor a web page of somebody else."""
    headers = request.headers
    if "forwarded" in headers or "x-forwarded-for" in headers:
        return False
    origin = headers.get("origin")
    if origin is not None and not _is_loopback(urlsplit(origin).hostname or ""):
        return False
    return request.client is not None and _is_loopback(request.client.host)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
