"""A process whose store computes queries that cannot be interrupted goes on working, and stops in time."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import urllib3

Start = Callable[..., Any]

HEAVY = """
SELECT sum(editDistance(materialize(repeat('a', 60000)), materialize(repeat('b', 60000)))) FROM numbers(1000)
"""
"""More than an hour of one processor, in one block."""


@pytest.mark.slow
def test_heavy_queries_hold_up_nothing(start: Start, wait_for: Callable[..., Any]) -> None:
    """Clients start endless queries and leave: the page and producers are served, and SIGTERM ends it all."""
    up = start("up").ready()
    url = f"{up.server.url}/clickhouse"
    token = {"X-ClickHouse-Key": up.server.token}

    def ask(sql: str, seconds: float) -> tuple[int, str | None]:
        answer = urllib3.request("POST", url, body=sql, headers=token, timeout=seconds, retries=False)
        return answer.status, answer.headers.get("X-ClickHouse-Exception-Code")

    def is_full() -> bool:
        with suppress(urllib3.exceptions.TimeoutError):
            ask(HEAVY, 0.5)
        return ask("SELECT 1", 30) == (503, "202")

    wait_for(is_full)
    event: dict[str, Any] = {
        "id": "e-1",
        "type": "page.viewed",
        "time": "2026-11-01T10:00:00Z",
        "channel": "web",
    }
    event |= {"identifiers": {"account": "u-1"}, "source": "shop", "data": {"page": "/"}}
    assert up.post(json.dumps(event).encode())[0] == 200
    assert up.ask("GET", "/readyz").status == 200
    assert up.ask("GET", "/").status == 200
    began = time.monotonic()
    assert up.end() == 0
    assert time.monotonic() - began < 10
    assert "Traceback" not in up.said
