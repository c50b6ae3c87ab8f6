"""The log as the collector uses it: one call, which returns once the events are durable."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from touchline.vocabulary.errors import LogError


class LogFull(LogError):
    """The disk is full, or the log has reached its limit. Nothing of the batch was written; retry later."""


class LogUnavailable(LogError):
    """The log cannot be written now. Retry later; the batch in flight may have been written in part."""


class LogDamaged(LogUnavailable):
    """The log's file is damaged or gone: nothing can be accepted until it is restored or moved away."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines that are appended together.

    `touchpoints`, `quarantine`, `ledger` (an operator's decisions about customers) and `accounts` (the number
    of events received, and what the producer reports about itself) are JSON objects without a newline.
    `received_at` is in milliseconds since 1970.
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
        """The size of all lines."""
        kinds = (self.touchpoints, self.quarantine, self.ledger, self.accounts)
        return sum(len(line) for lines in kinds for line in lines)

    @classmethod
    def joined(cls, batches: Iterable[Self]) -> "Batch":
        """One batch of the given batches, at least one, in their order."""
        found = list(batches)
        return Batch(
            touchpoints=[line for batch in found for line in batch.touchpoints],
            quarantine=[line for batch in found for line in batch.quarantine],
            received_at=max(batch.received_at for batch in found),
            ledger=[line for batch in found for line in batch.ledger],
            accounts=[line for batch in found for line in batch.accounts],
        )


class Log(Protocol):
    """Stores accepted and quarantined events. Its methods may be called from several threads."""

    def append(self, batch: Batch) -> None:
        """Write a batch. Returns when it is durable.

        Raises:
            LogFull: there is no space; nothing was written.
            LogUnavailable: the log cannot be written now.
        """
