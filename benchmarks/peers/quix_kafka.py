"""The pack as a stateful function of a Quix Streams dataframe that reads Kafka.

Arguments: `BOOTSTRAP TOPIC EVENTS [STORE PASSWORD]`.
"""

import sys
from tempfile import TemporaryDirectory
from typing import Any

from quixstreams import Application
from quixstreams.state import State as QuixState

from benchmarks.peers.event_writer import EventWriter
from benchmarks.peers.quix_step import fold
from benchmarks.support.meter import Meter


def main(bootstrap: str, topic: str, events: int, url: str = "", password: str = "") -> None:
    """Fold the first `events` events of the topic; also insert them, if a store is given.

    State is on disk, with a changelog topic: the library's default.
    """
    meter = Meter()
    writer = EventWriter(url, password, "quix")

    def step(event: dict[str, Any], state: QuixState[str, Any]) -> list[Any]:
        found = fold(event, state)
        writer.add(event)
        if meter.count() + 1 >= events:
            app.stop()
        return found

    with TemporaryDirectory() as folder:
        app = Application(
            bootstrap,
            consumer_group="usual-quix-storing" if url else "usual-quix",
            auto_offset_reset="earliest",
            state_dir=folder,
            loglevel=None,
        )
        source = app.topic(topic, value_deserializer="json", key_deserializer="str")
        app.dataframe(source).apply(step, stateful=True, expand=True)
        app.run()
    writer.insert()
    meter.print_result()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), *sys.argv[4:])
