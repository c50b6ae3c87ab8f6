"""The pack as a Bytewax dataflow that reads Kafka, one worker.

Arguments: `BOOTSTRAP TOPIC EVENTS [STORE PASSWORD]`.
"""

import sys
from typing import Any

import bytewax.operators as op
import orjson
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, run_main
from confluent_kafka import OFFSET_BEGINNING

from benchmarks.peers.bytewax_step import Customer
from benchmarks.peers.event_writer import EventWriter
from benchmarks.support.meter import Meter

BATCH = 1_000


def main(bootstrap: str, topic: str, events: int, url: str = "", password: str = "") -> None:
    """Fold the first `events` events of the topic; also insert them, if a store is given."""
    meter = Meter()
    writer = EventWriter(url, password, "bytewax")
    remaining = iter(range(events, 0, -1))

    def read(message: Any) -> tuple[str, dict[str, Any]] | None:
        if not next(remaining, 0):
            return None
        meter.count()
        event = orjson.loads(message.value)
        writer.add(event)
        return message.key.decode(), event

    found: list[Any] = []
    flow = Dataflow("touchline")
    source = KafkaSource([bootstrap], [topic], tail=False, starting_offset=OFFSET_BEGINNING, batch_size=BATCH)
    keyed = op.filter_map("read", op.input("events", flow, source), read)
    frictions = op.stateful_batch("frictions", keyed, lambda state: Customer(state, 0))
    op.output("found", frictions, TestingSink(found))
    run_main(flow)
    writer.insert()
    meter.print_result()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), *sys.argv[4:])
