"""The floor: reads the worker's records, decodes and inserts their events, and does nothing else.

Arguments: `BOOTSTRAP TOPIC EVENTS STORE PASSWORD`.
"""

import sys

import msgspec
from kafka import KafkaConsumer

from benchmarks.support.meter import Meter
from touchline.engine.batch import event_columns
from touchline.store import connect_store
from touchline.store.address import Address
from touchline.vocabulary.event import Event

FLUSH = 10_000
"""Events per insert, as a worker with a backlog writes them; a quarter of all events if that is less."""


def main(bootstrap: str, topic: str, events: int, url: str, password: str) -> None:
    """Insert the first `events` events of the topic."""
    decode = msgspec.json.Decoder(Event).decode_lines
    consumer = KafkaConsumer(
        topic, bootstrap_servers=bootstrap, group_id=None, auto_offset_reset="earliest", max_poll_records=100
    )
    store = connect_store(Address(url, "writer", password))
    meter = Meter()
    batch: list[Event] = []
    most = min(FLUSH, events // 4)
    offsets: list[int] = []
    read = number = 0
    while read < events:
        for records in consumer.poll(timeout_ms=1_000).values():
            for record in records:
                if dict(record.headers)["kind"] != b"events":
                    continue
                decoded = decode(record.value)
                read += len(decoded)
                batch += decoded
                offsets += [record.offset] * len(decoded)
        if len(batch) >= most or read >= events:
            number += 1
            rows = event_columns(batch, offsets)
            rows["producer"] = ["floor"] * len(batch)
            store.insert("events", rows, token=f"floor:{number}")
            meter.count(len(batch))
            batch, offsets = [], []
    meter.print_result()
    store.close()
    consumer.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5])
