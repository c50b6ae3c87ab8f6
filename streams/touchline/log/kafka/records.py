"""What is in the topics: their names, a record's headers and lines, and the partition of an entity.

A record is many lines of JSON (NDJSON, which ClickHouse reads as JSONEachRow), because Kafka's clients for
Python cost per record and not per byte. Everything here is values in, values out.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from struct import iter_unpack
from typing import Final, Literal, Self, get_args

from touchline.vocabulary.errors import LogError

VERSION: Final = 1
"""Of the format; a record of a later one is not read."""

RECORD_BYTES: Final = 256 * 1024
"""A record of several lines is at most so long; a single line may be longer."""

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
"""What a record's lines are.

In `touchpoints`: accepted `events` of the partition's entities; `accounts`, how many events came in a request
(for the store alone, in whichever partition); and what keeps identity across partitions: `forwarded` events,
`assignment`, `reload`, `forgotten`. In `links`: `links`, identifiers that occurred together, `ledger`, an
operator's decisions, `rules`, those that a worker folds by, and `erasure`, events that are to go. In
`quarantine`: refused events, as `quarantine`.
In `inbox`: `raw` events as an SDK sent them, which the collector judges; no worker sees them.
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
        """Pairs of identifiers not seen before, and an operator's decisions: one partition, in order."""
        return f"{self.prefix}links"

    @property
    def quarantine(self) -> str:
        """Events that were refused, whole."""
        return f"{self.prefix}quarantine"

    @property
    def inbox(self) -> str:
        """What SDKs sent straight to Kafka, to be judged."""
        return f"{self.prefix}inbox"


class UnknownRecord(LogError, ValueError):
    """A record that this version cannot read; the message says what about it."""


@dataclass(frozen=True, slots=True)
class About:
    """A record's headers.

    Args:
        kind: What its lines are.
        producer: Who wrote it: a process of ours, or for `raw` the source that the SDK names.
        batch: Its number among those the producer wrote; records that were written together share it.
        received_at: When its lines were received, in milliseconds since 1970.
        account: Of `raw`, what the client tells of itself.
    """

    kind: Kind
    producer: str
    batch: int
    received_at: int
    account: str = ""

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        """As Kafka's clients take them."""
        told = {
            "v": str(VERSION),
            "kind": self.kind,
            "producer": self.producer,
            "batch": str(self.batch),
            "received_at": str(self.received_at),
        }
        if self.account:
            told["account"] = self.account
        return [(name, value.encode()) for name, value in told.items()]

    @classmethod
    def read(cls, headers: Headers | None) -> Self:
        """What the headers of a record say.

        Raises:
            UnknownRecord: one is missing or unreadable, or the version or the kind is not known.
        """
        try:
            told = {name: (value or b"").decode() for name, value in headers or ()}
            version = int(told["v"])
            about = cls(
                kind=_kind(told["kind"]),
                producer=told["producer"],
                batch=int(told["batch"]),
                received_at=int(told["received_at"]),
                account=told.get("account", ""),
            )
        except KeyError as error:
            raise UnknownRecord(f"it has no header {error}: only Touchline writes to its topics") from None
        except (ValueError, UnicodeDecodeError) as error:
            raise UnknownRecord(f"a header cannot be read: {error}") from None
        if version > VERSION:
            raise UnknownRecord(f"format version {version}; this program reads {VERSION}: upgrade it")
        return about


def bodies(lines: Iterable[bytes], most_bytes: int = RECORD_BYTES) -> Iterator[bytes]:
    """Lines without newlines as bodies of records (NDJSON), each as long as the bound allows."""
    together: list[bytes] = []
    size = 0
    for line in lines:
        if together and size + len(line) + 1 > most_bytes:
            yield b"\n".join(together) + b"\n"
            together, size = [], 0
        together.append(line)
        size += len(line) + 1
    if together:
        yield b"\n".join(together) + b"\n"


@lru_cache(maxsize=1 << 16)
def partition_of(entity: str, partitions: int) -> int:
    """The partition that Kafka's default partitioner gives to this key."""
    return (_murmur2(entity.encode()) & 0x7FFF_FFFF) % partitions


def _murmur2(data: bytes) -> int:
    # That of kafka-python gives the same and takes 2.5 times as long; every event needs one.
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
