"""The floor: records parsed, their events inserted, nothing else. `BOOTSTRAP TOPIC EVENTS STORE PASSWORD`."""

import sys

import msgspec
from kafka import KafkaConsumer

from benchmarks.stretch import Stretch
from touchline.engine.batch import event_columns
from touchline.store import connect_store
from touchline.store.address import Address
from touchline.vocabulary.event import Event

FLUSH = 10_000
"""Events that are inserted together, as the worker does when it is behind."""


def main(bootstrap: str, topic: str, events: int, url: str, password: str) -> None:
    """Read so many events from the beginning, and insert each."""
    decode = msgspec.json.Decoder(Event).decode_lines
    consumer = KafkaConsumer(
        topic, bootstrap_servers=bootstrap, group_id=None, auto_offset_reset="earliest", max_poll_records=100
    )
    store = connect_store(Address(url, "writer", password))
    stretch = Stretch()
    waiting: list[Event] = []
    offsets: list[int] = []
    read = number = 0
    while read < events:
        for records in consumer.poll(timeout_ms=1_000).values():
            for record in records:
                if dict(record.headers)["kind"] != b"events":
                    continue
                found = decode(record.value)
                read += len(found)
                waiting += found
                offsets += [record.offset] * len(found)
        if len(waiting) >= FLUSH or read >= events:
            number += 1
            rows = event_columns(waiting, offsets)
            rows["producer"] = ["floor"] * len(waiting)
            store.insert("events", rows, token=f"floor:{number}")
            stretch.count(len(waiting))
            waiting, offsets = [], []
    stretch.tell()
    store.close()
    consumer.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5])
