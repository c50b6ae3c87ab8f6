"""The contract of a dialect: what it sees of a request, and what it makes of it. All of it is pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
import orjson

from touchline.collector.results import Result
from touchline.vocabulary.envelope import REQUEST_BYTES, REQUEST_EVENTS
from touchline.vocabulary.errors import TouchlineError
from touchline.vocabulary.health import error_body
from touchline.vocabulary.validation import InvalidEvent

_Event = TypeVar("_Event")

_NONE: Final[Mapping[str, str]] = MappingProxyType({})
_ANY_JSON: Final[Mapping[str, Any]] = MappingProxyType({"application/json": {}})


class Received(NamedTuple):
    """A request, as far as dialects may look at it.

    Attributes:
        body: The body, decompressed.
        received_at_ms: The collector's clock, milliseconds since 1970.
        producer: The name of the producer's key; empty while the key is not known.
        path: The path of the URL, such as `/v1/batch`.
        query: The parameters of the URL.
        headers: The headers; their names are in lower case.
        method: The method.
    """

    body: bytes
    received_at_ms: int
    producer: str
    path: str = ""
    query: Mapping[str, str] = _NONE
    headers: Mapping[str, str] = _NONE
    method: str = "POST"


class Unsplittable(TouchlineError, ValueError):
    """The body cannot be read, so that its events are not known; `str` says why, and what to send.

    `text` is the text of a body that came encoded, such as a form; empty if the body is the text.
    """

    def __init__(self, message: str, text: bytes = b"") -> None:
        super().__init__(message)
        self.text = text


class TooManyEvents(TouchlineError, ValueError):
    """A request has too many events; none of them was accepted."""


def limited(events: list[_Event], most: int = REQUEST_EVENTS) -> list[_Event]:
    """The events of a request. Dialects call it before they translate them, which takes far more memory.

    Raises:
        TooManyEvents: there are more than `most`.
    """
    if len(events) > most:
        raise TooManyEvents(f"{len(events)} events in one request; send at most {most} at a time")
    return events


class Translated(NamedTuple):
    """One event of a request.

    Attributes:
        original: The event as it came. It goes to quarantine if the event is invalid.
        event: The native event, as JSON or as an object; or why there is none.
    """

    original: bytes
    event: bytes | dict[str, Any] | InvalidEvent


class Answer(NamedTuple):
    """A response."""

    body: bytes
    status: int = 200
    media_type: str = "application/json"
    headers: Mapping[str, str] = _NONE


class Refusal(NamedTuple):
    """A request that is refused: the status, a code for programs and a message for people.

    `headers` are those of the request; their names are in lower case.
    """

    status: int
    code: str
    message: str
    headers: Mapping[str, str] = _NONE


class Refused(TouchlineError):
    """A dialect refuses a request; `retry_after` is in seconds, None where repeating does not help."""

    def __init__(self, refusal: Refusal, retry_after: int | None = None) -> None:
        super().__init__(refusal.message)
        self.refusal, self.retry_after = refusal, retry_after


@dataclass(frozen=True, slots=True)
class Cors:
    """What a browser library needs to send from the pages of another origin.

    Attributes:
        methods: The methods that a preflight allows.
        headers: The request headers that a preflight allows, in lower case.
        credentials: Whether the library sends with cookies. The collector reads none.
    """

    methods: tuple[str, ...] = ("POST",)
    headers: tuple[str, ...] = ("authorization", "content-type", "content-encoding")
    credentials: bool = False


class Described(NamedTuple):
    """What the OpenAPI description says of a dialect.

    Attributes:
        summary: What it takes, in one line.
        accepts: The JSON Schema of a body, by media type; none for requests without a body.
        answers: The JSON Schema of the answer to events that are durable, by media type.
        parameters: Parameters of the query and headers, as OpenAPI writes them.
        refuses: Why it refuses requests itself, by status.
    """

    summary: str
    accepts: Mapping[str, Any] = _ANY_JSON
    answers: Mapping[str, Any] = _ANY_JSON
    parameters: tuple[Mapping[str, Any], ...] = ()
    refuses: Mapping[int, str] = MappingProxyType({})


def results(received: Received, given: list[Result]) -> Answer:
    """The native response: a result for each event, in order."""
    return Answer(msgspec.json.encode({"results": given}))


def error(refusal: Refusal) -> Answer:
    """The native response to a request that is refused: `{"error": {"code", "message"}}`."""
    return Answer(orjson.dumps(error_body(refusal.code, refusal.message)), refusal.status)


def no_secret(received: Received) -> str:
    """For dialects whose clients send their key in the header `Authorization`."""
    return ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """A request format that the collector accepts.

    Attributes:
        name: Its name.
        described: What the OpenAPI description says of it.
        paths: Where it is accepted, as Starlette writes paths.
        translate: Gives the events of a request, in order. Raises `Unsplittable` for a body that it cannot
            read: that goes to quarantine as one; and `TooManyEvents`.
        methods: The methods with which events may come.
        secret: Finds the producer's key in the body, the query or the path, for clients that do not send it
            in the header `Authorization` (as `Bearer KEY`, or as the user name of `Basic`). Empty: no key.
        admit: For clients whose requests prove by themselves who sent them: gives the name of the producer,
            the answer to a request that only tests the address, or None if this request needs a key. Raises
            `Refused`.
        answer: Tells the client that its events are durable; gets the result of each event, in order.
        refuse: Tells the client why nothing was accepted. The collector adds `Retry-After` where it fits.
        calls: What clients ask beside sending, by path. No event is in such a request, and no body is read.
        cors: What its browser library needs.
        most_bytes: The largest body, decompressed.
        most_events: The most events in one request.
        sniffs_gzip: Whether a body may be gzip although no header says so.
    """

    name: str
    described: Described
    paths: tuple[str, ...]
    translate: Callable[[Received], list[Translated]]
    methods: tuple[str, ...] = ("POST",)
    secret: Callable[[Received], str] = no_secret
    admit: Callable[[Received], str | Answer | None] | None = None
    answer: Callable[[Received, list[Result]], Answer] = results
    refuse: Callable[[Refusal], Answer] = error
    calls: Mapping[str, Callable[[Received], Answer]] = field(default_factory=dict)
    cors: Cors = Cors()
    most_bytes: int = REQUEST_BYTES
    most_events: int = REQUEST_EVENTS
    sniffs_gzip: bool = False
