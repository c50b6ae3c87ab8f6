"""Authentication: the producer of a request, by its key, and which web pages may send."""

from base64 import b64decode
from functools import lru_cache
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request

from touchline.collector.ingress.problem import Problem, busy
from touchline.collector.key import WEBHOOKS, Key
from touchline.collector.keys import LOCAL, PREFIXES, Keys, KeysUnreadable

GUARD: Final = "touchline.guard"
"""In the scope of a request, where guesses are throttled: a function to be called with a key that a dialect
found, before it is looked up; it raises Problem for one guess too many."""

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="touchline"'}

_LOCAL_KEY = Key(LOCAL, "", "")


def secret_of(request: Request) -> str:
    """The key in the header `Authorization`, or empty: as `Bearer KEY`, or as a part of `Basic`.

    There it is the user name, as analytics clients send it, or the password if that has the form of a key.
    """
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    match scheme.lower():
        case "bearer":
            return given.strip()
        case "basic":
            try:
                user, _, password = b64decode(given.strip(), validate=True).decode().partition(":")
            except ValueError:
                return ""
            return (password if password.startswith(PREFIXES) else user).strip()
    return ""


def key_of(request: Request, keys: Keys, elsewhere: str = "") -> Key:
    """The request's key; that of `local` for requests from this machine while no key exists.

    Its name is also set as the request's `scope["user"]`. A browser key may come in the query, because
    beacons have no headers; any other key must be in a header, which is not logged, or where the dialect
    looks for it.

    Args:
        request: The request.
        keys: The keys.
        elsewhere: The secret that the dialect found, for requests without one in the header.

    Raises:
        Problem: 401 without a known key, 403 with a key that ended, is for something else, or is for other
            pages, 429 after too many guesses, 503 if the keys cannot be read.
    """
    try:
        if not keys.all():
            if not keys.required and _is_local(request):
                return _LOCAL_KEY
            may_send = (
                "nobody may send" if keys.required else "only programs and pages on its machine may send"
            )
            raise Problem(
                401,
                "key_required",
                f"The collector has no key, so {may_send}: create one there with "
                "`touchline keys create NAME`, and send it as Authorization: Bearer KEY",
                _CHALLENGE,
            )
        private = secret_of(request)
        if not private and (private := elsewhere.strip()) and (guard := request.scope.get(GUARD)):
            guard(private)
        secret = private or request.query_params.get("key", "").strip()
        if not secret:
            raise Problem(
                401, "key_required", "No key: send your key as Authorization: Bearer KEY", _CHALLENGE
            )
        key = keys.find(secret)
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
    if not keys.is_active(key):
        raise Problem(
            403,
            "revoked_key",
            f"This key of {key.name!r} was revoked or replaced: send the current one, or create one with "
            f"`touchline keys create {key.name}`",
        )
    request.scope["user"] = key.name
    if not key.may_post(request.scope["path"]):
        raise Problem(
            403,
            "wrong_scope",
            f"The key of {key.name!r} is for its webhooks alone: send them to {WEBHOOKS}KIND/{key.name}, or "
            "create a key for other events",
        )
    if key.is_public:
        _check_origin(request, key)
    elif not private:
        raise Problem(
            401,
            "key_in_query",
            "Only a browser key may be in the query: send this one as Authorization: Bearer KEY",
            _CHALLENGE,
        )
    return key


def may_read(origin: str, request: Request, keys: Keys) -> bool:
    """Whether pages of an origin may read the response.

    These are the pages that may use some key; while there is no key, those of this machine.
    """
    try:
        return keys.allow(origin) if keys.all() else _is_local(request)
    except KeysUnreadable:
        return False


def _check_origin(request: Request, key: Key) -> None:
    origin = request.headers.get("origin")
    if origin is None:
        raise Problem(
            403,
            "origin_required",
            f"The key of {key.name!r} is for web pages: programs need a key of their own, from "
            "`touchline keys create NAME`",
        )
    if not key.allows(origin):
        raise Problem(
            403,
            "foreign_origin",
            f"Pages of {origin[:80]!r} may not use the key of {key.name!r}: it is for "
            f"{', '.join(key.origins)}",
        )


def _is_local(request: Request) -> bool:
    """Whether the sender is a program or a page of this machine, not a proxy and not a foreign page."""
    headers = request.headers
    if "forwarded" in headers or "x-forwarded-for" in headers:
        return False
    if "origin" in headers:
        if not _is_loopback(_host_of(headers["origin"])):
            return False
    elif headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
        # Some browsers leave out the origin of a page that sends a form or loads a picture.
        return False
    return request.client is not None and _is_loopback(request.client.host)


def _host_of(origin: str) -> str:
    try:
        return urlsplit(origin).hostname or ""
    except ValueError:
        return ""


@lru_cache(maxsize=256)
def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
