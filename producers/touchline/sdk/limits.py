"""Bounds on the memory and time of a client."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one client. Sizes are bytes of JSON, times are seconds.

    Raises:
        ValueError: a bound is not positive, or the queue is smaller than one event.
    """

    queue_events: int = 10_000
    """The most queued events; further events are lost as `queue_full`."""
    queue_bytes: int = 16 * 1024 * 1024
    """The most queued bytes; further events are lost as `queue_full`."""
    batch_events: int = 100
    """A batch is sent when it has this many events."""
    batch_bytes: int = 500_000
    """A batch is sent when it has this many bytes."""
    batch_seconds: float = 0.5
    """A batch is sent when its first event has waited this long."""
    event_bytes: int = 32 * 1024
    """The largest event; a larger one is lost as `too_large`."""
    request_seconds: float = 10.0
    """Timeout for a connection, a request or a response."""
    retry_least: float = 0.2
    """The first wait before a retry; each wait doubles, up to `retry_most`."""
    retry_most: float = 30.0
    """The longest wait before a retry, even if the collector's Retry-After is longer."""
    retry_seconds: float = 600.0
    """How long one batch is retried before it is lost as `undelivered`. With a spool it goes to disk."""
    block_seconds: float = 1.0
    """How long `track` waits for room in a full queue, if the client blocks when it is full."""
    exit_seconds: float = 5.0
    """How long the interpreter's exit may wait for the last events of all clients together."""
    spool_exit_seconds: float = 1.0
    """The same for clients with a spool: what is not sent by then goes to disk."""
    spool_bytes: int = 256 * 1024 * 1024
    """The largest spool; when it is full, events wait in memory."""
    spool_seconds: float = 7 * 86_400.0
    """How long events may be on disk; older ones are lost as `expired`."""

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if not getattr(self, name) > 0:
                raise ValueError(f"Limits.{name} is {getattr(self, name)!r}: it must be positive")
        if self.queue_bytes < self.event_bytes:
            raise ValueError(
                f"Limits.queue_bytes is {self.queue_bytes}: it must be at least event_bytes,"
                f" {self.event_bytes}"
            )
