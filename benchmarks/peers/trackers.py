"""One analytics library tracks events; prints what a call and an event cost, as one JSON line.

`python -m benchmarks.peers.trackers NAME URL FOLDER EVENTS`
"""

import json
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

BURST = 200
"""Events in a row, before the sending thread gets time, as between two requests of a web application."""

PAUSE_SECONDS = 0.01

Track = Callable[[int], object]

PROPERTIES: dict[str, Any] = {"cart_id": "77", "value": 80.0, "currency": "EUR", "items": 3}


def touchline(url: str, folder: str) -> tuple[Track, Callable[[], object]]:
    """The SDK as it is without options."""
    from touchline.sdk import Touchline

    tl = Touchline(url, key="k", source="shop")
    identifiers = {"account": "u-17", "device": "c0ffee"}
    return lambda number: tl.track("checkout.started", identifiers, **PROPERTIES), lambda: _all_sent(tl)


def touchline_full(url: str, folder: str) -> tuple[Track, Callable[[], object]]:
    """The SDK with a spool, a bound customer and a bound context."""
    from touchline.sdk import Touchline

    tl = Touchline(url, key="k", source="shop", spool=folder)
    tl.bind({"account": "u-17", "device": "c0ffee"}, context={"path": "/checkout", "request_id": "r-1"})
    return lambda number: tl.track("checkout.started", **PROPERTIES), lambda: _all_sent(tl)


def touchline_outage(url: str, folder: str) -> tuple[Track, Callable[[], object]]:
    """The SDK with a spool while nothing listens at the URL: every event goes to disk."""
    from touchline.sdk import Touchline

    tl = Touchline("http://127.0.0.1:9", key="k", source="shop", spool=folder)
    identifiers = {"account": "u-17", "device": "c0ffee"}

    return lambda number: tl.track("checkout.started", identifiers, **PROPERTIES), lambda: _all_kept(tl)


def segment(url: str, folder: str) -> tuple[Track, Callable[[], object]]:
    """The library segment-analytics-python with its defaults."""
    from segment.analytics.client import Client

    client = Client("k", host=url)
    return lambda number: client.track("u-17", "checkout.started", PROPERTIES), client.shutdown


def posthog(url: str, folder: str) -> tuple[Track, Callable[[], object]]:
    """The library posthog with its defaults."""
    from posthog import Posthog

    client = Posthog("k", host=url)
    return (
        lambda number: client.capture("checkout.started", distinct_id="u-17", properties=PROPERTIES),
        client.shutdown,
    )


def _all_sent(tl: Any) -> None:
    if not tl.flush(60) or tl.stats.accepted != tl.stats.emitted:
        raise RuntimeError(f"not every event was sent: {tl.stats}")


def _all_kept(tl: Any) -> None:
    if not tl.flush(60) or tl.stats.spooled != tl.stats.emitted:
        raise RuntimeError(f"not every event is on disk: {tl.stats}")


CONTESTANTS = {
    "touchline": touchline,
    "touchline_full": touchline_full,
    "touchline_outage": touchline_outage,
    "segment": segment,
    "posthog": posthog,
}


def main(name: str, url: str, folder: str, events: int) -> None:
    """Track events in bursts, or as fast as possible in an outage, and print the costs."""
    track, end = CONTESTANTS[name](url, folder)
    pause = 0.0 if name == "touchline_outage" else PAUSE_SECONDS
    clock = time.perf_counter_ns
    calls: list[int] = []
    for number in range(BURST):
        track(number)
    time.sleep(1)
    began, cpu = time.perf_counter(), time.process_time()
    for number in range(events):
        before = clock()
        track(number)
        calls.append(clock() - before)
        if pause and number % BURST == 0:
            time.sleep(pause)
    end()
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    result = {
        "call_p50_us": median(calls) / 1_000,
        "cpu_us_per_event": cpu / events * 1e6,
        "events_per_second": events / wall,
    }
    sys.stdout.write(f"\n{json.dumps(result)}\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
