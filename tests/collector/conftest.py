"""A real collector, and events for it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.collector.served import Served, serving
from touchline.collector import Keys, Limits, Log
from touchline.log.sqlite import SqliteLog

Event = dict[str, Any]


Serve = Callable[..., Served]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """`serve(max_bytes=…, through=…, limits=…, …)` starts a collector; it ends with the test."""
    with ExitStack() as stack:

        def start(
            *,
            max_bytes: int = 64 * 1024**2,
            through: Callable[[Log], Log] = lambda log: log,
            limits: Limits | None = None,
            **options: Any,
        ) -> Served:
            log = SqliteLog(tmp_path / "log.sqlite", max_bytes=max_bytes)
            stack.callback(log.close)
            return stack.enter_context(
                serving(log, through(log), Keys(tmp_path / "keys.json"), limits=limits or Limits(), **options)
            )

        yield start


@pytest.fixture
def event() -> Callable[..., Event]:
    """`event(…)` is a valid event with a new id; keywords replace fields, None removes one."""
    count = iter(range(1_000_000))

    def make(**fields: Any) -> Event:
        good = {
            "id": f"e-{next(count)}",
            "type": "checkout.started",
            "time": "2024-03-01T10:00:00.000Z",
            "channel": "web",
            "source": "shop",
            "identifiers": {"account": "u-17", "email": " A@b.example"},
            "data": {"cart_id": "77", "value": 80.0, "currency": "EUR"},
        }
        return {name: value for name, value in (good | fields).items() if value is not None}

    return make
