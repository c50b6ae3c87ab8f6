"""`touchline collector`, as a user starts it."""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from touchline.devbroker.broker import Broker
from touchline.log.kafka.records import Topics
from touchline.sdk import Limits, Touchline

ReadTopic = Callable[[str], list[Any]]
WaitFor = Callable[..., None]

MEBIBYTE = 1024**2


def events(start: int, count: int, **data: Any) -> bytes:
    """Events as a producer sends them."""
    return b"\n".join(
        orjson.dumps(
            {
                "id": f"e-{number}",
                "type": "page.viewed",
                "time": "2026-11-21T10:00:00Z",
                "channel": "web",
                "source": "shop",
                "identifiers": {"account": f"u-{number % 50}"},
                "data": {"page": "/", **data},
            }
        )
        for number in range(start, start + count)
    )


def stored(read_topic: ReadTopic, topics: Topics) -> list[str]:
    return [
        line["id"]
        for one in read_topic(topics.touchpoints)
        if one.about.kind == "events"
        for line in one.lines
    ]


def test_what_is_answered_is_in_kafka(
    collector: Any, topics: Topics, read_topic: ReadTopic, wait_for: WaitFor
) -> None:
    """Accepted events are in their topic when the answer comes, also if the process is killed at once."""
    one = collector()
    wait_for(one.ready)
    answer = one.ask("POST", "/v1/events", body=events(0, 500) + b'\n{"no": "event"}')
    one.end(signal.SIGKILL)
    results = answer.json()["results"]
    assert answer.status == 200
    assert [result["status"] for result in results] == ["stored"] * 500 + ["quarantined"]
    assert sorted(stored(read_topic, topics)) == sorted(f"e-{number}" for number in range(500))
    [refused] = [line for record in read_topic(topics.quarantine) for line in record.lines]
    assert refused["body"] == '{"no": "event"}'
    [account] = [
        line
        for record in read_topic(topics.touchpoints)
        if record.about.kind == "accounts"
        for line in record.lines
    ]
    assert (account["events"], account["quarantined"]) == (501, 1)


def test_it_ends_in_order(collector: Any, wait_for: WaitFor) -> None:
    """A signal ends it with exit code 0 and no traceback; its metrics count what it took."""
    one = collector()
    wait_for(one.ready)
    one.ask("POST", "/v1/events", body=events(0, 3))
    assert 'touchline_events_total{producer="local",reason="",result="stored"} 3.0' in (
        one.ask("GET", "/metrics").data.decode()
    )
    assert one.ask("GET", "/").status == 404
    assert one.end() == 0
    assert "Traceback" not in one.said


def test_without_kafka_it_writes_the_log_of_the_data_folder(
    collector: Any, tmp_path: Path, wait_for: WaitFor
) -> None:
    """Events wait in the data folder, where `touchline up` finds them."""
    from touchline.log.sqlite import SqliteLog

    one = collector(TOUCHLINE_KAFKA="")
    wait_for(one.ready)
    assert one.ask("POST", "/v1/events", body=events(0, 3)).status == 200
    assert one.end() == 0
    log = SqliteLog(tmp_path / "collector-0" / "data" / "log.sqlite")
    lines = [
        line for record in log.read(0) if record.kind == "touchpoints" for line in record.body.splitlines()
    ]
    log.close()
    assert [json.loads(line)["id"] for line in lines] == ["e-0", "e-1", "e-2"]


def test_an_address_of_kafka_that_is_none_is_refused_at_the_start(collector: Any) -> None:
    """The message says how to write it; the exit code is 1."""
    with pytest.raises(AssertionError, match="write host:9092"):
        collector(TOUCHLINE_KAFKA="kafka")


@pytest.mark.slow
def test_an_outage_of_kafka_loses_nothing_and_fills_no_memory(
    kafka: Broker, collector: Any, topics: Topics, read_topic: ReadTopic, wait_for: WaitFor
) -> None:
    """The broker is killed under load: 503 with Retry-After, memory bounded; back again, all goes on.

    Every event that was answered with 200 is in the topic, and so is every event that an SDK tracked
    through the outage and says is accepted.
    """
    one = collector()
    wait_for(one.ready)
    limits = Limits(batch_seconds=0.05, retry_least=0.05, retry_most=0.5, request_seconds=20)
    client = Touchline(one.url, source="shop", limits=limits)
    client.track("page.viewed", {"account": "u-1"}, id="sdk-before", page="/")
    assert client.flush(20)
    before = one.peak_bytes

    peaks: list[int] = []
    kafka.kill()
    try:
        client.track("page.viewed", {"account": "u-1"}, id="sdk-during", page="/")
        for start in range(0, 40_000, 400):
            answer = one.ask("POST", "/v1/events", body=events(start, 400, title="x" * 2_000))
            assert (answer.status, answer.json()["error"]["code"]) == (503, "log_unavailable")
            assert int(answer.headers["Retry-After"]) >= 1
            peaks.append(one.peak_bytes)
        ready = one.ask("GET", "/readyz")
        assert (ready.status, kafka.bootstrap in ready.json()["why"]) == (503, True)
        assert one.ask("GET", "/healthz").status == 200
    finally:
        kafka.restart()
    assert peaks[-1] - before < 60 * MEBIBYTE, "80 MB came"
    assert peaks[-1] - peaks[20] < 10 * MEBIBYTE, "what was refused is not held"

    wait_for(one.ready)
    assert one.ask("POST", "/v1/events", body=events(50_000, 400)).status == 200
    assert client.close(30)
    assert (client.stats.accepted, client.stats.lost) == (2, {})
    found = stored(read_topic, topics)
    assert set(found) >= {f"e-{number}" for number in range(50_000, 50_400)} | {"sdk-before", "sdk-during"}
    # The request that was under way when the broker died was answered with 503 and may yet be there.
    assert len(set(found) - {f"e-{number}" for number in range(400)}) <= 402
    assert one.end() == 0
