"""What Segment's and RudderStack's clients get back.

A JSON object with the status 200 is the only answer that all of them take for success. An error has `code`
and `message` at the top: RudderStack's client for Python repeats one that has not.
"""

from urllib.parse import unquote

import orjson

from touchline.collector.dialects.dialect import Answer, Received, Refusal
from touchline.collector.results import Result

_TIMEOUT, _UNAVAILABLE = 408, 503


def accepted(received: Received, results: list[Result]) -> Answer:
    """The answer to calls that are durable; it names those in quarantine, for people who try it by hand."""
    quarantined = [
        {"call": number, "reason": result.reason, "field": result.field, "message": result.message}
        for number, result in enumerate(results)
        if result.status in ("quarantined", "rejected")
    ]
    return Answer(orjson.dumps({"success": True} | ({"quarantined": quarantined} if quarantined else {})))


def refused(refusal: Refusal) -> Answer:
    """The answer to a request of which nothing was accepted."""
    # Most of the clients would drop the calls of a request that was too slow.
    status = _UNAVAILABLE if refusal.status == _TIMEOUT else refusal.status
    body = {"success": False, "code": refusal.code, "message": refusal.message}
    return Answer(orjson.dumps(body), status)


def settings(received: Received) -> Answer:
    """The settings that the browser library loads first: where to send, and the key to send with."""
    parts = received.path.split("/")
    host = received.headers.get("host", "")
    page = received.headers.get("origin") or received.headers.get("referer", "")
    protocol = received.headers.get("x-forwarded-proto") or page.partition("://")[0]
    if protocol not in ("http", "https"):
        protocol = "http"
    segment = {"apiKey": unquote(parts[3]), "apiHost": f"{host}/v1", "protocol": protocol}
    # Without a sample rate of 0, the library also sends metrics about itself.
    body = {"integrations": {"Segment.io": segment}, "metrics": {"sampleRate": 0}}
    return Answer(orjson.dumps(body))


def metrics_taken(received: Received) -> Answer:
    """The answer to the browser library's metrics about itself, which are not kept."""
    return Answer(b'{"success": true}')
