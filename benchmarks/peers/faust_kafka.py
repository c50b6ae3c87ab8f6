"""The pack as an ordinary Faust app: a Record per message, a Table of customers.

Arguments: `BOOTSTRAP TOPIC EVENTS`.
"""

import os
import sys
from typing import Any

import faust

from benchmarks.peers import pack
from benchmarks.support.meter import Meter


class Touchpoint(faust.Record, serializer="json"):  # type: ignore[misc, unused-ignore]
    """An event as the message has it."""

    id: str
    type: str
    time: int
    channel: str
    data: dict[str, Any]


def main(bootstrap: str, topic: str, events: int) -> None:
    """Fold the first `events` events of the topic."""
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
    customers = app.Table("customers", default=pack.initial_state, partitions=1)
    meter = Meter()

    @app.agent(touchpoints)  # type: ignore[untyped-decorator, unused-ignore]
    async def fold(stream: Any) -> None:
        async for customer, event in stream.items():
            state = customers[customer]
            pack.step(state, event.asdict())
            customers[customer] = state
            if meter.count() + 1 >= events:
                meter.print_result()
                os._exit(0)

    app.finalize()
    faust.Worker(app, loglevel="ERROR").execute_from_commandline()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
