"""What workers and the identity stage tell each other, as records of the log."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import msgspec

from touchline.identity import Assignment, Reload
from touchline.vocabulary.event import Event

MessageKind = Literal["forwarded", "assignment", "reload", "links", "rules"]

_OFFSET_BITS = 44


class Message(NamedTuple):
    """Lines for a partition of the touchpoints, or for the links where `partition` is None."""

    partition: int | None
    kind: MessageKind
    lines: list[bytes]


class Sender(Protocol):
    """The writing side of the log."""

    def send(self, messages: Sequence[Message]) -> None:
        """Write them, in order for each partition; when it returns all of them are durable."""


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
        """A number that no other record of any partition has; it rises within a partition."""
        return (self.topic << 16 | self.partition) << _OFFSET_BITS | self.position


decode_assignment = msgspec.json.Decoder(Assignment).decode
decode_reload = msgspec.json.Decoder(Reload).decode
decode_link = msgspec.json.Decoder(tuple[str, ...]).decode
decode_rules = msgspec.json.Decoder(str).decode


def encoded(values: Iterable[Event | Assignment | Reload | tuple[str, ...] | str]) -> list[bytes]:
    """Values as lines of a message."""
    return [msgspec.json.encode(value) for value in values]
