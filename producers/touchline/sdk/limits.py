"""Bounds on memory and time, in one place."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one client. Sizes are in bytes of JSON, times in seconds.

    Raises:
        ValueError: a bound is not positive, or a queue could not hold one event.
    """

    queue_events: int = 10_000
    queue_bytes: int = 16 * 1024 * 1024
    batch_events: int = 100
    batch_bytes: int = 500_000
    batch_seconds: float = 0.5
    event_bytes: int = 32 * 1024
    request_seconds: float = 10.0
    """How long a connection, a request or an answer may stand still."""
    retry_least: float = 0.2
    """The first wait before a batch is tried again; it doubles up to `retry_most`."""
    retry_most: float = 30.0
    """The longest wait, whatever the collector's Retry-After asks for."""
    retry_seconds: float = 600.0
    """One batch is tried again for this long, then it is lost as `undelivered`."""
    exit_seconds: float = 5.0
    """How long the interpreter's exit may wait for the last events, all clients together."""

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if not getattr(self, name) > 0:
                raise ValueError(f"Limits.{name} is {getattr(self, name)!r}: give a positive number")
        if self.queue_bytes < self.event_bytes:
            raise ValueError("Limits.queue_bytes is less than event_bytes: a queue must hold one event")
