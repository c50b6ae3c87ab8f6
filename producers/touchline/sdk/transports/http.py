"""Events posted to a collector: `POST /v1/events`, NDJSON, gzip, one kept connection."""

import zlib
from collections import Counter
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from time import monotonic
from urllib.parse import SplitResult

import orjson

from touchline.sdk.transport import Accepted, Batch, Outcome, Refused, Retry, TooLarge

GZIP_BYTES = 1024
"""Shorter bodies go as they are."""

ANSWER_BYTES = 1024 * 1024
"""The longest answer that is read."""

_GZIP = 16 + zlib.MAX_WBITS


class Http:
    """Posts batches to the collector at a URL.

    Raises:
        ValueError: the URL names no host, or the key cannot stand in a header.
    """

    def __init__(self, url: SplitResult, key: str | None, seconds: float) -> None:
        if not url.hostname:
            raise ValueError("the collector's URL names no host: write it as http://host:8080")
        if key is not None and not (key.isascii() and key.isprintable()):
            raise ValueError("the key holds characters that cannot stand in a header: copy it again")
        self._open = HTTPSConnection if url.scheme == "https" else HTTPConnection
        self._host, self._port = url.hostname, url.port
        self._path = url.path.rstrip("/") + "/v1/events"
        self._seconds = seconds
        self._headers = {"Content-Type": "application/x-ndjson", "User-Agent": "touchline-sdk"}
        if key is not None:
            self._headers["Authorization"] = f"Bearer {key}"
        self._connection: HTTPConnection | None = None

    def send(self, batch: Batch) -> Outcome:
        """Post one batch; a kept connection that proves dead is replaced once, at once."""
        body, headers = batch.body, self._headers
        if len(body) >= GZIP_BYTES:
            packer = zlib.compressobj(1, zlib.DEFLATED, _GZIP)
            body = packer.compress(body) + packer.flush()
            headers = headers | {"Content-Encoding": "gzip"}
        if batch.lost:
            told = ", ".join(f"{reason}={count}" for reason, count in batch.lost.items())
            headers = headers | {"Touchline-Lost": told}
        if batch.account is not None:
            headers = headers | {"Touchline-Account": batch.account.header}
        while True:
            kept = self._connection is not None
            try:
                return self._post(body, headers, len(batch.lines))
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

    def _post(self, body: bytes, headers: dict[str, str], events: int) -> Outcome:
        if self._connection is None:
            self._connection = self._open(self._host, self._port, timeout=self._seconds)
        self._connection.request("POST", self._path, body, headers)
        response = self._connection.getresponse()
        answer = self._read(response)
        if response.will_close:
            self.close()
        return outcome(response.status, response.getheader("Retry-After"), answer, events)

    def _read(self, response: HTTPResponse) -> bytes:
        deadline = monotonic() + self._seconds
        answer = bytearray()
        while part := response.read1(65_536):
            answer += part
            if len(answer) > ANSWER_BYTES:
                raise HTTPException("the answer is too long")
            if monotonic() > deadline:
                raise TimeoutError("the answer takes too long")
        # Without this, an answer that was read to its end by read1 still holds the connection.
        response.close()
        return bytes(answer)


def outcome(status: int, retry_after: str | None, answer: bytes, events: int) -> Outcome:
    """What a collector's answer to a batch of so many events means."""
    if status == 200:
        return _results(answer, events)
    if status == 413:
        return TooLarge()
    if status in (408, 429) or status >= 500:
        asked = retry_after is not None and retry_after.isascii() and retry_after.isdigit()
        return Retry(f"HTTP {status}", after=float(retry_after or 0) if asked else None)
    return Refused(f"HTTP {status}")


def _results(answer: bytes, events: int) -> Outcome:
    try:
        results = orjson.loads(answer)["results"]
        quarantined = Counter(
            str(result["reason"])[:64] for result in results if result["status"] == "quarantined"
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, IndexError):
        results = None
    if results is None or len(results) != events:
        # Something that is no collector answered, such as a proxy's page. Ids make the repeat harmless.
        return Retry("HTTP 200 without a result for each event")
    return Accepted(quarantined)
