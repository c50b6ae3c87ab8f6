"""`worker`: from Kafka to the store, the default pack, one worker process; beside the floor and the peers."""

import time
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import orjson

from benchmarks.report import Report
from benchmarks.running import Distributed, Running, metric, until
from benchmarks.traffic import Traffic, demo_traffic
from touchline.collector.log import Batch
from touchline.pipeline.kafka.log import KafkaLog
from touchline.pipeline.kafka.topics import Topic, bring_about

EVENTS = 200_000
PEER_EVENTS = 50_000
FAUST_EVENTS = 10_000
SINGLE = "singles"
"""The topic of one event a record, keyed by customer, that the peers read."""

TOGETHER = 100
"""Events that a collector writes together, for one partition."""


class Leg(NamedTuple):
    """A stretch of work: events, seconds of the wall clock, and of the processor by process."""

    events: int
    wall: float
    cpu: dict[str, float]

    def figures(self) -> dict[str, Any]:
        """By event; `events_per_second` is of the first process's processor time."""
        own = next(iter(self.cpu.values()))
        others = sum(self.cpu.values()) - own
        return {
            "events": self.events,
            "events_per_second": round(self.events / own),
            "events_per_wall_second": round(self.events / self.wall),
            "cpu_us_per_event": round(own / self.events * 1e6, 2),
            "store_cpu_us_per_event": round(others / self.events * 1e6, 2),
        }


def measure(events: int = EVENTS, peer_events: int = PEER_EVENTS, faust_events: int = FAUST_EVENTS) -> Report:
    """Let each of them work off the same events from the same broker, one after the other."""
    traffic = demo_traffic(events)
    legs: dict[str, Leg] = {}
    with TemporaryDirectory() as folder, Distributed(Path(folder), partitions=1) as stack:
        _fill(stack, traffic)
        _fill_single(stack, traffic, max(peer_events, faust_events))
        legs["worker"] = _worker(stack, events)
        stored = int(_ask(stack, "SELECT uniqExact(id) FROM events"))
        frictions = int(_ask(stack, "SELECT count() FROM current_frictions"))
        legs["floor"] = _floor(stack, events)
        missing = []
        for name, most in {"faust": faust_events, "bytewax": peer_events, "quix": peer_events}.items():
            if find_spec({"quix": "quixstreams"}.get(name, name)):
                legs[name] = _peer(stack, name, min(most, events))
            else:
                missing.append(f"{name} is not installed, and not measured: uv sync --group peers")
    figures = {
        "stored": stored,
        "frictions": frictions,
        **{name: leg.figures() for name, leg in legs.items()},
    }
    notes = [
        "events_per_second is of the process's own processor time; what the store takes meanwhile is beside "
        f"it. Records hold up to {TOGETHER} events of one partition",
        "worker: stitched, folded by the default pack, stored in `touchline store`; the identity stage runs "
        "beside it. floor: the same records parsed and inserted, nothing else",
        "the peers read one event a record, keyed by customer, as is usual with them; they fold in order "
        "alone, store nothing, and are told whose each event is. faust: a Record a message, a Table of "
        "customers",
    ]
    own = 1 / legs["worker"].figures()["events_per_second"]
    ratios = {
        f"worker/{name}": round(leg.figures()["cpu_us_per_event"] / (own * 1e6), 2)
        for name, leg in legs.items()
        if name != "worker"
    }
    failed = [] if stored == events else [f"{events} events were written, {stored} are stored"]
    failed += [] if frictions else ["no friction was found"]
    return Report("worker", figures, ratios, notes + missing, failed)


def _fill(stack: Distributed, traffic: Traffic) -> None:
    log = KafkaLog(stack.broker.brokers, stack.topics)
    until(lambda: log.trouble() is None)
    now = int(time.time() * 1000)
    for start in range(0, len(traffic.lines), TOGETHER):
        log.append(Batch(traffic.lines[start : start + TOGETHER], [], now))
    log.close()


def _fill_single(stack: Distributed, traffic: Traffic, most: int) -> None:
    from kafka import KafkaProducer

    bring_about(stack.broker.brokers, [Topic(SINGLE, 1, 1, {})])
    producer = KafkaProducer(bootstrap_servers=stack.broker.bootstrap, compression_type="lz4", linger_ms=20)
    for customer, line in list(zip(traffic.customers, traffic.lines, strict=True))[:most]:
        producer.send(SINGLE, line, customer.encode(), partition=0)
    producer.flush(60)
    producer.close()


def _floor(stack: Distributed, events: int) -> Leg:
    """Parse and insert, into the same store."""
    arguments = (stack.broker.bootstrap, stack.topics.touchpoints, str(events), stack.address.url)
    before = stack.store.cpu_seconds()
    one = stack.start_other("floor", "benchmarks.floor", *arguments, stack.address.password)
    leg = _told(one)
    store = stack.store.cpu_seconds() - before
    return Leg(leg.events, leg.wall, {"floor": leg.cpu["own"], "store": store})


def _worker(stack: Distributed, events: int) -> Leg:
    stack.start("identity", "identity")
    worker = stack.start("worker", "worker", "--health", "0")
    url = worker.says(r"health at (\S+);")

    def done() -> int:
        return int(metric(url, "touchline_worker_events_total", result="stored"))

    first = until(done)
    began, cpu, store = time.monotonic(), worker.cpu_seconds(), stack.store.cpu_seconds()
    until(lambda: done() >= events, 3_600, every=0.2)
    wall = time.monotonic() - began
    own = worker.cpu_seconds() - cpu
    return Leg(events - first, wall, {"worker": own, "store": stack.store.cpu_seconds() - store})


def _peer(stack: Distributed, name: str, events: int) -> Leg:
    module = f"benchmarks.peers.{name}_kafka"
    one = stack.start_other(name, module, stack.broker.bootstrap, SINGLE, str(events))
    return _told(one)


def _told(one: Running) -> Leg:
    """What a program's stretch says at its end."""
    said = orjson.loads(one.says(r"done (\{.*\})"))
    return Leg(said["events"], said["wall"], {"own": said["cpu"]})


def _ask(stack: Distributed, sql: str) -> Any:
    store = stack.connect()
    try:
        return store.query(sql).result_rows[0][0]
    finally:
        store.close()
