"""The interface of a transport: it takes batches and returns an outcome for each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from touchline.sdk.delivery.account import Account
from touchline.sdk.delivery.loss import Example, Loss


@dataclass(frozen=True, slots=True)
class Batch:
    """Events to send together, in order.

    Args:
        lines: The events, each a JSON object without a newline. May be empty: the batch then only reports
            `lost` and `account`.
        lost: Losses that the collector does not know of yet, by reason.
        account: The client's counters.
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
    """The batch is stored durably.

    Args:
        quarantined: Number of quarantined events, by reason.
        examples: The first quarantined event, by reason.
        rejected: Number of events that the tracking plan has the collector refuse.
        why: What is wrong with the first of them.
    """

    quarantined: Mapping[str, int] = field(default_factory=dict)
    examples: Mapping[str, Example] = field(default_factory=dict)
    rejected: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """The batch was not stored, or nobody knows. Send it again, after `after` seconds if given."""

    reason: str
    after: float | None = None


@dataclass(frozen=True, slots=True)
class TooLarge:
    """The batch is too large; it is sent again in halves."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The batch is not accepted, and sending it again does not help.

    Args:
        reason: Why.
        of_client: Whether the client is refused, whatever it sends: its key or its URL is wrong. With a
            spool, the batch then waits on disk until that is mended; without, it is lost.
    """

    reason: str
    of_client: bool = False


Outcome = Accepted | Retry | TooLarge | Refused
"""The outcome of a batch. The set is closed."""


class Transport(Protocol):
    """Sends batches, one at a time, on the SDK's own thread."""

    def send(self, batch: Batch) -> Outcome:
        """Send one batch. Every wait needs a timeout. An exception counts as `Retry`."""

    def close(self) -> None:
        """Release connections; a later `send` opens them again."""

    def forked(self) -> None:
        """In a forked child: drop the parent's connections without closing them for the parent."""
