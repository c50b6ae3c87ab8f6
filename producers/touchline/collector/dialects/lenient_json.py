"""Reads what clients send as JSON, although it is not quite."""

import json
from typing import Any

import orjson


def lenient(raw: bytes) -> Any:
    """The value of JSON, also with what some clients write: NaN becomes null, half an emoji `?`.

    Raises:
        ValueError: it is not JSON.
        RecursionError: it is nested too deeply.
    """
    try:
        return orjson.loads(raw)
    except ValueError:
        value = json.loads(raw.decode("utf-8", "replace"), parse_constant=lambda _: None)
        return orjson.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
