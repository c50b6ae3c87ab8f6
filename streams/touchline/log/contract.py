"""What the collector needs of a log: one call that returns when the events are durable."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from touchline.vocabulary.errors import LogError


class LogFull(LogError):
    """The disk is full, or the log has reached its bound. Nothing of the batch was kept; retry later."""


class LogUnavailable(LogError):
    """The log cannot be written now. Retry later; what was in flight may or may not have been kept."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What is appended together: all of it becomes durable, or none of it.

    `touchpoints`, `quarantine`, `ledger` (what an operator decided about customers) and `accounts` (how many
    events came, and what their producer says of itself) are JSON objects, one line each, without the
    newline; `received_at` is in milliseconds since 1970.
    """

    touchpoints: Sequence[bytes]
    quarantine: Sequence[bytes]
    received_at: int
    ledger: Sequence[bytes] = ()
    accounts: Sequence[bytes] = ()

    def __bool__(self) -> bool:
        return bool(self.touchpoints or self.quarantine or self.ledger or self.accounts)

    @property
    def bytes(self) -> int:
        """Size of its lines, in bytes."""
        every = (self.touchpoints, self.quarantine, self.ledger, self.accounts)
        return sum(len(line) for lines in every for line in lines)

    @classmethod
    def joined(cls, batches: Iterable[Self]) -> "Batch":
        """Several batches (at least one) as one, in their order."""
        found = list(batches)
        return Batch(
            touchpoints=[line for batch in found for line in batch.touchpoints],
            quarantine=[line for batch in found for line in batch.quarantine],
            received_at=max(batch.received_at for batch in found),
            ledger=[line for batch in found for line in batch.ledger],
            accounts=[line for batch in found for line in batch.accounts],
        )


class Log(Protocol):
    """Where accepted and quarantined events go. Its methods may be called from several threads."""

    def append(self, batch: Batch) -> None:
        """Keep a batch, whole; returns when it is durable.

        Raises:
            LogFull: there is no room; nothing was kept.
            LogUnavailable: it cannot be written now.
        """
