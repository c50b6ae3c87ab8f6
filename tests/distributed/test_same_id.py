"""An event sent twice with different identifiers, so to two partitions: what is stored and what is read."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from touchline.engine.customers.announcing import Announcement
from touchline.engine.engine import Setup
from touchline.engine.identity_stage import IdentityStage
from touchline.engine.messages import Delivered, Message
from touchline.engine.partition_worker import PartitionWorker
from touchline.friction import RuleSet
from touchline.identity import customer_id
from touchline.panels import BY_ID
from touchline.rules import parse_rules
from touchline.store import Store
from touchline.vocabulary.event import Event

RULES = RuleSet(parse_rules("rules: [{id: denied, kind: match, when: request.denied}]"))
DEVICE, ACCOUNT, OTHER = "device:d", "account:a", "account:b"
PLACES = {DEVICE: 0, ACCOUNT: 1, OTHER: 1}
LINKS = -1


class Interleaved:
    """A store that runs something else just before its first insert."""

    def __init__(self, store: Store, action: Callable[[], object]) -> None:
        self._store, self._actions = store, [action]

    def __getattr__(self, name: str) -> Any:
        if name == "insert" and self._actions:
            self._actions.pop()()
        return getattr(self._store, name)


class Two:
    """Two partitions with a worker each, and the identity stage, on one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._logs: dict[int, list[Delivered]] = defaultdict(list)
        self._read = {LINKS: 0, 0: 0, 1: 0}
        self.duplicates = 0

    def append(self, partition: int, kind: str, lines: Sequence[bytes]) -> None:
        log = self._logs[partition]
        topic, number = (2, 0) if partition == LINKS else (0, partition)
        log.append(Delivered(topic, number, len(log), kind, 0, b"\n".join(lines)))

    def send(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self.append(
                LINKS if message.partition is None else message.partition, message.kind, message.lines
            )

    def announce(self, announcements: Sequence[Announcement]) -> None:
        """Nobody reads them here."""

    def arrive(self, event: Event) -> None:
        self.append(PLACES[event.entity], "events", [msgspec.json.encode(event)])

    def work(self, partition: int, store: Any = None) -> None:
        """Let a new worker, or a new stage, process the records that were not read yet."""
        store = store or self._store
        records = self._logs[partition][self._read[partition] :]
        self._read[partition] += len(records)
        name = f"{partition} from {self._read[partition]}"
        if partition == LINKS:
            IdentityStage(store, PLACES.__getitem__, 2, self, name).flush(records, 1)
            return
        worker = PartitionWorker(
            store, Setup(RULES), PLACES.__getitem__, {partition}.__contains__, self, name
        )
        flushed = worker.flush(records, 1, 1)
        self.duplicates += flushed.duplicates if flushed is not None else 0

    def settle(self) -> None:
        while unread := [
            partition for partition, read in self._read.items() if read < len(self._logs[partition])
        ]:
            self.work(unread[0])


def event(*identifiers: str) -> Event:
    return Event(
        id="same", type="request.denied", time=1_000, channel="web", source="shop", identifiers=identifiers
    )


def counted(store: Store) -> dict[str, int]:
    """Stored rows, events as the panels count them, frictions, and events in journeys."""
    queries = {
        "rows": "SELECT count() FROM events",
        "events": BY_ID["events"]
        .sql.replace("$__timeFilter(time)", "1")
        .replace("${producer:queryparam}", "var-producer=$__all"),
        "frictions": "SELECT count() FROM current_frictions",
        "in journeys": "SELECT sum(events) FROM current_journeys",
    }
    return {name: int(store.query(sql).result_rows[0][0]) for name, sql in queries.items()}


def test_the_second_arrival_is_a_duplicate(store: Store) -> None:
    """A repeat that arrives after the event is stored is a duplicate, whichever partition gets it."""
    two = Two(store)
    two.arrive(event(DEVICE))
    two.settle()
    two.arrive(event(ACCOUNT, DEVICE))
    two.settle()
    assert two.duplicates == 1
    assert counted(store) == {"rows": 1, "events": 1, "frictions": 1, "in journeys": 1}


@pytest.mark.parametrize("second", [(ACCOUNT, DEVICE), (OTHER,)])
def test_concurrent_arrivals_are_read_as_one_event(store: Store, second: tuple[str, ...]) -> None:
    """Both partitions store it; panels count it once, and so does a customer with both identifiers."""
    two = Two(store)
    two.arrive(event(DEVICE))
    two.arrive(event(*second))
    two.work(0, Interleaved(store, lambda: two.work(1)))
    two.settle()
    customers = 1 if DEVICE in second else 2
    assert counted(store) == {
        "rows": 2,
        "events": 1,
        "frictions": customers,
        "in journeys": customers,
    }
    owners = store.query("SELECT DISTINCT toString(customer) FROM current_journeys").result_rows
    expected = {second[0], *([DEVICE] if customers == 2 else [])}
    assert {owner for (owner,) in owners} == {str(customer_id(entity)) for entity in expected}
