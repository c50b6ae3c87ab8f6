"""Transport `http(s)://`: posts NDJSON to a collector's `/v1/events`, gzipped, over one kept connection."""

import codecs
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from time import monotonic, time
from typing import Any
from urllib.parse import SplitResult

import orjson

from touchline.sdk.delivery.loss import Example
from touchline.sdk.delivery.problem import name_or_nothing
from touchline.sdk.transport import Accepted, Batch, Outcome, Refused, Retry, TooLarge

GZIP_BYTES = 1024
"""Shorter bodies are sent uncompressed."""

RESPONSE_BYTES = 1024 * 1024
"""The longest response that is read."""

_GZIP = 16 + zlib.MAX_WBITS
MESSAGE_CHARACTERS = 200
"""How much of a collector's message is logged."""


class Http:
    """Posts batches to the collector at a URL.

    Raises:
        ValueError: the URL has no host or cannot be requested, or the key is not valid in a header.
    """

    def __init__(self, url: SplitResult, key: str | None, seconds: float) -> None:
        if not url.hostname:
            raise ValueError("the collector's URL has no host: write it as http://host:8080")
        if " " in url.hostname or " " in url.path or not url.path.isascii():
            raise ValueError("the URL holds a space, or its path a character beyond ASCII: copy it again")
        if key is not None and not (key.isascii() and key.isprintable()):
            raise ValueError("the key holds characters that are not valid in a header: copy it again")
        # A process that forks while the codec of host names is being imported leaves a child without it.
        codecs.lookup("idna")
        self._open = HTTPSConnection if url.scheme == "https" else HTTPConnection
        self._host, self._port = url.hostname, url.port
        self._path = url.path.rstrip("/") + "/v1/events"
        self._seconds = seconds
        self._headers = {"Content-Type": "application/x-ndjson", "User-Agent": "touchline-sdk"}
        if key is not None:
            self._headers["Authorization"] = f"Bearer {key}"
        self._connection: HTTPConnection | None = None

    def send(self, batch: Batch) -> Outcome:
        """Post one batch. A kept connection that turns out dead is replaced once, at once."""
        body, headers = batch.body, self._headers
        if len(body) >= GZIP_BYTES:
            packer = zlib.compressobj(1, zlib.DEFLATED, _GZIP)
            body = packer.compress(body) + packer.flush()
            headers = headers | {"Content-Encoding": "gzip"}
        if batch.lost:
            losses = ", ".join(f"{reason}={count}" for reason, count in batch.lost.items())
            headers = headers | {"Touchline-Lost": losses}
        if batch.account is not None:
            headers = headers | {"Touchline-Account": batch.account.header}
        while True:
            kept = self._connection is not None
            try:
                return self._post(body, headers, batch.lines)
            except (OSError, HTTPException) as error:
                self.close()
                if not kept or isinstance(error, TimeoutError):
                    return Retry(type(error).__name__)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def forked(self) -> None:
        """Close the child's copy of the socket; the parent's stays connected."""
        self.close()

    def _post(self, body: bytes, headers: dict[str, str], lines: Sequence[bytes]) -> Outcome:
        if self._connection is None:
            self._connection = self._open(self._host, self._port, timeout=self._seconds)
        self._connection.request("POST", self._path, body, headers)
        response = self._connection.getresponse()
        content = self._read(response)
        if response.will_close:
            self.close()
        return outcome(response.status, response.getheader("Retry-After"), content, lines)

    def _read(self, response: HTTPResponse) -> bytes:
        deadline = monotonic() + self._seconds
        content = bytearray()
        while part := response.read1(65_536):
            content += part
            if len(content) > RESPONSE_BYTES:
                raise HTTPException("the response is too long")
            if monotonic() > deadline:
                raise TimeoutError("the response takes too long")
        # Without this, a response that read1 has read to its end still holds the connection.
        response.close()
        return bytes(content)


def outcome(status: int, retry_after: str | None, content: bytes, lines: Sequence[bytes]) -> Outcome:
    """The outcome of a batch of `lines`, from the collector's response."""
    if status == 200:
        return _results(content, lines)
    if status == 413:
        return TooLarge()
    if status in (408, 429) or status >= 500:
        return Retry(f"HTTP {status}", after=_seconds(retry_after))
    return Refused(f"HTTP {status}", of_client=status in (401, 403, 404, 405))


def _seconds(retry_after: str | None) -> float | None:
    """A Retry-After in seconds; a proxy may send a date."""
    if retry_after is None:
        return None
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time())
    except ValueError:
        return None


def _results(content: bytes, lines: Sequence[bytes]) -> Outcome:
    try:
        results = orjson.loads(content)["results"]
        quarantined = [number for number, result in enumerate(results) if result["status"] == "quarantined"]
        reasons = Counter(str(results[number]["reason"])[:64] for number in quarantined)
    except (orjson.JSONDecodeError, KeyError, TypeError, IndexError):
        results = None
    if results is None or len(results) != len(lines):
        # Not a collector's response, such as a proxy's page. Event ids make the repeat harmless.
        return Retry("HTTP 200 without a result for each event")
    examples: dict[str, Example] = {}
    for number in quarantined:
        reason = str(results[number]["reason"])[:64]
        if reason not in examples:
            examples[reason] = _example(lines[number], results[number])
    rejected = [number for number, result in enumerate(results) if result["status"] == "rejected"]
    first = _example(lines[rejected[0]], results[rejected[0]]) if rejected else Example()
    why = ", ".join(filter(None, (first.type, first.field, first.message)))
    return Accepted(reasons, examples, len(rejected), why)


def _example(line: bytes, result: Mapping[str, Any]) -> Example:
    """The type and the field of a quarantined event, if they are names, and the collector's message."""
    message = result.get("message")
    loggable = isinstance(message, str) and message.isprintable()
    return Example(
        name_or_nothing(orjson.loads(line).get("type")),
        name_or_nothing(result.get("field")),
        str(message)[:MESSAGE_CHARACTERS] if loggable else "",
    )
