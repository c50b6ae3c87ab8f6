"""The counters that a client sends with each batch, so that the collector can see what is missing.

At every moment `emitted = queued + lost before the queue`. A batch holds the queued events number `first` to
`first + events - 1`. A number below the highest that arrived, but missing itself, was lost after queueing; a
number above it may still arrive.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from touchline.sdk.delivery.loss import Loss


@dataclass(frozen=True, slots=True)
class Account:
    """One client's counters at the time of one batch. Counts start when the client starts.

    Args:
        client: Id of the client: one process of the producer, or a forked child.
        batch: Number of the batch, from 1. A batch that is sent again keeps its number.
        first: Events taken from the queue before this batch.
        emitted: Calls of `track`.
        queued: Events that entered the queue.
        lost: Events lost, by reason.
    """

    client: str
    batch: int
    first: int
    emitted: int
    queued: int
    lost: Mapping[Loss, int]

    @property
    def header(self) -> str:
        """The counters as `client=…, batch=7, first=600, emitted=712, queued=709, lost.queue_full=3`."""
        counts = {"batch": self.batch, "first": self.first, "emitted": self.emitted, "queued": self.queued}
        counts |= {f"lost.{reason}": count for reason, count in self.lost.items() if count}
        return ", ".join([f"client={self.client}", *(f"{name}={count}" for name, count in counts.items())])
