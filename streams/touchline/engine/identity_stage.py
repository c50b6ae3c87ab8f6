"""The identity stage: the one process that decides which identifiers belong to one customer.

It reads the links, one partition, in order: sets of identifiers that occurred together, what operators
ordered, and what workers say is erased. It sends every change to the worker of the identifier's partition.

The stage is a cache of the store: it loads the neighbourhood of what comes, in one query a step, and keeps a
bounded number of identifiers. Its start reads the ledger and nothing else, however many customers there are.

A stage that was cut off may have sent what it decided without recording it. So until a new stage has read
the links to their end, it writes and sends again the customer of every identifier near a set that is not
recorded.

An operator's order to forget is recorded first and then sent to every partition's worker; from there on no
worker lets in an event that names the identifiers. When a worker has stored the last of them, it answers with
the entities that have such events (`Erasure`). Those events are deleted then, and their customers reloaded.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from touchline.engine.batch import read_entries, read_lines
from touchline.engine.flush import Deletions, Flush, Writer
from touchline.engine.identity.decider import Decided, Decider, Identifiers, RefoldProgress, unseen_progress
from touchline.engine.messages import (
    Erasure,
    Forgotten,
    Message,
    MessageKind,
    Sender,
    decode_erasure,
    decode_link,
    decode_rules,
    encoded,
)
from touchline.engine.ports import REFOLDING, InForce, Record, Store
from touchline.identity import CACHED_IDENTIFIERS, LIMITS, Assignment, Limits, Move, Reload


class Processed(NamedTuple):
    """What the stage did with some records: counts."""

    records: int
    links: int
    moves: int
    quarantined: int


@dataclass(slots=True)
class _Intake:
    """What one flush takes in."""

    decided: Decided
    sets: list[Identifiers] = field(default_factory=list)
    erasures: list[Erasure] = field(default_factory=list)
    rules: list[InForce] = field(default_factory=list)
    quarantined: list[dict[str, Any]] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)


class Deciding(NamedTuple):
    """How the stage decides.

    Attributes:
        cached: Identifiers that are cached at most.
        limits: How many identifiers of a kind a customer may have.
        progress: Called while every customer is sent to be refolded.
    """

    cached: int = CACHED_IDENTIFIERS
    limits: Limits = LIMITS
    progress: RefoldProgress = unseen_progress


DECIDING = Deciding()
"""With the default limits and cache."""


class IdentityStage:
    """Decides, and sends what it decides to the workers.

    Args:
        store: Shared with the workers.
        partition_of: The partition of an entity.
        partitions: How many there are.
        sender: The writing side of the log.
        name: Unique among all stages and workers that the store ever had.
        deciding: How it decides.
    """

    def __init__(
        self,
        store: Store,
        partition_of: Callable[[str], int],
        partitions: int,
        sender: Sender,
        name: str,
        deciding: Deciding = DECIDING,
    ) -> None:
        self._store, self._name = store, name
        self._partition_of, self._partitions = partition_of, range(partitions)
        self._version = store.last_version()
        self._decider = Decider(store, deciding.cached, deciding.limits)
        self._progress = deciding.progress
        self._writer = Writer(store, sender=sender)
        self._catching_up = True
        self._law_is_checked = False

    def flush(self, records: Sequence[Record], at: int, at_end: bool = False) -> Processed:
        """Process the next records at a time (ms); `at_end` says whether they are the last for now.

        The first flush decides about every identifier again, if another law was in force before.
        """
        if not self._law_is_checked:
            self._bring_law_into_force(at)
            self._law_is_checked = True
        total = Processed(len(records), 0, 0, 0)
        for portion in _portions(records):
            done = self._process(portion, at)
            total = Processed(
                total.records,
                total.links + done.links,
                total.moves + done.moves,
                total.quarantined + done.quarantined,
            )
        self._catching_up = self._catching_up and not at_end
        return total

    def _process(self, records: Sequence[Record], at: int) -> Processed:
        intake = _Intake(self._decider.begin())
        for record in records:
            self._read(record, intake)
        self._observe(intake)
        deletions = self._deletions(intake)
        decided = intake.decided
        self._version = max(self._version + 1, at)
        self._writer.carry_out(
            Flush(
                version=self._version,
                token=self._name,
                suppressions=decided.suppressions,
                identities=[
                    row
                    for row in self._decider.rows(decided, self._version)
                    if row.entity not in deletions.identities
                ],
                deletions=deletions,
                quarantine=intake.quarantined,
                messages=[intake.messages],
                link_entries=decided.link_entries,
                sets=decided.sets,
            )
        )
        for rules in intake.rules:
            self._bring_into_force(rules, at)
        return Processed(len(records), len(decided.sets), len(decided.moves), len(intake.quarantined))

    def _read(self, record: Record, intake: _Intake) -> None:
        if record.kind == "links":
            sets = read_lines(record, decode_link, "set of identifiers", intake.quarantined)
            intake.sets += (named for named in sets if not self._decider.suppression.suppresses(named))
        elif record.kind == "ledger":
            entries, unreadable = read_entries(record)
            intake.quarantined += unreadable
            gone = self._decider.decide(entries, intake.decided)
            if gone:
                self._decider.forget(gone, intake.decided)
            if orders := tuple(intake.decided.suppressions):
                lines = encoded([Forgotten(orders, tuple(sorted(gone)))])
                intake.messages += (Message(partition, "forgotten", lines) for partition in self._partitions)
        elif record.kind == "erasure":
            intake.erasures += read_lines(record, decode_erasure, "erasure", intake.quarantined)
        elif record.kind == "rules":
            intake.rules += read_lines(record, decode_rules, "fingerprint of rules", intake.quarantined)

    def _observe(self, intake: _Intake) -> None:
        """Decide about the sets that came, and announce what moved."""
        decided = intake.decided
        if self._catching_up:
            self._decider.republish(intake.sets, decided)
        else:
            self._decider.observe(intake.sets, decided)
        intake.messages += self._addressed("assignment", map(_assignment, decided.moves))

    def _deletions(self, intake: _Intake) -> Deletions:
        """What is deleted: by a decision, and because workers have answered it."""
        suppression, customer_of = self._decider.suppression, self._decider.identities.customer_of
        events = tuple(
            (
                frozenset(erasure.entities),
                frozenset(name for name in erasure.identifiers if suppression.suppresses((name,))),
            )
            for erasure in intake.erasures
        )
        entities = frozenset().union(*(pair[0] for pair in events))
        naming = frozenset().union(*(pair[1] for pair in events))
        others = {identifier for erasure in intake.erasures for identifier in erasure.others}
        unseen = self._decider.unseen(others) if others else set()
        reloads = {customer_of(entity) for entity in entities}.union(entities, naming)
        intake.messages += self._addressed("reload", ((one, Reload(one)) for one in sorted(reloads)))
        # An event that names one may be on its way: its worker writes again what it wrote of it before. The
        # stage may have deleted more before it was cut off than it finds unseen now, so all of them are sent.
        intake.messages += self._addressed(
            "reload", ((name, Reload(name, unnamed=True)) for name in sorted(others))
        )
        forgotten = intake.decided.forgotten
        return Deletions(
            events=events,
            identities=forgotten | naming | unseen,
            entries=tuple(intake.decided.lapsed),
            sets=forgotten,
        )

    def _bring_law_into_force(self, at: int) -> None:
        law = self._decider.law
        if self._store.law_in_force() == law:
            return
        of = self._store.identity_count()
        if of:
            self._put_law_in_force(REFOLDING, at)
        for changed, everyone, done in self._decider.redecide():
            self._version = max(self._version + 1, at)
            self._writer.carry_out(
                Flush(
                    version=self._version,
                    token=self._name,
                    identities=self._decider.rows(changed, self._version),
                    messages=[self._addressed("assignment", map(_assignment, everyone))],
                )
            )
            self._progress(done, of)
        self._put_law_in_force(law, at)

    def _put_law_in_force(self, law: str, at: int) -> None:
        self._version = max(self._version + 1, at)
        self._writer.carry_out(Flush(version=self._version, token=self._name, law=law, detected_at=at))

    def _bring_into_force(self, rules: InForce, at: int) -> None:
        """Have every customer refolded, if other rules were in force before."""
        before = self._store.rules_in_force()
        if before == rules.fingerprint:
            return
        # Where none were, all that is folded so far was folded by these.
        messages = self._everyone() if before is not None else iter(())
        self._version = max(self._version + 1, at)
        self._writer.carry_out(
            Flush(
                version=self._version,
                token=self._name,
                messages=messages,
                rules=rules,
                detected_at=at,
            )
        )

    def _everyone(self) -> Iterator[list[Message]]:
        """Messages to reload every customer, a portion at a time."""
        of = self._store.identity_count()
        for _, everyone, done in self._decider.redecide():
            customers = {move.after for move in everyone}
            yield self._addressed("reload", ((one, Reload(one)) for one in sorted(customers)))
            self._progress(done, of)

    def _addressed(
        self, kind: MessageKind, values: Iterable[tuple[str, Assignment | Reload]]
    ) -> list[Message]:
        """One message for each partition, with the values for its entities."""
        lines: dict[int, list[bytes]] = defaultdict(list)
        for entity, value in values:
            lines[self._partition_of(entity)] += encoded([value])
        return [Message(partition, kind, found) for partition, found in lines.items()]


def _assignment(move: Move) -> tuple[str, Assignment]:
    return move.identifier, Assignment(*move)


def _portions(records: Sequence[Record]) -> Iterator[list[Record]]:
    """The records of one flush after the other: one of the ledger comes alone."""
    portion: list[Record] = []
    for record in records:
        if record.kind != "ledger":
            portion.append(record)
            continue
        if portion:
            yield portion
        yield [record]
        portion = []
    if portion:
        yield portion
