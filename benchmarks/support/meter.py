"""Measures a program from its first event to its last, and prints the result for the benchmark."""

import json
import sys
import time


class Meter:
    """Counts the events after the first count, with their wall-clock and processor time (all threads)."""

    def __init__(self) -> None:
        self._began: tuple[float, float] | None = None
        self.events = 0

    def count(self, events: int = 1) -> int:
        """Count processed events and return the sum; the first call starts the clock and counts 0."""
        if self._began is None:
            self._began = (time.monotonic(), time.process_time())
        else:
            self.events += events
        return self.events

    def print_result(self) -> None:
        """Print `done {"events", "wall", "cpu"}`, times in seconds."""
        wall, cpu = self._began or (0.0, 0.0)
        result = {
            "events": self.events,
            "wall": time.monotonic() - wall,
            "cpu": time.process_time() - cpu,
        }
        # Some libraries replace `sys.stdout`.
        out = sys.__stdout__ or sys.stdout
        out.write(f"done {json.dumps(result)}\n")
        out.flush()
