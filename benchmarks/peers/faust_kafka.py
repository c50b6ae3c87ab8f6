"""The pack the usual Faust way: a Record a message, a Table of customers. `BOOTSTRAP TOPIC EVENTS`."""

import os
import sys
from typing import Any

import faust

from benchmarks.peers import pack
from benchmarks.stretch import Stretch


class Touchpoint(faust.Record, serializer="json"):  # type: ignore[misc, unused-ignore]
    """An event as it comes."""

    id: str
    type: str
    time: int
    channel: str
    data: dict[str, Any]


def main(bootstrap: str, topic: str, events: int) -> None:
    """Fold so many events from the beginning."""
    app: Any = faust.App(
        "usual-faust",
        broker=f"kafka://{bootstrap}",
        store="memory://",
        web_enabled=False,
        topic_partitions=1,
        topic_replication_factor=1,
        consumer_auto_offset_reset="earliest",
    )
    touchpoints = app.topic(topic, key_type=str, value_type=Touchpoint)
    customers = app.Table("customers", default=pack.begin, partitions=1)
    stretch = Stretch()

    @app.agent(touchpoints)  # type: ignore[untyped-decorator, unused-ignore]
    async def fold(stream: Any) -> None:
        async for customer, event in stream.items():
            state = customers[customer]
            pack.step(state, event.asdict())
            customers[customer] = state
            if stretch.count() + 1 >= events:
                stretch.tell()
                os._exit(0)

    app.finalize()
    faust.Worker(app, loglevel="ERROR").execute_from_commandline()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
