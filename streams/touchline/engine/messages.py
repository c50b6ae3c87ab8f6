"""The messages between workers and the identity stage, as records of the log."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import msgspec

from touchline.engine.customers.announcing import Announcement
from touchline.engine.ports import InForce
from touchline.identity import Assignment, Entry, Reload
from touchline.vocabulary.event import Event

MessageKind = Literal["forwarded", "assignment", "reload", "forgotten", "links", "rules", "erasure"]

_OFFSET_BITS = 44


class Forgotten(msgspec.Struct, frozen=True):
    """An order to forget: from here on, no event that names one of the identifiers comes in.

    `entries` are in the form in which the ledger keeps them. Stored events that name one of `identifiers` go.
    """

    entries: tuple[Entry, ...]
    identifiers: tuple[str, ...]


class Erasure(msgspec.Struct, frozen=True):
    """A worker's answer to an order: its entities have stored these events, and will store no more of them.

    The events of `entities` that name one of `identifiers` go. `others` occur together with them; nothing is
    kept of those that occur nowhere else.
    """

    entities: tuple[str, ...]
    identifiers: tuple[str, ...]
    others: tuple[str, ...] = ()


class Message(NamedTuple):
    """Lines for a partition of the touchpoints, or for the links where `partition` is None."""

    partition: int | None
    kind: MessageKind
    lines: list[bytes]


class Sender(Protocol):
    """The writing side of the log."""

    def send(self, messages: Sequence[Message]) -> None:
        """Write messages, in order for each partition. When this returns, all of them are durable."""


class Announcer(Protocol):
    """Publishes the changes of frictions to programs."""

    def announce(self, announcements: Sequence[Announcement]) -> None:
        """Publish changes of frictions, in order for each customer. When this returns, all are durable."""


class Publisher(Sender, Announcer, Protocol):
    """What a worker of partitions writes to."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """A record of one partition of one topic; topics are numbered. `received_at` in ms."""

    topic: int
    partition: int
    position: int
    kind: str
    received_at: int
    body: bytes

    @property
    def offset(self) -> int:
        """A number that is unique among all partitions and rises within each."""
        return (self.topic << 16 | self.partition) << _OFFSET_BITS | self.position


decode_assignment = msgspec.json.Decoder(Assignment).decode
decode_reload = msgspec.json.Decoder(Reload).decode
decode_forgotten = msgspec.json.Decoder(Forgotten).decode
decode_erasure = msgspec.json.Decoder(Erasure).decode
decode_link = msgspec.json.Decoder(tuple[str, ...]).decode
decode_rules = msgspec.json.Decoder(InForce).decode


def encoded(
    values: Iterable[Event | Assignment | Reload | Forgotten | Erasure | InForce | tuple[str, ...]],
) -> list[bytes]:
    """Values as lines of a message."""
    return [msgspec.json.encode(value) for value in values]
