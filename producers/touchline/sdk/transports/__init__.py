"""The transports, chosen by the scheme of a URL."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from touchline.sdk.limits import Limits
from touchline.sdk.transport import Transport
from touchline.sdk.transports.embedded import Embedded
from touchline.sdk.transports.http import Http
from touchline.sdk.transports.kafka import Kafka
from touchline.sdk.transports.memory import Memory

__all__ = ["Embedded", "Http", "Kafka", "Memory", "transport_for"]


class _Client(NamedTuple):
    """The client's settings that a transport needs."""

    key: str | None
    source: str
    limits: Limits


def _http(url: SplitResult, client: _Client) -> Transport:
    return Http(url, client.key, client.limits.request_seconds)


def _kafka(url: SplitResult, client: _Client) -> Transport:
    return Kafka(url, client.source, client.limits.request_seconds, client.key)


def _embedded(url: SplitResult, client: _Client) -> Transport:
    folder = unquote(url.netloc + url.path)
    if not folder:
        raise ValueError("embedded:// has no folder: write embedded:///path/to/touchline-data")
    return Embedded(Path(folder), client.source)


def _memory(url: SplitResult, client: _Client) -> Transport:
    return Memory()


_SCHEMES: Mapping[str, Callable[[SplitResult, _Client], Transport]] = {
    "http": _http,
    "https": _http,
    "kafka": _kafka,
    "kafkas": _kafka,
    "embedded": _embedded,
    "memory": _memory,
}


def transport_for(url: str, key: str | None, source: str, limits: Limits) -> Transport:
    """The transport for a URL. It opens nothing before the first batch.

    Raises:
        ValueError: the scheme is unknown, or a part of the URL is missing.
    """
    parts = urlsplit(url)
    scheme = _SCHEMES.get(parts.scheme)
    if scheme is None:
        known = ", ".join(f"{name}://" for name in _SCHEMES)
        raise ValueError(f"unknown scheme {parts.scheme!r} in the URL: it must start with one of {known}")
    return scheme(parts, _Client(key, source, limits))
