"""The worker of some partitions of a log that several workers share.

It stores the events of its partitions' entities, each once, and folds the customers whose strongest
identifier lies in its partitions; `touchline.identity.partitions` says what it tells the other workers. The
order of writing makes it effectively once:

    1. identities not seen before
    2. frictions and journeys, some customers after the other; quarantine, accounts
    3. events
    4. messages: pairs not seen before to the identity stage; forwarded events and reloads to other workers
    5. commit of the log's offsets, by whoever runs this worker, when `flush` has returned

A crash between any two steps repeats the flush, with the same records or others. An event that its record
had stored before is told again to everyone whom it concerns; what is derived from it is compared with what
the store holds. So nothing is told less than once, and whatever is told twice changes nothing. Of an entity
that has no identity yet, no flush has written anything: nothing else is asked of it.

All that it remembers is a cache of the store. It is made anew whenever its partitions change, and after
any failure.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from operator import attrgetter
from typing import Any, TypeVar

import msgspec

from touchline.engine.batch import (
    EVENT_KINDS,
    QUARANTINE_COLUMNS,
    Batch,
    Read,
    columns,
    read_batch,
    read_events,
    read_lines,
)
from touchline.engine.deadlines import Deadlines
from touchline.engine.decisions import Decisions
from touchline.engine.flushed import Flushed
from touchline.engine.folding import Changes, Folding
from touchline.engine.held import HELD_CUSTOMERS
from touchline.engine.messages import (
    Erasure,
    Message,
    MessageKind,
    Sender,
    decode_assignment,
    decode_forgotten,
    decode_reload,
    encoded,
)
from touchline.engine.owners import owned
from touchline.engine.ports import Columns, Packed, Record, Store
from touchline.friction import RuleSet
from touchline.identity import Arrived, Routed, customer_id, route
from touchline.journeys import JOURNEY_GAP
from touchline.vocabulary.event import Event

REMEMBERED = 200_000
"""Entities whose customer is remembered, and as many whose links and whose rows are known to be there."""

FOLDED_TOGETHER = 5_000
"""Customers whose events are loaded, and whose rows are written, together: a flush may touch very many."""

DUE_CUSTOMERS = 2_000
"""Customers that are looked at together when no event asks for it."""

UNREADABLE_LINES = 1_000
"""Unreadable lines of one flush that are quarantined; with more, a person must see what is wrong."""

KINDS = (*EVENT_KINDS, "accounts", "quarantine", "forwarded", "assignment", "reload", "forgotten")
"""What a worker reads; another kind is none of ours."""

_identifiers = attrgetter("identifiers")

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class TooMuchPoison(Exception):
    """So much of the log cannot be read that going on would hide why."""


class PartitionWorker:
    """The worker of the partitions that `here` says are its own.

    Args:
        store: Shared with the other workers.
        rules: What customers are folded by.
        partition_of: The partition of an entity.
        here: Whether a partition is this worker's.
        sender: The writing side of the log.
        name: Unlike that of any other worker of the store, ever.
        journey_gap: A silence longer than this (ms) ends a journey.
        held_customers: How many are held in memory at most.
    """

    def __init__(
        self,
        store: Store,
        rules: RuleSet,
        partition_of: Callable[[str], int],
        here: Callable[[int], bool],
        sender: Sender,
        name: str,
        journey_gap: int = JOURNEY_GAP,
        held_customers: int = HELD_CUSTOMERS,
    ) -> None:
        self._store, self._sender, self._name = store, sender, name
        self._partition_of = partition_of
        self._is_own = here
        self._decisions = Decisions(store.ledger())
        self._deadlines = Deadlines(self._pending())
        self._folding = Folding(store, rules, journey_gap, self._load, self._deadlines, held_customers)
        self._version = store.last_version()
        self._fresh: Mapping[str, list[Event]] = {}
        self._members: dict[str, list[str]] = {}
        self._strangers: set[str] = set()
        # What is in mind longest comes first.
        self._owners: dict[str, str] = {}
        self._linked: dict[tuple[str, ...], None] = {}
        self._named: dict[str, None] = {}
        fingerprint = f"{rules.fingerprint}/{journey_gap}"
        if store.rules_in_force() != fingerprint:
            sender.send([Message(None, "rules", encoded([fingerprint]))])

    @property
    def next_deadline(self) -> int | None:
        """When a pending obligation falls due next (ms); None where nothing is pending."""
        return self._deadlines.next

    @property
    def held_customers(self) -> int:
        """How many customers are held in memory."""
        return len(self._folding)

    def flush(self, records: Sequence[Record], now: int, detected_at: int) -> Flushed | None:
        """Take in records of its partitions, and what falls due by `now`; None where there was nothing to do.

        Args:
            records: The next of each partition, in order.
            now: The evaluation time (ms).
            detected_at: When the pipeline learns what this flush finds (ms).

        Raises:
            TooMuchPoison: too many lines cannot be read; nothing was written.
        """
        due = self._deadlines.fallen(now, DUE_CUSTOMERS)
        if not records and not due:
            return None
        unreadable: list[dict[str, Any]] = []
        forgotten = self._forgotten(records, unreadable)
        batch = read_batch(records, self._store, self._decisions.suppression)
        arrived = self._arrived(records, batch, unreadable)
        if len(unreadable) + batch.unreadable > UNREADABLE_LINES:
            raise TooMuchPoison(
                f"{len(unreadable) + batch.unreadable} lines of {len(records)} records cannot be read: see "
                "what writes to these topics; nothing but Touchline may"
            )
        self._version = max(self._version + 1, detected_at)
        routed = route(arrived, self._owners_of(arrived).__getitem__, self._here)

        self._fresh = routed.fresh
        touched = routed.anew.union(routed.fresh, due)
        self._strangers -= routed.anew
        reloads: dict[str, bool] = defaultdict(bool)
        for one in arrived.reloads:
            reloads[one.customer] |= one.unnamed
            if one.unnamed:
                self._named.pop(one.customer, None)
        # Something of them may be deleted, and the identity by which their rows are known.
        self._folding.let_go(reloads)
        sets = set(map(_identifiers, chain(batch.events, batch.repeated)))
        self._write_identities(chain.from_iterable(sets))
        found: Counter[str] = Counter()
        retracted = 0
        everyone = iter(touched)
        while some := list(islice(everyone, FOLDED_TOGETHER)):
            changes = self._fold(some, routed, reloads, now, detected_at)
            found.update(changes.new)
            retracted += changes.retracted
        self._write_quarantine([*batch.quarantined, *unreadable])
        self._write_rows("accounts", batch.accounts)
        if batch.rows:
            self._insert("events", batch.rows)
        self._tell(routed, sets, forgotten, set(map(_identifiers, batch.suppressed)))
        return Flushed(
            records=len(records),
            stored=len(batch.events) + len(batch.repeated),
            duplicates=batch.duplicates,
            quarantined=len(batch.quarantined) + len(unreadable),
            suppressed=len(batch.suppressed),
            customers=len(touched),
            frictions=dict(found),
            retracted=retracted,
            forwarded=sum(map(len, routed.forward.values())),
        )

    def _fold(
        self, some: list[str], routed: Routed, reloads: Mapping[str, bool], now: int, detected_at: int
    ) -> Changes:
        """Fold some of the touched customers, and write what became of them.

        `reloads` says of those who are to be folded anew whether no event is known any more that names them.
        """
        self._version += 1
        changes = self._folding.changes(
            some,
            routed.fresh,
            routed.anew,
            now,
            detected_at,
            self._version,
            self._strangers.__contains__,
        )
        told = [one for one in some if one in reloads]
        gone = {one for one in told if self._decisions.suppression.suppresses((one,))}
        unnamed = {one for one in told if reloads[one]} - gone
        named = {one for one in unnamed if changes.folded[one].journeys}
        self._write_identities(named)
        self._write_rows("frictions", changes.frictions)
        self._write_rows("journeys", changes.journeys)
        self._folding.wrote(changes)
        # Of a forgotten customer nothing is kept, not even what is no longer true.
        if gone := gone | unnamed - named:
            customers = [customer_id(one) for one in sorted(gone)]
            self._store.delete("frictions", customers)
            self._store.delete("journeys", customers)
            self._folding.let_go(gone)
        return changes

    def _here(self, customer: str) -> bool:
        return self._is_own(self._partition_of(customer))

    def _forgotten(self, records: Sequence[Record], unreadable: list[dict[str, Any]]) -> frozenset[str]:
        """Let no event in, from these records on, that names a forgotten identifier; gives the new ones."""
        told = _lines(records, "forgotten", decode_forgotten, unreadable)
        for one in told:
            self._decisions.take(one.entries)
        if told:
            # What was written of those who are let in again is written anew.
            self._linked.clear()
            self._named.clear()
        return frozenset(identifier for one in told for identifier in one.identifiers)

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
        assignments = _lines(records, "assignment", decode_assignment, unreadable)
        reloads = _lines(records, "reload", decode_reload, unreadable)
        return Arrived(batch.events, batch.repeated, forwarded, batch.suppressed, assignments, reloads)

    def _owners_of(self, arrived: Arrived) -> dict[str, str]:
        """Whose the entities of the events are. Of its own entities it is told when that changes."""
        for one in arrived.assignments:
            self._owners.pop(one.entity, None)
        came = chain(arrived.new, arrived.repeated, arrived.suppressed)
        own = {identifiers[0] for identifiers in map(_identifiers, came)}
        unknown = own.difference(self._owners)
        found = {entity: self._owners[entity] for entity in own - unknown}
        asked, self._members, self._strangers = owned(
            self._store, unknown.union(event.entity for event in arrived.forwarded)
        )
        _remember(self._owners, {entity: asked[entity] for entity in unknown})
        return found | asked

    def _load(self, customers: Collection[str], later_than: int | None) -> Iterator[tuple[str, Event]]:
        known = self._members
        asked = owned(self._store, set(customers).difference(known)).members_of
        customer_of = {
            entity: customer
            for customer in customers
            if customer not in self._strangers
            for entity in (known if customer in known else asked)[customer]
        }
        if stored := self._store.events_of(sorted(customer_of), later_than):
            # What others stored and forwarded to this flush comes as fresh.
            fresh = {event.id for customer in customers for event in self._fresh.get(customer, ())}
            for event in stored:
                if event.id not in fresh:
                    yield customer_of[event.identifiers[0]], event

    def _pending(self) -> Iterable[tuple[str, int]]:
        return ((customer, due_at) for customer, due_at in self._store.due() if self._here(customer))

    def _tell(
        self,
        routed: Routed,
        sets: Iterable[tuple[str, ...]],
        forgotten: frozenset[str],
        suppressed: set[tuple[str, ...]],
    ) -> None:
        lines: dict[tuple[int | None, MessageKind], list[bytes]] = defaultdict(list)
        links = {one for one in sets if len(one) > 1}.difference(self._linked)
        if fresh := sorted(links - self._store.known_sets(sorted(links))):
            lines[None, "links"] = encoded(fresh)
        if forgotten:
            named = sorted(forgotten)
            entities = tuple(one for one in self._store.entities_naming(named) if self._here(one))
            going = {one for one in self._store.identifier_sets_of(entities) if not forgotten.isdisjoint(one)}
            others = {one for identifiers in going for one in identifiers} - forgotten
            lines[None, "erasure"] = encoded([Erasure(entities, tuple(named), tuple(sorted(others)))])
        # They may have been named by a flush that was cut off.
        if suppressed := suppressed.difference(self._linked):
            others = {
                one
                for identifiers in suppressed
                for one in identifiers
                if not self._decisions.suppression.suppresses((one,))
            }
            lines[None, "erasure"] += encoded([Erasure((), (), tuple(sorted(others)))])
        for customer, forwarded in routed.forward.items():
            lines[self._partition_of(customer), "forwarded"] += encoded(forwarded)
        for reload in routed.reload:
            lines[self._partition_of(reload.customer), "reload"] += encoded([reload])
        if lines:
            self._sender.send([Message(*to, told) for to, told in lines.items()])
        _remember(self._linked, dict.fromkeys(links | suppressed))

    def _write_identities(self, identifiers: Iterable[str]) -> None:
        """Name each identifier, as a customer of its own: any row of the identity stage's counts for more."""
        named = sorted(set(identifiers).difference(self._named))
        customers, version = list(map(customer_id, named)), [0] * len(named)
        self._write("identities", {"entity": named, "customer": customers, "version": version})
        _remember(self._named, dict.fromkeys(named))

    def _write_quarantine(self, rows: Sequence[dict[str, Any]]) -> None:
        self._write("quarantine", {name: [row[name] for row in rows] for name in QUARANTINE_COLUMNS})

    def _write_rows(self, table: str, rows: Sequence[msgspec.Struct]) -> None:
        if rows:
            self._write(table, columns(rows))

    def _write(self, table: str, columns: Columns) -> None:
        if any(columns.values()):
            self._insert(table, columns)

    def _insert(self, table: str, rows: Columns | list[Packed]) -> None:
        self._store.insert(table, rows, token=f"{table}:{self._version}:{self._name}")


def _lines(
    records: Sequence[Record], kind: str, decode: Callable[[bytes], Read], unreadable: list[dict[str, Any]]
) -> list[Read]:
    return [
        one
        for record in records
        if record.kind == kind
        for one in read_lines(record, decode, kind, unreadable)
    ]


def _refuse(line: bytes) -> dict[str, Any]:
    raise msgspec.ValidationError("its record has no header that says what it is")


def _remember(known: dict[Key, Value], more: Mapping[Key, Value]) -> None:
    known.update(more)
    if (excess := len(known) - REMEMBERED) > 0:
        for key in list(islice(known, excess)):
            del known[key]
