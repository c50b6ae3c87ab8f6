"""Events kept in a list: for tests of code that tracks."""

from typing import Any

import orjson

from touchline.sdk.transport import Accepted, Batch, Outcome, Refused

MOST_EVENTS = 100_000
"""What one list holds; more is refused."""


class Memory:
    """Keeps every event that was sent, as the dictionary a collector would have read."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def send(self, batch: Batch) -> Outcome:
        """Keep the events of a batch."""
        if len(self.events) + len(batch.lines) > MOST_EVENTS:
            return Refused(f"memory:// holds {MOST_EVENTS} events: clear() between tests")
        self.events.extend(orjson.loads(line) for line in batch.lines)
        return Accepted()

    def types(self) -> list[str]:
        """The types of the events, in order."""
        return [event["type"] for event in self.events]

    def clear(self) -> None:
        """Forget all events."""
        self.events.clear()

    def close(self) -> None:
        """Keep the events, so that a test can look at them after the client is closed."""

    def forked(self) -> None:
        """Start with an empty list in the child."""
        self.events = []
