"""A stretch of work of a program of its own: begins with what is done first, and is told at the end."""

import json
import sys
import time


class Stretch:
    """Counts what is done behind the first count, with the wall clock and this process's processor time."""

    def __init__(self) -> None:
        self._began: tuple[float, float] | None = None
        self.events = 0

    def count(self, events: int = 1) -> int:
        """Count events that are done; how many there are so far."""
        if self._began is None:
            self._began = (time.monotonic(), time.process_time())
        else:
            self.events += events
        return self.events

    def tell(self) -> None:
        """Say what was done, and what it took: `done {"events", "wall", "cpu"}`."""
        wall, cpu = self._began or (0.0, 0.0)
        told = {
            "events": self.events,
            "wall": time.monotonic() - wall,
            "cpu": time.process_time() - cpu,
        }
        # Some libraries take over what is printed.
        out = sys.__stdout__ or sys.stdout
        out.write(f"done {json.dumps(told)}\n")
        out.flush()
