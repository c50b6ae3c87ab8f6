"""The worker of partitions and the identity stage, with what they read and send, over a store in memory."""

from collections.abc import Sequence

from msgspec.structs import replace

from touchline.engine.customers.announcing import Announcement
from touchline.engine.engine import Setup
from touchline.engine.identity_stage import IdentityStage
from touchline.engine.memory import MemoryStore
from touchline.engine.messages import Delivered, Message
from touchline.engine.partition_worker import PartitionWorker
from touchline.friction import RuleSet
from touchline.rules import parse_rules
from touchline.vocabulary.event import Event

RULES = RuleSet(parse_rules("rules: [{id: denied, kind: match, when: request.denied}]"))
SETUP = Setup(RULES)
FINGERPRINT = SETUP.fingerprint

NOW = 1_000_000


class Sent:
    """Keeps what is sent, or fails."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.announcements: list[Announcement] = []
        self.broken = False

    def send(self, messages: Sequence[Message]) -> None:
        if self.broken:
            raise ConnectionError
        self.messages += messages

    def announce(self, announcements: Sequence[Announcement]) -> None:
        self.announcements += announcements

    def lines(self, kind: str) -> list[tuple[int | None, bytes]]:
        """Of one kind, with their partitions."""
        return [(one.partition, line) for one in self.messages if one.kind == kind for line in one.lines]


def place_of(entity: str) -> int:
    """Accounts lie in partition 0, everything else in partition 1."""
    return 0 if entity.startswith("account:") else 1


def event_of(number: int, *identifiers: str) -> Event:
    return Event(
        id=f"e{number}",
        type="request.denied",
        time=number,
        channel="store",
        source="shop",
        identifiers=identifiers,
    )


def quiet_event(number: int, *identifiers: str) -> Event:
    """An event that no rule matches."""
    return replace(event_of(number, *identifiers), type="page.viewed")


def record_of(kind: str, *lines: bytes, position: int = 0, partition: int = 1) -> Delivered:
    return Delivered(0, partition, position, kind, 0, b"\n".join(lines))


def worker_of(store: MemoryStore, sent: Sent, partition: int) -> PartitionWorker:
    return PartitionWorker(store, SETUP, place_of, {partition}.__contains__, sent, "w")


def only_worker(store: MemoryStore, sent: Sent) -> PartitionWorker:
    """The worker of the only partition."""
    return PartitionWorker(store, SETUP, lambda entity: 0, {0}.__contains__, sent, "w")


def only_stage(store: MemoryStore, sent: Sent, name: str = "s") -> IdentityStage:
    """The identity stage, for one partition."""
    return IdentityStage(store, lambda entity: 0, 1, sent, name)
