"""Transport `memory://`: keeps events in a list, for tests of code that tracks."""

from typing import Any

import orjson

from touchline.sdk.transport import Accepted, Batch, Outcome, Refused

MOST_EVENTS = 100_000
"""The most events that one list holds. Further batches are lost as `refused`."""


class Memory:
    """Keeps every sent event in `events`, as the dictionary that a collector would read."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def send(self, batch: Batch) -> Outcome:
        """Append the events of a batch."""
        if len(self.events) + len(batch.lines) > MOST_EVENTS:
            return Refused(f"memory:// holds {MOST_EVENTS} events: clear() between tests")
        self.events.extend(orjson.loads(line) for line in batch.lines)
        return Accepted()

    def types(self) -> list[str]:
        """The types of the sent events, in order."""
        return [event["type"] for event in self.events]

    def clear(self) -> None:
        """Remove all events."""
        self.events.clear()

    def close(self) -> None:
        """Do nothing: a test can read the events after the client is closed."""

    def forked(self) -> None:
        """Start with an empty list in the child."""
        self.events = []
