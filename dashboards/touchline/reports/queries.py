"""How reports query a store: SQL with parameters as text, as in ClickHouse's HTTP protocol."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Ask = Callable[[str, Mapping[str, str]], Sequence[Sequence[Any]]]
"""Runs a query: SQL and its parameters as text → the rows."""


def span_parameters(since: int, until: int) -> dict[str, str]:
    """The parameters `since` and `until` of a span (ms)."""
    return {"since": seconds(since), "until": seconds(until)}


def seconds(ms: int) -> str:
    """A time (ms) as a parameter: seconds since 1970."""
    return f"{ms // 1000}.{ms % 1000:03}"


def json_parameter(values: Sequence[object]) -> str:
    """A list as a parameter: JSON, in which the engine's own escapes are none."""
    return json.dumps(values, ensure_ascii=False).replace("\\", "\\\\")
