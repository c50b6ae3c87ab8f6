"""The pack as a stateful function of a Quix Streams dataframe that reads Kafka.

`BOOTSTRAP TOPIC EVENTS [STORE PASSWORD]`.
"""

import sys
from tempfile import TemporaryDirectory
from typing import Any

from quixstreams import Application
from quixstreams.state import State as Kept

from benchmarks.peers.quix_step import fold
from benchmarks.peers.storing import Storing
from benchmarks.stretch import Stretch


def main(bootstrap: str, topic: str, events: int, url: str = "", password: str = "") -> None:
    """Fold so many events from the beginning; state on disk, with a changelog topic, as by default.

    They are stored too, if there is a store.
    """
    stretch = Stretch()
    storing = Storing(url, password, "quix")

    def step(event: dict[str, Any], state: Kept[str, Any]) -> list[Any]:
        found = fold(event, state)
        storing.add(event)
        if stretch.count() + 1 >= events:
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
    storing.insert()
    stretch.tell()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), *sys.argv[4:])
