"""Starts an identity stage on a filled store, and decides new links: its own process, for its own memory.

Arguments: `STORE PASSWORD CUSTOMERS LINKS`.
"""

import json
import os
import random
import sys
import time
from collections.abc import Sequence

from benchmarks.support.fill_store import account
from benchmarks.support.processes import memory_bytes
from touchline.engine.identity_stage import IdentityStage
from touchline.engine.memory import MemoryRecord
from touchline.engine.messages import Message, encoded
from touchline.store import connect_store
from touchline.store.address import Address

LINKS_PER_RECORD = 100
RECORDS_PER_FLUSH = 10
SEED = 1


class _Discard:
    """Takes the place of Kafka: counts the messages and sends none."""

    def __init__(self) -> None:
        self.messages = 0

    def send(self, messages: Sequence[Message]) -> None:
        self.messages += len(messages)


def main(url: str, password: str, customers: int, links: int) -> None:
    """Link a new device to the account of a customer, chosen at random, `links` times."""
    records = _records(customers, links)
    with connect_store(Address(url, "writer", password)) as store:
        sender = _Discard()
        began = time.monotonic()
        stage = IdentityStage(store, lambda entity: 0, 1, sender, "benchmark")
        start_seconds = time.monotonic() - began
        start_bytes = memory_bytes(os.getpid(), "VmRSS")
        began, cpu = time.monotonic(), time.process_time()
        decided = moves = 0
        for start in range(0, len(records), RECORDS_PER_FLUSH):
            flush = records[start : start + RECORDS_PER_FLUSH]
            processed = stage.flush(flush, flush[-1].received_at, at_end=True)
            decided += processed.links
            moves += processed.moves
        result = {
            "links": decided,
            "moves": moves,
            "messages": sender.messages,
            "wall": time.monotonic() - began,
            "cpu": time.process_time() - cpu,
            "start_seconds": start_seconds,
            "start_bytes": start_bytes,
            "peak_bytes": memory_bytes(os.getpid(), "VmHWM"),
        }
    sys.stdout.write(f"done {json.dumps(result)}\n")
    sys.stdout.flush()


def _records(customers: int, links: int) -> list[MemoryRecord]:
    chance = random.Random(SEED)  # noqa: S311 - a simulation
    lines = encoded((account(chance.randrange(customers)), f"device:new-{number}") for number in range(links))
    now = int(time.time() * 1000)
    return [
        MemoryRecord(number, "links", now + number, b"\n".join(lines[start : start + LINKS_PER_RECORD]))
        for number, start in enumerate(range(0, links, LINKS_PER_RECORD), 1)
    ]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
