"""What carries batches: the protocol that a transport keeps, and the outcomes it may answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from touchline.sdk.account import Account
from touchline.sdk.loss import Loss


@dataclass(frozen=True, slots=True)
class Batch:
    """Events to be sent together, in order: JSON objects, one a line, without the newline.

    `lost` is what the collector has not been told of yet; `account` is the client's account with this batch.
    A batch without events is there to tell these two, where no events follow.
    """

    lines: Sequence[bytes]
    lost: Mapping[Loss, int] = field(default_factory=dict)
    account: Account | None = None

    @property
    def body(self) -> bytes:
        """The events as NDJSON."""
        return b"\n".join(self.lines) + b"\n"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The batch is kept durably. `quarantined` counts events set aside there, by reason."""

    quarantined: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Retry:
    """Nothing was decided; try the same batch again, after `after` seconds if that is given."""

    reason: str
    after: float | None = None


@dataclass(frozen=True, slots=True)
class TooLarge:
    """The batch is too large to be taken whole; halves of it may not be."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The batch will never be taken."""

    reason: str


Outcome = Accepted | Retry | TooLarge | Refused
"""What came of a batch. The set is closed."""


class Transport(Protocol):
    """Carries batches, one at a time, on the SDK's own thread."""

    def send(self, batch: Batch) -> Outcome:
        """Carry one batch; every wait in here has a limit. An exception counts as `Retry`."""

    def close(self) -> None:
        """Release what is open; a later `send` opens it again."""

    def forked(self) -> None:
        """In a forked child: let go of what belongs to the parent, without closing it for the parent."""
