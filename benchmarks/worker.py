"""`worker`: from Kafka to the store with the default pack, one worker process, compared with the peers."""

import time
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import orjson
from kafka import KafkaConsumer, TopicPartition

from benchmarks.peers.in_process import not_installed
from benchmarks.support.compiled_wheel import build_wheel
from benchmarks.support.processes import Distributed, Program, metric, wait_for
from benchmarks.support.report import Report
from benchmarks.support.traffic import Traffic, demo_traffic
from touchline.log.contract import Batch
from touchline.log.kafka.clients import make_client
from touchline.log.kafka.log import KafkaLog
from touchline.log.kafka.topics import Topic, ensure_topics

EVENTS = 200_000
PEER_EVENTS = 50_000
FAUST_EVENTS = 10_000
SINGLE = "singles"
"""The topic that the peers read: one event per record, keyed by customer."""

REQUEST_EVENTS = 100
"""Events that a collector writes together, for one partition."""

NOTES = (
    "events_per_second is per second of the process's own processor time; the store's is reported apart. "
    f"Records hold up to {REQUEST_EVENTS} events of one partition",
    "worker: stitched, folded by the default pack and stored in `touchline store`, until no record waits for "
    "the workers or for the identity stage, which runs beside them. told: each event's only identifier is "
    "its customer, as with the peers. compiled: from the compiled wheel. two_workers: two workers on two "
    "partitions, their processor time added. floor: the same records decoded and inserted, nothing else",
    "the peers read one event per record, keyed by customer; they fold in order and decide no identity. "
    "…_stored: they insert the events as well. faust: a Record per message, a Table of customers",
)


class Variant(NamedTuple):
    """How Touchline runs: with each event's customer as its only identifier, compiled, with more workers."""

    name: str
    by_customer: bool = False
    compiled: bool = False
    workers: int = 1


VARIANTS = (
    Variant("worker"),
    Variant("compiled", compiled=True),
    Variant("told", by_customer=True),
    Variant("told_compiled", by_customer=True, compiled=True),
    Variant("two_workers", workers=2),
)


class Measured(NamedTuple):
    """Processed events, with wall-clock seconds and processor seconds by process."""

    events: int
    wall: float
    cpu: dict[str, float]

    def figures(self) -> dict[str, Any]:
        """Rates and costs per event; `events_per_second` is per processor second of the first process."""
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
    """Process the same events with each variant and each peer, one after the other."""
    traffic = demo_traffic(events)
    notes, failed = list(NOTES), []
    measured: dict[str, Measured] = {}
    with TemporaryDirectory() as wheel:
        missing = build_wheel(Path(wheel))
        notes += [missing] if missing else []
        for variant in VARIANTS:
            if variant.compiled and missing:
                continue
            with TemporaryDirectory() as folder, Distributed(Path(folder), variant.workers) as stack:
                _fill(stack, traffic.lines_by_customer if variant.by_customer else traffic.lines)
                modules = Path(wheel) if variant.compiled else None
                measured[variant.name] = _workers(stack, events, variant.workers, modules)
                failed += [f"{variant.name}: {error}" for error in _errors(stack, events)]
                if variant.name == "worker":
                    measured["floor"] = _floor(stack, events)
                    measured |= _peers(
                        stack, traffic, min(peer_events, events), min(faust_events, events), notes
                    )
    figures = {name: result.figures() for name, result in measured.items()}
    cost = {name: row["cpu_us_per_event"] for name, row in figures.items()}
    own = [variant.name for variant in VARIANTS if variant.name in cost]
    ratios = {
        f"{ours}/{name}": round(cost[name] / cost[ours], 2)
        for ours in own
        for name in cost
        if name not in own
    }
    ratios["two_workers/worker"] = round(2 * cost["worker"] / cost["two_workers"], 2)
    return Report("worker", figures, ratios, notes, failed)


def _fill(stack: Distributed, lines: list[bytes]) -> None:
    log = KafkaLog(stack.broker.brokers, stack.topics)
    wait_for(lambda: log.health_error() is None)
    now = int(time.time() * 1000)
    for start in range(0, len(lines), REQUEST_EVENTS):
        log.append(Batch(lines[start : start + REQUEST_EVENTS], [], now))
    log.close()


def _fill_single(stack: Distributed, traffic: Traffic, most: int) -> None:
    from kafka import KafkaProducer

    ensure_topics(stack.broker.brokers, [Topic(SINGLE, 1, 1, {})])
    producer = KafkaProducer(bootstrap_servers=stack.broker.bootstrap, compression_type="lz4", linger_ms=20)
    for customer, line in list(zip(traffic.customers, traffic.lines, strict=True))[:most]:
        producer.send(SINGLE, line, customer.encode(), partition=0)
    producer.flush(60)
    producer.close()


def _workers(stack: Distributed, events: int, workers: int, modules: Path | None) -> Measured:
    """Run workers, and measure from when each has stored events until every event is stored."""
    stack.start("identity", "identity")
    running = [
        stack.start(f"worker{number}", "worker", "--health", "0", modules=modules)
        for number in range(workers)
    ]
    urls = [worker.wait_for_output(r"health at (\S+);") for worker in running]

    def stored() -> list[int]:
        return [int(metric(url, "touchline_worker_events_total", result="stored")) for url in urls]

    def cpu() -> float:
        return sum(worker.cpu_seconds() for worker in running)

    wait_for(lambda: all(stored()))
    first, began, cpu_before, store_before = sum(stored()), time.monotonic(), cpu(), stack.store.cpu_seconds()
    if first >= events:
        raise RuntimeError(f"{events} events are too few: all were stored before the first measurement")
    wait_for(lambda: sum(stored()) >= events, 3_600, every=0.2)
    with closing(Backlog(stack)) as backlog:
        wait_for(lambda: not backlog.records(), 3_600, every=0.2)
    wall = time.monotonic() - began
    return Measured(
        events - first,
        wall,
        {"workers": cpu() - cpu_before, "store": stack.store.cpu_seconds() - store_before},
    )


class Backlog:
    """Counts the records that wait in Kafka for the workers and for the identity stage."""

    def __init__(self, stack: Distributed) -> None:
        topics = stack.topics
        self._consumers = [
            (
                topic,
                make_client(
                    KafkaConsumer,
                    stack.broker.brokers,
                    group_id=f"{topics.prefix}{group}",
                    enable_auto_commit=False,
                ),
            )
            for topic, group in ((topics.links, "identity"), (topics.touchpoints, "worker"))
        ]

    def records(self) -> int:
        """How many records are not processed."""
        # Links are counted twice: workers may have written more while their own records were counted.
        return sum(self._behind(*consumer) for consumer in (*self._consumers, self._consumers[0]))

    def close(self) -> None:
        """Close the consumers."""
        for _, consumer in self._consumers:
            consumer.close(autocommit=False)

    def _behind(self, topic: str, consumer: Any) -> int:
        partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
        ends = consumer.end_offsets(partitions)
        return sum(end - (consumer.committed(partition) or 0) for partition, end in ends.items())


def _errors(stack: Distributed, events: int) -> list[str]:
    """What is wrong with the stored rows."""
    stored, frictions = (
        int(_query(stack, sql))
        for sql in ("SELECT uniqExact(id) FROM events", "SELECT count() FROM current_frictions")
    )
    errors = [] if stored == events else [f"{events} events were written, {stored} are stored"]
    return errors if frictions else [*errors, "no friction was found"]


def _floor(stack: Distributed, events: int) -> Measured:
    """Decode and insert the same records, into the same store."""
    arguments = (stack.broker.bootstrap, stack.topics.touchpoints, str(events), stack.address.url)
    module = "benchmarks.peers.floor_kafka"
    return _result(stack, stack.start_module("floor", module, *arguments, stack.address.password))


def _peers(
    stack: Distributed, traffic: Traffic, events: int, faust_events: int, notes: list[str]
) -> dict[str, Measured]:
    """Run the installed peers, without and with the events inserted as well."""
    _fill_single(stack, traffic, max(events, faust_events))
    measured = {}
    for name, most in {"faust": faust_events, "bytewax": events, "quix": events}.items():
        if not find_spec({"quix": "quixstreams"}.get(name, name)):
            notes.append(not_installed(name))
            continue
        module, arguments = f"benchmarks.peers.{name}_kafka", (stack.broker.bootstrap, SINGLE, str(most))
        measured[name] = _result(stack, stack.start_module(name, module, *arguments))
        if name != "faust":
            store = (stack.address.url, stack.address.password)
            program = stack.start_module(f"{name}_stored", module, *arguments, *store)
            measured[f"{name}_stored"] = _result(stack, program)
    return measured


def _result(stack: Distributed, program: Program) -> Measured:
    """What a program's meter printed at its end."""
    before = stack.store.cpu_seconds()
    result = orjson.loads(program.wait_for_output(r"done (\{.*\})"))
    store = stack.store.cpu_seconds() - before
    return Measured(result["events"], result["wall"], {"own": result["cpu"], "store": store})


def _query(stack: Distributed, sql: str) -> Any:
    store = stack.connect()
    try:
        return store.query(sql).result_rows[0][0]
    finally:
        store.close()
