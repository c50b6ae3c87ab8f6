"""What a client tells of itself with each batch, so that whoever receives it can see what is missing.

Law: at every moment `emitted = queued + lost before the queue`, and a batch holds the positions `first` up to
`first + events` of what was queued. So positions that never arrive are those that were lost later, and
what is behind the last one that arrived is still on its way.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from touchline.sdk.loss import Loss


@dataclass(frozen=True, slots=True)
class Account:
    """One client's account as of one batch; all counts are since the client began.

    Args:
        client: Which client of the producer: one process, or a forked child.
        batch: The number of this batch, from 1; one that is sent again keeps its number.
        first: How many events were taken from the queue before this batch's.
        emitted: Calls of `track`.
        queued: Those of them that entered the queue.
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
        """It as `client=…, batch=7, first=600, emitted=712, queued=709, lost.queue_full=3`."""
        counts = {"batch": self.batch, "first": self.first, "emitted": self.emitted, "queued": self.queued}
        counts |= {f"lost.{reason}": count for reason, count in self.lost.items() if count}
        return ", ".join([f"client={self.client}", *(f"{name}={count}" for name, count in counts.items())])
