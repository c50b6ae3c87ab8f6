"""The pack as a stateful function of a Quix Streams dataframe that reads Kafka. `BOOTSTRAP TOPIC EVENTS`."""

import sys
from tempfile import TemporaryDirectory
from typing import Any

from quixstreams import Application
from quixstreams.state import State as Kept

from benchmarks.peers.quix_step import fold
from benchmarks.stretch import Stretch


def main(bootstrap: str, topic: str, events: int) -> None:
    """Fold so many events from the beginning; state on disk, with a changelog topic, as by default."""
    stretch = Stretch()

    def step(event: dict[str, Any], state: Kept[str, Any]) -> list[Any]:
        found = fold(event, state)
        if stretch.count() + 1 >= events:
            app.stop()
        return found

    with TemporaryDirectory() as folder:
        app = Application(
            bootstrap,
            consumer_group="usual-quix",
            auto_offset_reset="earliest",
            state_dir=folder,
            loglevel=None,
        )
        source = app.topic(topic, value_deserializer="json", key_deserializer="str")
        app.dataframe(source).apply(step, stateful=True, expand=True)
        app.run()
    stretch.tell()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
