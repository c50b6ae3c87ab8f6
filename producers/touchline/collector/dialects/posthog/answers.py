"""Answers that PostHog's libraries understand: events are delivered, or to be sent again, or neither."""

from typing import Final

import orjson

from touchline.collector.dialects.dialect import Answer, Received, Refusal, error
from touchline.collector.results import Result

V1: Final = "/i/v1/"
"""What the paths of version 1 of the protocol begin with."""

AGAIN: Final = frozenset({408, 429})
"""Statuses after which a client should send again. posthog-js drops its events for good."""


def answer(received: Received, results: list[Result]) -> Answer:
    """Every event is durable. In version 1 a client learns of each; it drops what is in quarantine."""
    if not received.path.startswith(V1):
        return Answer(b'{"status":"Ok"}')
    told = {result.id: _outcome(result) for result in results if result.id is not None}
    return Answer(orjson.dumps({"results": told}))


def refuse(refusal: Refusal) -> Answer:
    """As elsewhere, but 503 for what should be sent again."""
    return error(refusal._replace(status=503) if refusal.status in AGAIN else refusal)


def _outcome(result: Result) -> dict[str, str]:
    if result.status in ("stored", "duplicate"):
        return {"result": "ok"}
    return {"result": "drop", "details": result.message}
