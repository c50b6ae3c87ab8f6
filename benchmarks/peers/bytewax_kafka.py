"""The pack as a Bytewax dataflow that reads Kafka; one worker. `BOOTSTRAP TOPIC EVENTS [STORE PASSWORD]`."""

import sys
from typing import Any

import bytewax.operators as op
import orjson
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.testing import TestingSink, run_main
from confluent_kafka import OFFSET_BEGINNING

from benchmarks.peers.bytewax_step import Customer
from benchmarks.peers.storing import Storing
from benchmarks.stretch import Stretch

BATCH = 1_000


def main(bootstrap: str, topic: str, events: int, url: str = "", password: str = "") -> None:
    """Fold the topic to its end, or so many events of it; and store them, if there is a store."""
    stretch = Stretch()
    storing = Storing(url, password, "bytewax")
    left = iter(range(events, 0, -1))

    def read(message: Any) -> tuple[str, dict[str, Any]] | None:
        if not next(left, 0):
            return None
        stretch.count()
        event = orjson.loads(message.value)
        storing.add(event)
        return message.key.decode(), event

    found: list[Any] = []
    flow = Dataflow("touchline")
    source = KafkaSource([bootstrap], [topic], tail=False, starting_offset=OFFSET_BEGINNING, batch_size=BATCH)
    keyed = op.filter_map("read", op.input("events", flow, source), read)
    told = op.stateful_batch("frictions", keyed, lambda state: Customer(state, 0))
    op.output("found", told, TestingSink(found))
    run_main(flow)
    storing.insert()
    stretch.tell()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), *sys.argv[4:])
