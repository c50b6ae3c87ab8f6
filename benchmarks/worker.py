"""`worker`: from Kafka to the store, the default pack, one worker process; beside the floor and the peers."""

import time
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import orjson
from kafka import KafkaConsumer, TopicPartition

from benchmarks.compiled import built_wheel
from benchmarks.report import Report
from benchmarks.running import Distributed, Running, metric, until
from benchmarks.traffic import Traffic, demo_traffic
from touchline.log.contract import Batch
from touchline.log.kafka.connection import made
from touchline.log.kafka.log import KafkaLog
from touchline.log.kafka.topics import Topic, bring_about

EVENTS = 200_000
PEER_EVENTS = 50_000
FAUST_EVENTS = 10_000
SINGLE = "singles"
"""The topic of one event a record, keyed by customer, that the peers read."""

TOGETHER = 100
"""Events that a collector writes together, for one partition."""


NOTES = (
    "events_per_second is of the process's own processor time; what the store takes meanwhile is beside it. "
    f"Records hold up to {TOGETHER} events of one partition",
    "worker: stitched, folded by the default pack, stored in `touchline store`, until nothing waits, no "
    "identifier that changes hands either; the identity stage runs beside it. told: the same, where each "
    "event names its customer alone, as the peers are told. compiled: from the compiled wheel. two_workers: "
    "two, on two partitions, their processor time added. floor: the same records parsed and inserted, "
    "nothing else",
    "the peers read one event a record, keyed by customer, as is usual with them; they fold in order alone, "
    "and are told whose each event is. …_stored: they insert the events as well. faust: a Record a message, "
    "a Table of customers",
)


class Contestant(NamedTuple):
    """One of ours: what its events name, how it is built, and how many workers share them."""

    name: str
    told: bool = False
    compiled: bool = False
    workers: int = 1


CONTESTANTS = (
    Contestant("worker"),
    Contestant("compiled", compiled=True),
    Contestant("told", told=True),
    Contestant("told_compiled", told=True, compiled=True),
    Contestant("two_workers", workers=2),
)


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
    notes, failed = list(NOTES), []
    legs: dict[str, Leg] = {}
    with TemporaryDirectory() as wheel:
        missing = built_wheel(Path(wheel))
        notes += [missing] if missing else []
        for one in CONTESTANTS:
            if one.compiled and missing:
                continue
            with TemporaryDirectory() as folder, Distributed(Path(folder), one.workers) as stack:
                _fill(stack, traffic.told_lines if one.told else traffic.lines)
                legs[one.name] = _workers(stack, events, one.workers, Path(wheel) if one.compiled else None)
                failed += [f"{one.name}: {why}" for why in _wrong(stack, events)]
                if one.name == "worker":
                    legs["floor"] = _floor(stack, events)
                    legs |= _peers(stack, traffic, min(peer_events, events), min(faust_events, events), notes)
    figures = {name: leg.figures() for name, leg in legs.items()}
    took = {name: one["cpu_us_per_event"] for name, one in figures.items()}
    own = [one.name for one in CONTESTANTS if one.name in took]
    ratios = {
        f"{ours}/{name}": round(took[name] / took[ours], 2)
        for ours in own
        for name in took
        if name not in own
    }
    ratios["two_workers/worker"] = round(2 * took["worker"] / took["two_workers"], 2)
    return Report("worker", figures, ratios, notes, failed)


def _fill(stack: Distributed, lines: list[bytes]) -> None:
    log = KafkaLog(stack.broker.brokers, stack.topics)
    until(lambda: log.trouble() is None)
    now = int(time.time() * 1000)
    for start in range(0, len(lines), TOGETHER):
        log.append(Batch(lines[start : start + TOGETHER], [], now))
    log.close()


def _fill_single(stack: Distributed, traffic: Traffic, most: int) -> None:
    from kafka import KafkaProducer

    bring_about(stack.broker.brokers, [Topic(SINGLE, 1, 1, {})])
    producer = KafkaProducer(bootstrap_servers=stack.broker.bootstrap, compression_type="lz4", linger_ms=20)
    for customer, line in list(zip(traffic.customers, traffic.lines, strict=True))[:most]:
        producer.send(SINGLE, line, customer.encode(), partition=0)
    producer.flush(60)
    producer.close()


def _workers(stack: Distributed, events: int, workers: int, modules: Path | None) -> Leg:
    """So many workers, from when each has begun to when all is stored."""
    stack.start("identity", "identity")
    running = [
        stack.start(f"worker{number}", "worker", "--health", "0", modules=modules)
        for number in range(workers)
    ]
    urls = [worker.says(r"health at (\S+);") for worker in running]

    def done() -> list[int]:
        return [int(metric(url, "touchline_worker_events_total", result="stored")) for url in urls]

    def cpu() -> float:
        return sum(worker.cpu_seconds() for worker in running)

    until(lambda: all(done()))
    first, began, before, store = sum(done()), time.monotonic(), cpu(), stack.store.cpu_seconds()
    until(lambda: sum(done()) >= events, 3_600, every=0.2)
    with closing(Waiting(stack)) as waiting:
        until(lambda: not waiting.records(), 3_600, every=0.2)
    wall = time.monotonic() - began
    return Leg(events - first, wall, {"workers": cpu() - before, "store": stack.store.cpu_seconds() - store})


class Waiting:
    """Counts what waits in Kafka for the workers and for the identity stage, who tell each other more."""

    def __init__(self, stack: Distributed) -> None:
        topics = stack.topics
        self._consumers = [
            (
                topic,
                made(
                    KafkaConsumer,
                    stack.broker.brokers,
                    group_id=f"{topics.prefix}{group}",
                    enable_auto_commit=False,
                ),
            )
            for topic, group in ((topics.links, "identity"), (topics.touchpoints, "worker"))
        ]

    def records(self) -> int:
        """How many records are not worked off."""
        # Once more: what the first one waits for may have been told to the second meanwhile.
        return sum(self._behind(*one) for one in (*self._consumers, self._consumers[0]))

    def close(self) -> None:
        """Let go of Kafka."""
        for _, consumer in self._consumers:
            consumer.close(autocommit=False)

    def _behind(self, topic: str, consumer: Any) -> int:
        partitions = [TopicPartition(topic, one) for one in consumer.partitions_for_topic(topic) or ()]
        ends = consumer.end_offsets(partitions)
        return sum(end - (consumer.committed(one) or 0) for one, end in ends.items())


def _wrong(stack: Distributed, events: int) -> list[str]:
    """What is wrong with what they stored."""
    stored = int(_ask(stack, "SELECT uniqExact(id) FROM events"))
    wrong = [] if stored == events else [f"{events} events were written, {stored} are stored"]
    return wrong + (
        [] if int(_ask(stack, "SELECT count() FROM current_frictions")) else ["no friction was found"]
    )


def _floor(stack: Distributed, events: int) -> Leg:
    """Parse and insert, into the same store."""
    arguments = (stack.broker.bootstrap, stack.topics.touchpoints, str(events), stack.address.url)
    return _told(stack, stack.start_other("floor", "benchmarks.floor", *arguments, stack.address.password))


def _peers(
    stack: Distributed, traffic: Traffic, events: int, faust_events: int, notes: list[str]
) -> dict[str, Leg]:
    """Those that are installed, on their own, and with the events stored as well."""
    _fill_single(stack, traffic, max(events, faust_events))
    legs = {}
    for name, most in {"faust": faust_events, "bytewax": events, "quix": events}.items():
        if not find_spec({"quix": "quixstreams"}.get(name, name)):
            notes.append(f"{name} is not installed, and not measured: uv sync --group peers")
            continue
        module, arguments = f"benchmarks.peers.{name}_kafka", (stack.broker.bootstrap, SINGLE, str(most))
        legs[name] = _told(stack, stack.start_other(name, module, *arguments))
        if name != "faust":
            storing = (stack.address.url, stack.address.password)
            one = stack.start_other(f"{name}_stored", module, *arguments, *storing)
            legs[f"{name}_stored"] = _told(stack, one)
    return legs


def _told(stack: Distributed, one: Running) -> Leg:
    """What a program's stretch says at its end."""
    before = stack.store.cpu_seconds()
    said = orjson.loads(one.says(r"done (\{.*\})"))
    store = stack.store.cpu_seconds() - before
    return Leg(said["events"], said["wall"], {"own": said["cpu"], "store": store})


def _ask(stack: Distributed, sql: str) -> Any:
    store = stack.connect()
    try:
        return store.query(sql).result_rows[0][0]
    finally:
        store.close()
