"""Origins of web pages: `scheme://host`, with the port unless it is the scheme's default."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"(?:\*\.)?[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?\Z|\[[0-9a-f:.]+\]\Z")


def allows(patterns: Iterable[str], origin: str) -> bool:
    """Whether a header `Origin`, as browsers send it, is one of the patterns of `origin_pattern`.

    `https://*.shop.example` stands for all hosts below shop.example, not for shop.example itself.
    """
    for pattern in patterns:
        scheme, star, rest = pattern.partition("*")
        if not star:
            if origin == pattern:
                return True
        elif origin.startswith(scheme) and origin.endswith(rest) and len(origin) > len(scheme + rest):
            return True
    return False


def origin_pattern(text: str) -> str:
    """The origin in the spelling of browsers; its host may begin with `*.`.

    Raises:
        ValueError: it is no origin of a web page.
    """
    try:
        parts = urlsplit(text.strip().lower())
        host, port = _ascii(parts.hostname or ""), parts.port
    except ValueError:
        raise _invalid(text) from None
    if (
        not _HOST.match(host)
        or parts.scheme not in _DEFAULT_PORTS
        or parts.username is not None
        or parts.path not in ("", "/")
        or parts.query
        or parts.fragment
    ):
        raise _invalid(text)
    suffix = "" if port is None or port == _DEFAULT_PORTS[parts.scheme] else f":{port}"
    return f"{parts.scheme}://{host}{suffix}"


def _ascii(host: str) -> str:
    """A host name as browsers write it: letters beyond ASCII as `xn--…`."""
    if ":" in host:
        return f"[{host}]"
    return host if host.isascii() else host.encode("idna").decode()


def _invalid(text: str) -> ValueError:
    return ValueError(
        f"{text!r} is no origin: write the scheme and the host of the pages, and the port if they name one, "
        "such as https://shop.example, https://*.shop.example or http://localhost:3000"
    )
