"""Responses, in the encoding of the request."""

from collections import Counter
from typing import Final

import orjson

from touchline.collector.dialects.dialect import Answer, Received, Refusal
from touchline.collector.dialects.otlp.protobuf import MEDIA_TYPE, is_protobuf, partial_success, rpc_status
from touchline.collector.results import Result

CODES: Final = {400: 3, 401: 16, 403: 7, 404: 5, 405: 12, 408: 4, 413: 8, 415: 3, 429: 8, 431: 8, 503: 14}
"""HTTP status → code of google.rpc.Status."""

_UNKNOWN: Final = 2
_REASONS_TOLD: Final = 3


def answer(received: Received, given: list[Result]) -> Answer:
    """200, with the number of records that are not stored and the most frequent reasons, if there are any.

    An exporter sends none of them again: it logs the message.
    """
    refused = Counter(
        f"{result.status}: {result.message}"
        for result in given
        if result.status in ("rejected", "quarantined")
    )
    message = "; ".join(f"{number} {why}" for why, number in refused.most_common(_REASONS_TOLD))
    if not is_protobuf(received.headers):
        partial = {"rejectedLogRecords": str(refused.total()), "errorMessage": message}
        return Answer(orjson.dumps({"partialSuccess": partial} if refused else {}))
    if not refused:
        return Answer(b"", media_type=MEDIA_TYPE)
    return Answer(partial_success(refused.total(), message), media_type=MEDIA_TYPE)


def refuse(refusal: Refusal) -> Answer:
    """A google.rpc.Status. A request that came too slowly gets 503: exporters repeat no 408."""
    status = 503 if refusal.status == 408 else refusal.status
    code = CODES.get(refusal.status, _UNKNOWN)
    if is_protobuf(refusal.headers):
        return Answer(rpc_status(code, refusal.message), status, MEDIA_TYPE)
    return Answer(orjson.dumps({"code": code, "message": refusal.message}), status)
