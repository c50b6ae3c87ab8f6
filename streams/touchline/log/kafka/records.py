"""The format of the topics: their names, a record's headers and lines, and the partition of an entity.

A record holds many lines of JSON (NDJSON), because Kafka's Python clients cost time per record, not per byte.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from struct import iter_unpack
from typing import Final, Literal, Self, get_args

from touchline.vocabulary.errors import LogError

VERSION: Final = 1
"""The format's version; records of later versions are not read."""

RECORD_BYTES: Final = 256 * 1024
"""The most bytes of a record of several lines; a single line may be longer."""

Kind = Literal[
    "events",
    "accounts",
    "forwarded",
    "assignment",
    "reload",
    "forgotten",
    "links",
    "rules",
    "erasure",
    "ledger",
    "quarantine",
    "raw",
]
"""The kind of a record's lines.

In `touchpoints`: accepted `events` of the partition's entities; `accounts`, the number of events in a request
(for the store only, in any partition); and the messages that keep identity consistent across partitions:
`forwarded` events, `assignment`, `reload`, `forgotten`. In `links`: `links`, identifiers that occurred
body_lines; `ledger`, an operator's decisions; `rules`, the rules of a worker; and `erasure`, events to
delete. In `quarantine`: refused events, as `quarantine`. In `inbox`: `raw` events as an SDK sent them; the
collector validates them before any worker sees them.
"""

Headers = Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Topics:
    """The names of the topics."""

    prefix: str = "touchline."

    @property
    def touchpoints(self) -> str:
        """Events, partitioned by entity."""
        return f"{self.prefix}touchpoints"

    @property
    def links(self) -> str:
        """New sets of identifiers and an operator's decisions: one partition, in order."""
        return f"{self.prefix}links"

    @property
    def quarantine(self) -> str:
        """Refused events, complete."""
        return f"{self.prefix}quarantine"

    @property
    def inbox(self) -> str:
        """Events that SDKs sent directly to Kafka, not yet validated."""
        return f"{self.prefix}inbox"

    @property
    def frictions(self) -> str:
        """Every change of a friction as a CloudEvent, by customer: for programs."""
        return f"{self.prefix}frictions"

    @property
    def frictions_current(self) -> str:
        """The last change of each friction, compacted; a retracted one is deleted."""
        return f"{self.prefix}frictions-current"


class UnknownRecord(LogError, ValueError):
    """A record that this version cannot read. The message says why."""


@dataclass(frozen=True, slots=True)
class About:
    """A record's headers.

    Args:
        kind: The kind of its lines.
        producer: The process that wrote it, or for `raw` the source that the SDK names.
        batch: The producer's batch number; records of one batch share it.
        received_at: When its lines were received, in milliseconds since 1970.
        account: For `raw`, what the client reports about itself.
    """

    kind: Kind
    producer: str
    batch: int
    received_at: int
    account: str = ""

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        """The headers in the form of Kafka's clients."""
        texts = {
            "v": str(VERSION),
            "kind": self.kind,
            "producer": self.producer,
            "batch": str(self.batch),
            "received_at": str(self.received_at),
        }
        if self.account:
            texts["account"] = self.account
        return [(name, value.encode()) for name, value in texts.items()]

    @classmethod
    def read(cls, headers: Headers | None) -> Self:
        """Parse the headers of a record.

        Raises:
            UnknownRecord: a header is missing or unreadable, or the version or the kind is unknown.
        """
        try:
            texts = {name: (value or b"").decode() for name, value in headers or ()}
            version = int(texts["v"])
            about = cls(
                kind=_kind(texts["kind"]),
                producer=texts["producer"],
                batch=int(texts["batch"]),
                received_at=int(texts["received_at"]),
                account=texts.get("account", ""),
            )
        except KeyError as error:
            raise UnknownRecord(
                f"it has no header {error}: another program wrote it to a Touchline topic"
            ) from None
        except (ValueError, UnicodeDecodeError) as error:
            raise UnknownRecord(f"a header cannot be read: {error}") from None
        if version > VERSION:
            raise UnknownRecord(
                f"it has format version {version}, but this Touchline reads {VERSION}: upgrade Touchline"
            )
        return about


def bodies(lines: Iterable[bytes], most_bytes: int = RECORD_BYTES) -> Iterator[bytes]:
    """Record bodies (NDJSON) of lines without newlines, each at most `most_bytes` unless it is one line."""
    body_lines: list[bytes] = []
    size = 0
    for line in lines:
        if body_lines and size + len(line) + 1 > most_bytes:
            yield b"\n".join(body_lines) + b"\n"
            body_lines, size = [], 0
        body_lines.append(line)
        size += len(line) + 1
    if body_lines:
        yield b"\n".join(body_lines) + b"\n"


@lru_cache(maxsize=1 << 16)
def partition_of(entity: str, partitions: int) -> int:
    """The partition that Kafka's default partitioner assigns to this key."""
    return (_murmur2(entity.encode()) & 0x7FFF_FFFF) % partitions


def _murmur2(data: bytes) -> int:
    # kafka-python's own returns the same and takes 2.5 times as long; it runs for every event.
    mix, mask = 0x5BD1_E995, 0xFFFF_FFFF
    found = 0x9747_B28C ^ len(data)
    whole = len(data) & ~3
    for (four,) in iter_unpack("<I", data[:whole]):
        mixed = four * mix & mask
        mixed = (mixed ^ (mixed >> 24)) * mix & mask
        found = (found * mix & mask) ^ mixed
    if rest := data[whole:]:
        found = (found ^ int.from_bytes(rest, "little")) * mix & mask
    found = (found ^ (found >> 13)) * mix & mask
    return found ^ (found >> 15)


def _kind(name: str) -> Kind:
    for kind in _KINDS:
        if kind == name:
            return kind
    raise ValueError(f"kind {name[:32]!r}")


_KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
