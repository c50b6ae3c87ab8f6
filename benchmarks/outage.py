"""`outage`: Kafka down under load: the collector's memory, losses, and whether accepted events survive."""

import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from typing import Any, Final
from uuid import uuid4

import orjson
import urllib3

from benchmarks.support.processes import Program, wait_for
from benchmarks.support.report import Report
from touchline.devbroker.broker import Broker
from touchline.log.kafka.records import Topics
from touchline.log.kafka.topics import ensure_topics, required_topics
from touchline.sdk import Limits, Touchline

REQUEST_EVENTS: Final = 100
_AROUND_SECONDS: Final = 10.0
_LIMIT_SECONDS: Final = 120.0
_QUIET_POLLS: Final = 10
_TITLE: Final = "x" * 120


class _Poster(threading.Thread):
    """Posts events at a steady rate, whatever the answer, and records which were accepted."""

    def __init__(self, url: str, rate: int) -> None:
        super().__init__(daemon=True)
        self._url, self._rate = f"{url}/v1/events", rate
        self._ending = threading.Event()
        self.accepted: set[str] = set()
        self.offered = self.refused = 0
        self.refusal_seconds: list[float] = []
        self.unexpected: list[str] = []

    def run(self) -> None:
        pool = urllib3.PoolManager()
        due = time.monotonic()
        while not self._ending.is_set():
            ids = [uuid4().hex for _ in range(REQUEST_EVENTS)]
            began = time.monotonic()
            answer = pool.request("POST", self._url, body=_body(ids), timeout=60, retries=False)
            self.offered += len(ids)
            if answer.status == 200:
                results = answer.json()["results"]
                self.accepted.update(result["id"] for result in results if result["status"] == "stored")
                self.unexpected += [
                    str(result["reason"]) for result in results if result["status"] != "stored"
                ]
            elif answer.status == 503 and answer.headers.get("Retry-After"):
                self.refused += 1
                self.refusal_seconds.append(time.monotonic() - began)
            else:
                self.unexpected.append(f"{answer.status}: {answer.data[:200]!r}")
            due = max(due + REQUEST_EVENTS / self._rate, time.monotonic() - 1)
            self._ending.wait(max(0.0, due - time.monotonic()))

    def end(self) -> None:
        self._ending.set()
        self.join(_LIMIT_SECONDS)


class _Tracker(threading.Thread):
    """Tracks events at a steady rate with an SDK that keeps what it cannot send."""

    def __init__(self, url: str, rate: int) -> None:
        super().__init__(daemon=True)
        self.client = Touchline(url, source="shop", limits=Limits(retry_most=5, retry_seconds=3_600))
        self._rate, self._ending = rate, threading.Event()
        self.ids: list[str] = []

    def run(self) -> None:
        while not self._ending.wait(0.1):
            for _ in range(self._rate // 10):
                self.ids.append(uuid4().hex)
                self.client.track(
                    "page.viewed",
                    {"account": f"u-{self.ids[-1][:3]}"},
                    id=self.ids[-1],
                    page="/",
                    title=_TITLE,
                )

    def end(self) -> None:
        self._ending.set()
        self.join(_LIMIT_SECONDS)
        self.client.close(_LIMIT_SECONDS)


def measure(seconds: int = 300, rate: int = 2_000) -> Report:
    """Send events before, during and after an outage of Kafka.

    Args:
        seconds: How long the broker is down.
        rate: Posted events per second; each of two SDKs, over HTTP and to Kafka, tracks a tenth of it.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        broker = Broker(folder / "kafka")
        broker.start()
        try:
            return _outage(folder, broker, seconds, rate)
        finally:
            broker.stop()


def _outage(folder: Path, broker: Broker, seconds: int, rate: int) -> Report:
    topics = Topics()
    ensure_topics(
        broker.brokers, required_topics(topics, partitions=6, replication=1, retention_ms=86_400_000)
    )
    arguments = ["touchline.cli", "collector", "--port", "0", "--data", str(folder / "data")]
    collector = Program(arguments, folder, "collector", {"TOUCHLINE_KAFKA": broker.bootstrap})
    try:
        url = collector.wait_for_output(r"is up: (\S+)")
        wait_for(lambda: _ready(url), _LIMIT_SECONDS)
        idle = collector.resident_bytes()
        poster = _Poster(url, rate)
        trackers = {
            "sdk_http": _Tracker(url, rate // 10),
            "sdk_kafka": _Tracker(f"kafka://{broker.bootstrap}", rate // 10),
        }
        load: list[_Poster | _Tracker] = [poster, *trackers.values()]
        for sender in load:
            sender.start()
        under_load = _peak(collector, _AROUND_SECONDS)
        before = len(poster.accepted)
        broker.kill()
        away = _peak(collector, seconds)
        broker.restart()
        back = time.monotonic()
        wait_for(lambda: _ready(url), _LIMIT_SECONDS)
        ready_after = time.monotonic() - back
        after = _peak(collector, _AROUND_SECONDS)
        for sender in load:
            sender.end()
        arrived = _arrived(broker, topics)
    finally:
        collector.stop()
    missing = poster.accepted - arrived
    figures: dict[str, Any] = {
        "seconds_away": seconds,
        "offered_events": poster.offered,
        "accepted_events": len(poster.accepted),
        "accepted_before": before,
        "refused_requests": poster.refused,
        "refusal_ms_p50": _percentile(poster.refusal_seconds, 50),
        "refusal_ms_p99": _percentile(poster.refusal_seconds, 99),
        "ready_seconds_after_return": round(ready_after, 2),
        "collector_mb_idle": idle >> 20,
        "collector_mb_under_load": under_load >> 20,
        "collector_mb_peak_away": away >> 20,
        "collector_mb_after": after >> 20,
        "accepted_and_missing": len(missing),
    }
    for name, tracker in trackers.items():
        stats = tracker.client.stats
        figures[name] = {
            "emitted": stats.emitted,
            "accepted": stats.accepted,
            "arrived": len(arrived.intersection(tracker.ids)),
            "queue_full": stats.lost.get("queue_full", 0),
            "undelivered": stats.lost.get("undelivered", 0),
        }
    failed = [f"{len(missing)} accepted events are not in Kafka"] if missing else []
    failed += [
        f"{name}: {figures[name]['accepted']} accepted, {figures[name]['arrived']} arrived"
        for name in trackers
        if figures[name]["arrived"] < figures[name]["accepted"]
    ]
    failed += [f"neither stored nor 503: {answer}" for answer in poster.unexpected[:3]]
    return Report("outage", figures, {"peak_away/under_load": round(away / under_load, 2)}, failed=failed)


def _ready(url: str) -> bool:
    return urllib3.request("GET", f"{url}/readyz", timeout=20, retries=False).status == 200


def _peak(program: Program, seconds: float) -> int:
    """The most resident memory of a program during the next `seconds`, in bytes."""
    end = time.monotonic() + seconds
    most = 0
    while time.monotonic() < end:
        most = max(most, program.resident_bytes())
        time.sleep(0.1)
    return most


def _arrived(broker: Broker, topics: Topics) -> set[str]:
    """The ids of all events in the topic of touchpoints, once no more arrive."""
    from kafka import KafkaConsumer

    consumer = KafkaConsumer(
        topics.touchpoints, bootstrap_servers=broker.bootstrap, group_id=None, auto_offset_reset="earliest"
    )
    arrived: set[str] = set()
    quiet = 0
    while quiet < _QUIET_POLLS:
        records = [record for records in consumer.poll(timeout_ms=500).values() for record in records]
        quiet = 0 if records else quiet + 1
        for record in records:
            if dict(record.headers)["kind"] == b"events":
                arrived.update(orjson.loads(line)["id"] for line in record.value.splitlines())
    consumer.close()
    return arrived


def _body(ids: list[str]) -> bytes:
    return b"\n".join(
        orjson.dumps(
            {
                "id": event_id,
                "type": "page.viewed",
                "time": datetime.now(UTC).isoformat(),
                "channel": "web",
                "source": "shop",
                "identifiers": {"account": f"u-{event_id[:3]}"},
                "data": {"page": "/", "title": _TITLE},
            }
        )
        for event_id in ids
    )


def _percentile(seconds: list[float], percent: int) -> float:
    return round(quantiles(seconds, n=100)[percent - 1] * 1000, 1) if len(seconds) > 1 else 0.0
