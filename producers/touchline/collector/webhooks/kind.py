"""The contract of a kind of webhook: how a request proves where it comes from, and its events."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic

from touchline.collector.dialects.dialect import Answer, Received, Translated, Unsplittable
from touchline.collector.dialects.lenient_json import lenient
from touchline.collector.dialects.native import split
from touchline.collector.webhooks.delivery import Foreign, Origin, translated
from touchline.collector.webhooks.source import Opened, S

Translate = Callable[[Received, Opened[S], Origin], list[Translated]]


def mapped(events: Callable[[Received, Opened[S]], list[Foreign]]) -> Translate[S]:
    """Gives the native events of what a provider's module maps, without those that the source ignores."""

    def translate(received: Received, opened: Opened[S], origin: Origin) -> list[Translated]:
        return [
            translated(one, origin) for one in events(received, opened) if not opened.source.ignores(one.name)
        ]

    return translate


def no_handshake(received: Received, opened: Opened[Any]) -> Answer | None:
    """For kinds without a handshake."""
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind(Generic[S]):
    """A provider.

    Attributes:
        name: Its name, as addresses and the file of sources have it.
        title: Its name for people.
        source: The options of its sources.
        check: Checks that a request is genuine; raises `WrongSignature`.
        translate: Gives the events of a genuine request, in order; none for a test by the provider. Raises
            `Unsplittable`.
        handshake: Answers a genuine request that only tests the address; None for other requests.
    """

    name: str
    title: str
    source: type[S]
    check: Callable[[Received, Opened[S]], None]
    translate: Translate[S]
    handshake: Callable[[Received, Opened[S]], Answer | None] = no_handshake


def json_of(body: bytes) -> Any:
    """The value of a JSON body.

    Raises:
        Unsplittable: it is not JSON.
    """
    try:
        return lenient(body)
    except (ValueError, RecursionError) as error:
        raise Unsplittable(f"the body is not JSON: {error}") from None


def elements_of(body: bytes) -> list[tuple[bytes, Any]]:
    """The elements of a JSON array, each as it came and as a value; a body that is no array is the only one.

    Raises:
        Unsplittable: it is not JSON.
    """
    text = body.strip()
    if not text.startswith(b"["):
        return [(text, json_of(text))]
    return [(raw, json_of(raw)) for raw in split(text)]


def object_of(body: bytes) -> dict[str, Any]:
    """The object of a JSON body.

    Raises:
        Unsplittable: it is not a JSON object.
    """
    value = json_of(body)
    if not isinstance(value, dict):
        raise Unsplittable("the body is not a JSON object")
    return value
