"""The identity stage: the one place in which it is decided whose an identifier is.

It reads the links, one partition, in order: sets of identifiers that occurred together, and what operators
decided. The order of writing:

    1. identities
    2. assignments, to the worker of each entity that changed hands
    3. the links, and the entries of the ledger, that were taken into account
    4. commit of the log's offset, by whoever runs this stage, when `flush` has returned

Whom an operator forgets is in the ledger first and told to every partition's worker then: from there on it
lets nothing in that names them. When it has stored the last of it, it says of which entities (`Erasure`);
that is deleted then, and whoever had it folded anew, who thus finds nothing of it.

What it knows is a function of the links and of the ledger's entries that are stored. They are stored last.
The events that told of links are stored before these come, so that a stage begins with all links that one
which was cut off may have decided, and says of everyone whom they concern whose they are.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

from touchline.engine.batch import QUARANTINE_COLUMNS, columns, entry_columns, read_entries, read_lines
from touchline.engine.decisions import Decisions
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
from touchline.engine.ports import Record, Store
from touchline.identity import Assignment, Entry, Identities, Move, Reload, customer_id
from touchline.tables.rows import IdentityRow, OccurrenceRow

RELOADS_TOGETHER = 10_000
"""Customers that are sent to be folded anew at a time, when other rules are in force."""


class Decided(NamedTuple):
    """What one flush did: counts."""

    records: int
    links: int
    moves: int
    quarantined: int


@dataclass
class _Taken:
    """What one flush took in: to write, to tell, and to delete."""

    moves: list[Move] = field(default_factory=list)
    sets: list[tuple[str, ...]] = field(default_factory=list)
    kept: list[Entry] = field(default_factory=list)
    gone: frozenset[str] = frozenset()
    lapsed: list[str] = field(default_factory=list)
    others: set[str] = field(default_factory=set)
    quarantined: list[dict[str, Any]] = field(default_factory=list)


class IdentityStage:
    """Decides whose identifiers are, and tells the workers.

    Args:
        store: Shared with the workers.
        partition_of: The partition of an entity.
        partitions: How many there are.
        sender: The writing side of the log.
        name: Unlike that of any other stage or worker of the store, ever.
    """

    def __init__(
        self, store: Store, partition_of: Callable[[str], int], partitions: int, sender: Sender, name: str
    ) -> None:
        self._store, self._sender, self._name = store, sender, name
        self._partition_of, self._partitions = partition_of, range(partitions)
        self._version = store.last_version()
        self._decisions = Decisions(store.ledger())
        self._identities = Identities(self._decisions.bans)
        self._linked = set(store.all_sets())
        self._identities.observe(self._linked)

    def adopt(self, at: int) -> int:
        """Take in links that are stored in events alone; says how many.

        They are those of one worker without a stage, or of a stage that was cut off. That one may have
        decided some of them, in another order, written whose identifiers are by that, and told it. So of all
        whom they concern it is written and told once more, whether it changed or not.
        """
        suppression = self._decisions.suppression
        sets = sorted(
            one
            for one in self._store.identifier_sets()
            if one not in self._linked and not suppression.suppresses(one)
        )
        near = sorted(self._identities.adopt(sets))
        self._linked.update(sets)
        self._apply([Move(one, one, self._identities.customer_of(one)) for one in near], sets, at)
        self._keep(sets, [])
        return len(sets)

    def flush(self, records: Sequence[Record], at: int) -> Decided:
        """Take in the next records, `at` a time (ms)."""
        taken = _Taken()
        for record in records:
            if record.kind == "links":
                for one in read_lines(record, decode_link, "set of identifiers", taken.quarantined):
                    if one not in self._linked and not self._decisions.suppression.suppresses(one):
                        taken.sets.append(one)
                        taken.moves += self._observed(one)
            elif record.kind == "ledger":
                self._decide(record, taken, at)
            elif record.kind == "erasure":
                for erasure in read_lines(record, decode_erasure, "erasure", taken.quarantined):
                    self._erase(erasure)
                    taken.others.update(erasure.others)
            elif record.kind == "rules":
                for fingerprint in read_lines(
                    record, decode_rules, "fingerprint of rules", taken.quarantined
                ):
                    self._bring_into_force(fingerprint, at)
        self._apply(taken.moves, taken.sets, at)
        if taken.quarantined:
            self._insert(
                "quarantine", {name: [row[name] for row in taken.quarantined] for name in QUARANTINE_COLUMNS}
            )
        self._keep(taken.sets, taken.kept)
        if taken.gone:
            self._store.delete_sets(sorted(taken.gone))
            self._store.delete("ledger", taken.lapsed)
            self._store.delete("identities", sorted(taken.gone))
        if taken.others:
            self._unname(taken.others)
        return Decided(len(records), len(taken.sets), len(taken.moves), len(taken.quarantined))

    def _observed(self, identifiers: tuple[str, ...]) -> list[Move]:
        self._linked.add(identifiers)
        return self._identities.observe([identifiers])

    def _decide(self, record: Record, taken: "_Taken", at: int) -> None:
        """Take in what an operator decided; whom it forgets no worker lets in from then on."""
        entries, unreadable = read_entries(record)
        taken.quarantined += unreadable
        decided = self._decisions.take(entries)
        for pair in sorted(decided.lifted):
            taken.moves += self._identities.unban(pair)
        for pair in sorted(decided.banned):
            taken.moves += self._identities.ban(pair)
        taken.kept += [entry for entry in decided.entries if "split" in entry.what]
        if told := tuple(entry for entry in decided.entries if "split" not in entry.what):
            # At once: a worker that begins from now on knows it from the ledger.
            self._version = max(self._version + 1, at)
            self._insert("ledger", entry_columns(told, self._version))
            self._forget(decided.gone, taken)
            line = encoded([Forgotten(told, tuple(sorted(decided.gone)))])
            self._sender.send([Message(partition, "forgotten", line) for partition in self._partitions])

    def _forget(self, gone: frozenset[str], taken: "_Taken") -> None:
        """Pairs that occurred in nothing but what goes never occurred; nothing in the ledger names it."""
        going = {one for one in self._linked if not gone.isdisjoint(one)}
        self._linked -= going
        taken.moves += self._identities.lose(going)
        lapsed = self._decisions.forget(gone)
        for entry in lapsed:
            taken.moves += self._identities.unban(entry.pair)
        taken.lapsed += [entry.id for entry in lapsed]
        taken.kept = [entry for entry in taken.kept if gone.isdisjoint(entry.identifiers)]
        taken.sets = [one for one in taken.sets if gone.isdisjoint(one)]
        taken.gone |= gone

    def _erase(self, erasure: Erasure) -> None:
        """Delete what an entity's worker says is all there is, then have its customers folded anew."""
        gone = [one for one in erasure.identifiers if self._decisions.suppression.suppresses((one,))]
        self._store.delete_events(erasure.entities, gone)
        self._store.delete("identities", gone)
        customers = {self._identities.customer_of(one) for one in erasure.entities}
        self._send("reload", ((one, Reload(one)) for one in sorted(customers.union(erasure.entities, gone))))

    def _unname(self, others: set[str]) -> None:
        """Keep nothing of those that no event names any more.

        One may be on its way that does: what its worker wrote of it, it writes again when it is told.
        """
        known = (*self._linked, *self._store.identifier_sets_of(sorted(others)))
        seen = {one for named in known if not self._decisions.suppression.suppresses(named) for one in named}
        unseen = sorted(others - seen)
        self._store.delete("identities", unseen)
        self._send("reload", ((one, Reload(one, unnamed=True)) for one in unseen))

    def _apply(self, moves: Sequence[Move], sets: Iterable[tuple[str, ...]], at: int) -> None:
        """Write whose the identifiers are, and tell the workers, move by move: none may be passed by."""
        self._version = max(self._version + 1, at)
        named = {one for identifiers in sets for one in identifiers} | {move.identifier for move in moves}
        if named:
            rows = [
                IdentityRow(
                    entity=one,
                    customer=customer_id(self._identities.customer_of(one)),
                    version=self._version,
                )
                for one in sorted(named)
            ]
            self._insert("identities", columns(rows))
        self._send("assignment", ((move.identifier, Assignment(*move)) for move in moves))

    def _keep(self, sets: Sequence[tuple[str, ...]], kept: Sequence[Entry]) -> None:
        if sets:
            self._insert(
                "occurrences", columns([OccurrenceRow(one, named) for named in sets for one in named])
            )
        if kept:
            self._insert("ledger", entry_columns(kept, self._version))

    def _bring_into_force(self, fingerprint: str, at: int) -> None:
        """Have every customer folded anew, if other rules were in force before."""
        before = self._store.rules_in_force()
        if before == fingerprint:
            return
        # Where none were, all that is folded so far was folded by these.
        if before is not None:
            everyone = iter({self._identities.customer_of(entity) for entity in self._store.entities()})
            while some := list(islice(everyone, RELOADS_TOGETHER)):
                self._send("reload", ((customer, Reload(customer)) for customer in some))
        self._store.put_in_force(fingerprint, at)

    def _send(self, kind: MessageKind, told: Iterable[tuple[str, Assignment | Reload]]) -> None:
        lines: dict[int, list[bytes]] = defaultdict(list)
        for entity, one in told:
            lines[self._partition_of(entity)] += encoded([one])
        if lines:
            self._sender.send([Message(partition, kind, some) for partition, some in lines.items()])

    def _insert(self, table: str, rows: dict[str, Sequence[object]]) -> None:
        self._store.insert(table, rows, token=f"{table}:{self._version}:{self._name}")
