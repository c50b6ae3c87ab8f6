"""A cluster in one process: the code is the one that runs on Kafka, only the log and the store are in memory.

Its actors take turns before every single call of the store or the log, by a seed.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from random import Random
from typing import Any

from greenlet import getcurrent, greenlet

from tests.laws.offline import RULES
from touchline.engine.customers.announcing import Announcement
from touchline.engine.engine import Setup
from touchline.engine.identity_stage import Deciding, IdentityStage
from touchline.engine.memory import MemoryStore
from touchline.engine.messages import Delivered, Message
from touchline.engine.partition_worker import PartitionWorker
from touchline.engine.ports import Columns, Packed
from touchline.identity import Limits
from touchline.log.kafka.records import partition_of
from touchline.runtime.fence import Superseded, fenced

LIMITS: Limits = {"account": 1, "email": 1}
"""So low that few events share a device."""

OTHER_LIMITS: list[Limits] = [LIMITS, LIMITS, {"account": 1}, {"account": 1, "email": 2}]

LINKS = -1
"""The links' one partition, beside those of the touchpoints, which count from 0."""


class CrashError(BaseException):
    """The process died here."""


class Actor:
    """One process of the cluster, which runs only when it is its turn, and may die in any."""

    def __init__(self, work: Callable[[Callable[[], None]], None]) -> None:
        self._others = getcurrent()
        self._own = greenlet(lambda: work(self._others.switch))

    def step(self) -> bool:
        """Give it a turn; whether it is alive after that."""
        with suppress(Superseded, CrashError):
            self._own.switch()
        return self.works

    @property
    def works(self) -> bool:
        """Whether it has begun, and is alive."""
        return bool(self._own)

    def die(self) -> None:
        """Let its turn be its death."""
        if self._own:
            with suppress(CrashError):
                self._own.throw(CrashError)


class Paused:
    """Something of which every method is called in a turn of its own."""

    def __init__(self, one: Any, pause: Callable[[], None]) -> None:
        self._one, self._pause = one, pause

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._one, name)

        def called(*arguments: Any, **named: Any) -> Any:
            self._pause()
            return method(*arguments, **named)

        return called


class OnceStore(MemoryStore):
    """A store that minds when an event is written that is there."""

    def insert(self, table: str, rows: Columns | list[Packed], token: str) -> None:
        if isinstance(rows, list):
            # Those of the events; the others are given by column.
            assert not self.stored_ids([one for part in rows for one in part["id"]]), (
                "an event is stored twice"
            )
        super().insert(table, rows, token)


class Cluster:
    """The log's partitions with their commits, the store, and the processes that work on them."""

    def __init__(self, random: Random, outliving: float = 0.0) -> None:
        self.random = random
        self._outliving = outliving
        self.partitions = random.randint(1, 7)
        self.store = OnceStore()
        self.limits: Limits = random.choice(OTHER_LIMITS)
        self.logs: dict[int, list[Delivered]] = {one: [] for one in (LINKS, *range(self.partitions))}
        self.topic: list[Announcement] = []
        self.commits = dict.fromkeys(self.logs, 0)
        self.now = 0
        self.actors: dict[int, Actor] = {}
        self.owned: dict[int, set[int]] = {}
        self._idle: set[int] = set()
        self._names: dict[int, str] = {}
        self._zombies: list[Actor] = []
        self._made = 0

    def partition_of(self, entity: str) -> int:
        return partition_of(entity, self.partitions)

    def append(self, partition: int, kind: str, lines: Sequence[bytes]) -> None:
        log = self.logs[partition]
        log.append(Delivered(0, partition, len(log), kind, 0, b"\n".join(lines)))
        self._idle.clear()

    def set_clock(self, now: int) -> None:
        self.now = now
        self._idle.clear()

    def send(self, messages: Sequence[Message]) -> None:
        """As a producer does: what was written before the process died stays."""
        for message in messages:
            to = LINKS if message.partition is None else message.partition
            for start in range(0, len(message.lines), 3):
                self.append(to, message.kind, message.lines[start : start + 3])

    def announce(self, announcements: Sequence[Announcement]) -> None:
        """As `send`, to the topic of frictions."""
        self.topic += announcements

    def set_limits(self, limits: Limits) -> None:
        """Begin a stage with other limits, as after a change of the settings."""
        if self.limits != limits:
            self.limits = limits
            self.kill(LINKS)
            self.begin(LINKS)

    def rebalance(self) -> None:
        """Reassign the partitions to one to four workers; restart each worker whose partitions change."""
        count = self.random.randint(1, 4)
        owned: dict[int, set[int]] = defaultdict(set)
        owned[LINKS] = {LINKS}
        for partition in range(self.partitions):
            owned[self.random.randrange(count)].add(partition)
        for number in [*self.actors]:
            if self.owned[number] != owned.get(number):
                self.kill(number)
        self.owned = dict(owned)
        for number in self.owned:
            self.begin(number)

    def begin(self, number: int) -> None:
        if number not in self.actors:
            self.actors[number] = Actor(lambda pause: self._work(number, pause))

    def kill(self, number: int) -> None:
        """It dies; or it stands still for so long that it is taken for dead, and goes on some time later."""
        self._idle.discard(number)
        self._names.pop(number, None)
        actor = self.actors.pop(number)
        if actor.works and self.random.random() < self._outliving:
            self._zombies.append(actor)
        else:
            actor.die()

    def _still_ours(self, number: int, name: str) -> None:
        """What Kafka answers to one who asks whether it still has its partitions."""
        if self._names.get(number) != name:
            raise Superseded

    def _work(self, number: int, pause: Callable[[], None]) -> None:
        mine = self.owned[number]
        self._made += 1
        name = self._names[number] = str(self._made)
        still_ours = partial(self._still_ours, number, name)
        store, sender = Paused(fenced(self.store, still_ours), pause), Paused(fenced(self, still_ours), pause)
        position = {partition: self.commits[partition] for partition in mine}
        done: object
        made: IdentityStage | PartitionWorker
        if number == LINKS:
            deciding = Deciding(self.random.randint(0, 5), self.limits)
            made = IdentityStage(store, self.partition_of, self.partitions, sender, name, deciding)
            made.flush((), self.now)
        else:
            setup = Setup(RULES, held_customers=self.random.randint(0, 3))
            made = PartitionWorker(store, setup, self.partition_of, mine.__contains__, sender, name)
        while True:
            pause()
            now = self.now
            records = [
                record
                for partition in sorted(mine)
                for record in self.logs[partition][position[partition] :][: self.random.randint(0, 4)]
            ]
            if isinstance(made, IdentityStage):
                at_end = len(self.logs[LINKS]) == position[LINKS] + len(records)
                done = made.flush(records, now, at_end) if records else None
            else:
                done = made.flush(records, now, now)
            for record in records:
                position[record.partition] = record.position + 1
            pause()
            through = all(len(self.logs[one]) == at for one, at in position.items())
            still_ours()
            if through or self.random.random() < 0.5:
                self.commits |= position
            if through and done is None and now == self.now:
                self._idle.add(number)

    def run(self, turns: int, deaths: float) -> None:
        """Give turns to whoever; some die, and begin again at their last commits.

        A turn would not move who is idle: it read all there is, and nothing falls due.
        """
        for _ in range(turns):
            number = self.random.choice([*self.actors])
            if self.random.random() < deaths:
                self.kill(number)
                self.begin(number)
            elif self.random.random() < deaths / 2:
                self.rebalance()
            elif self._zombies and self.random.random() < 0.5:
                zombie = self._zombies.pop(self.random.randrange(len(self._zombies)))
                if zombie.step():
                    self._zombies.append(zombie)
            elif number not in self._idle and not self.actors[number].step():
                self.kill(number)
                self.begin(number)

    def settle(self, deaths: float) -> None:
        """Give turns until nobody has anything to do; some die at first."""
        for turns in range(1_000):
            if self._idle == self.owned.keys():
                return
            self.run(10, deaths if turns < 30 else 0.0)
        raise AssertionError("it does not settle")

    def end(self) -> None:
        for actor in (*self.actors.values(), *self._zombies):
            actor.die()
