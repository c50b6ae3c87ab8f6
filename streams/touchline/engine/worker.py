"""The worker: reads the log, folds the customers touched, and writes what became of them.

The order of writing makes it effectively once (a crash between any two steps repeats and does not
double: ids are derived, and what is repeated is compared with what the store holds):

    0. the offset up to which the log is about to be worked off
    1. frictions, journeys, identities, quarantine, accounts
    2. events, or the entries of the ledger
    3. what the entries erase: frictions, journeys and identities, entries of the ledger, then events
    4. occurrences: the sets of identifiers that were not seen before, or those that are erased
    5. commit of the log's offset

Which pairs of identifiers are known follows from the occurrences that are stored, which are banned from
the ledger's entries that are, and both from nothing else, so that a repeated flush finds the same customers
to merge or to split as the one that was cut off. That is why occurrences come last, and what is erased goes
after everything else is written; events that a cut-off flush had stored are told to them again. And it is
repeated with the same records, even if more have come: with others, a customer could be passed by whose
rows are written. A worker that failed in a flush is of no use any more: make a new one, which begins at the
last commit.

A record of the ledger is a flush of its own. No identifier that it forgets is kept: its customers' rows
are deleted, not retracted, and of what was retracted for others in the past, ids of events remain.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice, takewhile

import msgspec

from touchline.engine.batch import (
    QUARANTINE_COLUMNS,
    columns,
    entry_columns,
    read_batch,
    read_entries,
)
from touchline.engine.deadlines import Deadlines
from touchline.engine.decisions import Decisions
from touchline.engine.erasure import Erasure, erasure
from touchline.engine.flushed import Flushed
from touchline.engine.folding import Changes, Folding
from touchline.engine.held import HELD_CUSTOMERS
from touchline.engine.ports import Columns, Log, Packed, Record, Store
from touchline.friction import RuleSet
from touchline.identity import Identities, Move, customer_id
from touchline.journeys import JOURNEY_GAP
from touchline.tables.rows import IdentityRow, OccurrenceRow
from touchline.vocabulary.event import Event

FLUSH_BYTES = 4 * 1024**2
"""A flush reads about this much of the log."""

FLUSH_RECORDS = 1_000
"""A flush reads at most this many records of the log."""

REFOLD_CUSTOMERS = 2_000
"""Customers that are folded together when no event asks for it."""

RECALLED_TOGETHER = 20_000
"""Entities whose customers are looked up together."""

IDENTIFIERS_A_CUSTOMER = 3
"""So many times the customers that are held are the identifiers of which it is in mind whose they are."""

REMEMBERED_IDENTITIES = 100_000
"""Identifiers of which the worker remembers that their row is written."""


class Worker:
    """One consumer of one log, and the only writer of its store."""

    def __init__(
        self,
        log: Log,
        store: Store,
        rules: RuleSet,
        journey_gap: int = JOURNEY_GAP,
        held_customers: int = HELD_CUSTOMERS,
    ) -> None:
        self._log = log
        self._store = store
        self._fingerprint = f"{rules.fingerprint}/{journey_gap}"
        self._decisions = Decisions(store.ledger())
        self._erasing: frozenset[str] = frozenset()
        self._before: Mapping[str, str] = {}
        self._having: set[str] = set()
        self._identities = Identities(self._decisions.bans, self._occurred)
        self._in_mind = IDENTIFIERS_A_CUSTOMER * held_customers
        self._deadlines = Deadlines(store.due())
        self._folding = Folding(
            store, rules, journey_gap, self._stored_events, self._deadlines, held_customers
        )
        # What was found missing by the clock stays so where no clock is given.
        self._newest = store.newest() or 0
        self._version = store.last_version()
        self._written: OrderedDict[str, str] = OrderedDict()
        self._position = self._flushing = log.committed()

    @property
    def next_deadline(self) -> int | None:
        """When a pending obligation falls due next (ms); None where nothing is pending."""
        return self._deadlines.next

    def read(self, most: int = FLUSH_RECORDS) -> Sequence[Record]:
        """The next records of the log, `most` or fewer; none at its end. One of the ledger comes alone.

        All of them are for one flush. After a flush that was cut off, they are those of that one.
        """
        begun = self._log.begun()
        if begun > self._position:
            return self._read_up_to(begun)
        records = self._log.read(self._position, limit_bytes=FLUSH_BYTES, limit_records=most)
        if records and records[0].kind == "ledger":
            return records[:1]
        return list(takewhile(lambda record: record.kind != "ledger", records))

    def flush(
        self, records: Sequence[Record], now: int | None = None, detected_at: int | None = None
    ) -> Flushed | None:
        """Take in `records`, and what falls due by `now`; None where there was nothing to do.

        Args:
            records: The next of the log, as `read` gave them; none, to look at deadlines alone.
            now: The evaluation time (ms). Without it, as for history, the newest event's time.
            detected_at: When the pipeline learns what this flush finds (ms); `now` if not given.
        """
        if records and records[0].kind == "ledger":
            return self._flush_ledger(records[0], now, detected_at)
        batch = read_batch(records, self._store, self._decisions.suppression)
        self._newest = max([self._newest, *(event.time for event in batch.events)])
        now = self._newest if now is None else now
        detected_at = now if detected_at is None else detected_at
        due = self._deadlines.fallen(now, REFOLD_CUSTOMERS)
        if not records and not due:
            return None
        self._version = max(self._version + 1, detected_at)
        # Where a flush is repeated, there may be rows of events that are not stored.
        repeated = self._log.begun() > self._position
        if records:
            self._flushing = records[-1].offset
            self._log.begin(self._flushing)

        self._identities.make_room(self._in_mind)
        sets = [event.identifiers for event in (*batch.events, *batch.repeated)]
        unseen = self._identities.unseen(sets)
        moves = self._identities.observe(sets)
        touched = {self._identities.customer_of(event.entity) for event in batch.events}
        moved = _names(moves)
        # A flush that was cut off may have given them to others.
        self._identities.recall(due)
        before = None if repeated else {move.identifier: move.before for move in moves}
        everyone = touched.union(map(self._identities.customer_of, due), moved)
        changes = self._write_customers(everyone, batch.events, moved, now, detected_at, before)
        self._write_identities(
            {one for event in batch.events for one in event.identifiers} | {move.identifier for move in moves}
        )
        self._write_quarantine(batch.quarantined)
        self._write_rows("accounts", batch.accounts)
        if batch.rows:
            self._insert("events", batch.rows)
        occurred = [OccurrenceRow(one, named) for named in sorted(unseen) for one in named]
        self._write_rows("occurrences", occurred)
        if records:
            self._commit(records[-1])
        return Flushed(
            records=len(records),
            stored=len(batch.events) + len(batch.repeated),
            duplicates=batch.duplicates,
            quarantined=len(batch.quarantined),
            suppressed=len(batch.suppressed),
            customers=len(everyone),
            frictions=changes.new,
            retracted=changes.retracted,
        )

    def _flush_ledger(self, record: Record, now: int | None, detected_at: int | None) -> Flushed:
        """Take in what an operator decided."""
        now = self._newest if now is None else now
        detected_at = now if detected_at is None else detected_at
        entries, quarantined = read_entries(record)
        self._version = max(self._version + 1, detected_at)
        self._flushing = record.offset
        self._log.begin(self._flushing)

        taken = self._decisions.take(entries)
        moves = [move for pair in taken.lifted for move in self._identities.unban(pair)]
        moves += [move for pair in taken.banned for move in self._identities.ban(pair)]
        gone = taken.gone
        going = erasure(self._store, self._identities, gone)
        touched = {self._identities.customer_of(entity) for entity in going.entities}
        moves += self._identities.lose(going.lost)
        touched |= _names(moves) | gone

        # What only these events told is not recalled any more.
        self._erasing = gone
        changes = self._write_customers(touched, [], touched, now, detected_at)
        self._write_identities({move.identifier for move in moves} - going.unseen)
        self._write_quarantine(quarantined)
        if taken.entries:
            self._write("ledger", entry_columns(taken.entries, self._version))
        if gone:
            self._erase(gone, going)
        self._erasing = frozenset()
        self._commit(record)
        return Flushed(
            records=1,
            stored=0,
            duplicates=0,
            quarantined=len(quarantined),
            suppressed=0,
            customers=len(touched),
            frictions=changes.new,
            retracted=changes.retracted,
        )

    def _erase(self, gone: frozenset[str], going: Erasure) -> None:
        """Delete what names these identifiers; the occurrences last, from which the rest follows."""
        for one in going.unseen:
            self._written.pop(one, None)
        customers = [customer_id(one) for one in sorted(going.unseen)]
        self._store.delete("frictions", customers)
        self._store.delete("journeys", customers)
        self._store.delete("identities", sorted(going.unseen))
        naming = self._decisions.forget(gone)
        for entry in naming:
            self._identities.unban(entry.pair)
        self._store.delete("ledger", [entry.id for entry in naming])
        self._store.delete_events(sorted(going.entities), sorted(gone))
        self._store.delete_sets(sorted(gone))

    @property
    def rules_in_force(self) -> bool:
        """Whether every customer is folded by these rules, or there is none yet."""
        return self._store.rules_in_force() in (None, self._fingerprint)

    def bring_rules_into_force(self, now: int | None = None, detected_at: int | None = None) -> int:
        """Fold every customer again if other rules were in force before; says how many that were."""
        now = self._newest if now is None else now
        detected_at = now if detected_at is None else detected_at
        if self._store.rules_in_force() == self._fingerprint:
            return 0
        everyone = sorted(self._everyone())
        for start in range(0, len(everyone), REFOLD_CUSTOMERS):
            self._identities.make_room(self._in_mind)
            self._version = max(self._version + 1, detected_at)
            some = set(everyone[start : start + REFOLD_CUSTOMERS])
            self._write_customers(some, [], some, now, detected_at)
        self._store.put_in_force(self._fingerprint, detected_at)
        return len(everyone)

    def _everyone(self) -> set[str]:
        found: set[str] = set()
        entities = iter(self._store.entities())
        while some := list(islice(entities, RECALLED_TOGETHER)):
            self._identities.make_room(self._in_mind)
            self._identities.recall(some)
            found.update(map(self._identities.customer_of, some))
        return found

    def _occurred(self, identifiers: Collection[str]) -> Iterator[tuple[str, ...]]:
        """The sets of identifiers seen so far that name one of these."""
        for named in self._store.sets_naming(sorted(identifiers)):
            if self._erasing.isdisjoint(named):
                yield named

    def _write_customers(
        self,
        touched: set[str],
        fresh: Iterable[Event],
        moved: set[str],
        now: int,
        detected_at: int,
        before: Mapping[str, str] | None = None,
    ) -> Changes:
        """Fold the customers and write the difference.

        `before` says whose the moved identifiers were, where the rows are still those of the stored events.
        """
        by_customer: dict[str, list[Event]] = defaultdict(list)
        for event in fresh:
            by_customer[self._identities.customer_of(event.entity)].append(event)
        self._before, self._having = before or {}, set()
        rowless = None if before is None else self._rowless
        changes = self._folding.changes(touched, by_customer, moved, now, detected_at, self._version, rowless)
        self._write_rows("frictions", changes.frictions)
        self._write_rows("journeys", changes.journeys)
        self._folding.wrote(changes)
        return changes

    def _stored_events(
        self, customers: Collection[str], later_than: int | None
    ) -> Iterator[tuple[str, Event]]:
        self._identities.recall(customers)
        members = {one for customer in customers for one in self._identities.members_of(customer)}
        for event in self._store.events_of(sorted(members), later_than):
            if self._erasing and not self._erasing.isdisjoint(event.identifiers):
                continue
            customer = self._identities.customer_of(event.entity)
            self._having.add(self._before.get(event.entity, customer))
            yield customer, event

    def _rowless(self, customer: str) -> bool:
        """Whether a customer, whose events now are loaded, had none before."""
        return customer not in self._having

    def _write_identities(self, identifiers: set[str]) -> None:
        rows = []
        for identifier in sorted(identifiers):
            customer = self._identities.customer_of(identifier)
            if self._written.get(identifier) != customer:
                self._written[identifier] = customer
                self._written.move_to_end(identifier)
                rows.append(
                    IdentityRow(entity=identifier, customer=customer_id(customer), version=self._version)
                )
        while len(self._written) > REMEMBERED_IDENTITIES:
            self._written.popitem(last=False)
        self._write_rows("identities", rows)

    def _read_up_to(self, offset: int) -> list[Record]:
        found: list[Record] = []
        position = self._position
        while position < offset:
            some = self._log.read(position, limit_bytes=FLUSH_BYTES, limit_records=FLUSH_RECORDS)
            found += (record for record in some if record.offset <= offset)
            position = some[-1].offset
        return found

    def _write_quarantine(self, rows: Sequence[Mapping[str, object]]) -> None:
        self._write("quarantine", {name: [row[name] for row in rows] for name in QUARANTINE_COLUMNS})

    def _commit(self, record: Record) -> None:
        self._position = record.offset
        self._log.commit(self._position)

    def _write_rows(self, table: str, rows: Sequence[msgspec.Struct]) -> None:
        if rows:
            self._write(table, columns(rows))

    def _write(self, table: str, columns: Columns) -> None:
        if any(columns.values()):
            self._insert(table, columns)

    def _insert(self, table: str, rows: Columns | list[Packed]) -> None:
        # Where rows have no version a later worker begins at the same: the offset tells its flush apart.
        self._store.insert(table, rows, token=f"{table}:{self._version}:{self._flushing}")


def _names(moves: Iterable[Move]) -> set[str]:
    return {name for move in moves for name in (move.before, move.after)}
