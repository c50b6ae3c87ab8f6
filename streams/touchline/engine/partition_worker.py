"""The worker of some partitions of a log that several workers share.

It stores the events of its partitions' entities, each once, and folds the customers whose strongest
identifier lies in its partitions. `touchline.identity.partitions` defines what it sends to the other workers.
Everything it remembers is a cache of the store; make a new worker whenever its partitions change, and after
any failure.

After a crash a flush may be repeated with other records. An event that its record had stored before is
announced again to every customer that it concerns; what is derived from it is compared with the store's rows.
So every message is sent at least once, and a message that comes twice changes nothing.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any

import msgspec

from touchline.engine.batch import EVENT_KINDS, Batch, Read, read_batch, read_events, read_lines
from touchline.engine.engine import Engine, Flushed, Recent, Setup
from touchline.engine.identity.decisions import Decisions
from touchline.engine.identity.ownership import Owners, StoredOwnership, look_up
from touchline.engine.messages import (
    Erasure,
    Message,
    MessageKind,
    Publisher,
    decode_assignment,
    decode_forgotten,
    decode_reload,
    encoded,
)
from touchline.engine.plan import Intake, reloads_of
from touchline.engine.ports import Record, Store
from touchline.identity import Arrived, Routed, route
from touchline.vocabulary.event import Event

KINDS = (*EVENT_KINDS, "accounts", "quarantine", "forwarded", "assignment", "reload", "forgotten")
"""The kinds of records that a worker reads."""

_identifiers: Callable[[Event], tuple[str, ...]] = attrgetter("identifiers")


class PartitionWorker:
    """The worker of the partitions that `is_own` accepts.

    Args:
        store: Shared with the other workers.
        setup: How customers are folded.
        partition_of: The partition of an entity.
        is_own: Whether a partition is this worker's.
        sender: The writing side of the log.
        name: Unique among all workers that the store ever had.
    """

    def __init__(
        self,
        store: Store,
        setup: Setup,
        partition_of: Callable[[str], int],
        is_own: Callable[[int], bool],
        sender: Publisher,
        name: str,
    ) -> None:
        self._store, self._name = store, name
        self._partition_of, self._is_own = partition_of, is_own
        self._decisions = Decisions(store.ledger())
        self._engine = Engine(store, setup, self._pending(), sender)
        self._owners: Recent[str, str] = Recent()
        # Sets of identifiers that the identity stage knows, or was sent.
        self._sets: Recent[tuple[str, ...], None] = Recent()
        if store.rules_in_force() != setup.fingerprint:
            sender.send([Message(None, "rules", encoded([setup.in_force]))])

    @property
    def next_deadline(self) -> int | None:
        """When a pending obligation falls due next (ms); None where nothing is pending."""
        return self._engine.next_deadline

    @property
    def held_customers(self) -> int:
        """How many customers are held in memory."""
        return len(self._engine.folding)

    def flush(self, records: Sequence[Record], now: int, detected_at: int) -> Flushed | None:
        """Process records, and the obligations that fall due by `now`; None where there is nothing to do.

        Args:
            records: The next of each partition, in order.
            now: The evaluation time (ms).
            detected_at: When the pipeline learns what this flush finds (ms).

        Raises:
            TooMuchPoison: too many lines cannot be read; nothing was written.
        """
        due = self._engine.due(now)
        if not records and not due:
            return None
        unreadable: list[dict[str, Any]] = []
        forgotten = self._forget(records, unreadable)
        batch = read_batch(records, self._store, self._decisions.suppression)
        arrived = self._arrived(records, batch, unreadable)
        owners = self._look_up(arrived)
        routed = route(arrived, owners.customer_of.__getitem__, self._here)
        # A customer without a row in the identities table has no other rows either.
        new = owners.unknown - routed.refolds
        ownership = StoredOwnership(self._store, owners, routed.fresh, new, self._decisions.suppression)
        sets = set(map(_identifiers, chain(batch.events, batch.repeated)))
        announced = {named for named in sets if len(named) > 1} | set(map(_identifiers, batch.suppressed))
        intake = Intake(
            token=self._name,
            batch=batch,
            unreadable=unreadable,
            routed=routed,
            reloads=reloads_of(list(arrived.reloads)),
            due=due,
            identifiers=set(chain.from_iterable(sets)),
            suppression=self._decisions.suppression,
            messages=self._messages(routed, batch, sets, forgotten),
        )
        flushed = self._engine.flush(intake, ownership, self._engine.moment(now, detected_at), len(records))
        self._sets.add((named, None) for named in announced)
        return flushed

    def _here(self, customer: str) -> bool:
        return self._is_own(self._partition_of(customer))

    def _pending(self) -> Iterable[tuple[str, int]]:
        return ((customer, due_at) for customer, due_at in self._store.due() if self._here(customer))

    def _forget(self, records: Sequence[Record], unreadable: list[dict[str, Any]]) -> frozenset[str]:
        """Let no event in, from these records on, that names a forgotten identifier; returns the new ones."""
        orders = _decoded(records, "forgotten", decode_forgotten, unreadable)
        for order in orders:
            self._decisions.take(order.entries)
        if orders:
            # Rows of identifiers that are readmitted are written again.
            self._sets.clear()
            self._engine.named.clear()
        return frozenset(identifier for order in orders for identifier in order.identifiers)

    def _arrived(self, records: Sequence[Record], batch: Batch, unreadable: list[dict[str, Any]]) -> Arrived:
        suppression = self._decisions.suppression
        forwarded = [
            event
            for record in records
            if record.kind == "forwarded"
            for event in read_events(record, unreadable)
            if not suppression.suppresses(event.identifiers)
        ]
        for record in records:
            if record.kind not in KINDS:
                unreadable += [*read_lines(record, _refuse, "line of this program's", unreadable)]
        assignments = _decoded(records, "assignment", decode_assignment, unreadable)
        reloads = _decoded(records, "reload", decode_reload, unreadable)
        return Arrived(batch.events, batch.repeated, forwarded, batch.suppressed, assignments, reloads)

    def _look_up(self, arrived: Arrived) -> Owners:
        """The owners of the events' entities. A message says when the owner of an own entity may change."""
        if assigned := {assignment.entity for assignment in arrived.assignments}:
            self._owners.discard(assigned)
            # A stage that sends an identifier again does not say which customer it left. It sends that
            # customer too, perhaps earlier: from that refold on, the customer gets no event of what left it.
            self._owners.discard_values(assigned)
        came = chain(arrived.new, arrived.repeated, arrived.suppressed)
        own = {identifiers[0] for identifiers in map(_identifiers, came)}
        unknown = self._owners.unknown(own)
        cached = {entity: self._owners[entity] for entity in own - unknown}
        found = look_up(self._store, unknown.union(event.entity for event in arrived.forwarded))
        self._owners.add((entity, found.customer_of[entity]) for entity in unknown)
        return found._replace(customer_of=cached | found.customer_of)

    def _messages(
        self, routed: Routed, batch: Batch, sets: set[tuple[str, ...]], forgotten: frozenset[str]
    ) -> list[Message]:
        lines: dict[tuple[int | None, MessageKind], list[bytes]] = defaultdict(list)
        links = self._sets.unknown(named for named in sets if len(named) > 1)
        if new := sorted(links - self._store.known_sets(sorted(links))):
            lines[None, "links"] = encoded(new)
        if forgotten:
            lines[None, "erasure"] = encoded([self._erasure(forgotten)])
        # A flush that was cut off may have named these.
        if suppressed := self._sets.unknown(map(_identifiers, batch.suppressed)):
            others = {
                identifier
                for named in suppressed
                for identifier in named
                if not self._decisions.suppression.suppresses((identifier,))
            }
            lines[None, "erasure"] += encoded([Erasure((), (), tuple(sorted(others)))])
        for customer, events in routed.forward.items():
            lines[self._partition_of(customer), "forwarded"] += encoded(events)
        for reload in routed.reload:
            lines[self._partition_of(reload.customer), "reload"] += encoded([reload])
        return [Message(*destination, encoded_lines) for destination, encoded_lines in lines.items()]

    def _erasure(self, forgotten: frozenset[str]) -> Erasure:
        """What this worker's entities have stored that names a forgotten identifier."""
        named = sorted(forgotten)
        entities = tuple(entity for entity in self._store.entities_naming(named) if self._here(entity))
        going = {
            identifiers
            for identifiers in self._store.identifier_sets_of(entities)
            if not forgotten.isdisjoint(identifiers)
        }
        others = {identifier for identifiers in going for identifier in identifiers} - forgotten
        return Erasure(entities, tuple(named), tuple(sorted(others)))


def _decoded(
    records: Sequence[Record], kind: str, decode: Callable[[bytes], Read], unreadable: list[dict[str, Any]]
) -> list[Read]:
    return [
        value
        for record in records
        if record.kind == kind
        for value in read_lines(record, decode, kind, unreadable)
    ]


def _refuse(line: bytes) -> dict[str, Any]:
    raise msgspec.ValidationError("its record has no header that says what it is")
