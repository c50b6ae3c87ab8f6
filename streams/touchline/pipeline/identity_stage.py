"""The identity stage: the one place in which it is decided whose an identifier is.

It reads the links, one partition, in order: sets of identifiers that occurred together, and what operators
decided. The order of writing:

    1. identities
    2. assignments, to the worker of each entity that changed hands
    3. the links, and the entries of the ledger, that were taken into account
    4. commit of the log's offset, by whoever runs this stage, when `flush` has returned

What it knows is a function of the links and of the ledger's entries that are stored. They are stored last,
and each link is decided by itself, so that a repeated flush decides the same, one after the other, as the
one that was cut off.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from touchline.identity import Assignment, Entry, Identities, Move, Reload, customer_id
from touchline.pipeline.batch import QUARANTINE_COLUMNS, columns, entry_columns, read_entries, read_lines
from touchline.pipeline.decisions import Decisions
from touchline.pipeline.messages import Message, MessageKind, Sender, decode_link, decode_rules, encoded
from touchline.pipeline.ports import Record, Store
from touchline.tables.rows import IdentityRow

RELOADS_TOGETHER = 10_000
"""Customers that are sent to be folded anew at a time, when other rules are in force."""


class Decided(NamedTuple):
    """What one flush did: counts."""

    records: int
    links: int
    moves: int
    quarantined: int


class IdentityStage:
    """Decides whose identifiers are, and tells the workers.

    Args:
        store: Shared with the workers.
        partition_of: The partition of an entity.
        sender: The writing side of the log.
        name: Unlike that of any other stage or worker of the store, ever.
    """

    def __init__(self, store: Store, partition_of: Callable[[str], int], sender: Sender, name: str) -> None:
        self._store, self._sender, self._name = store, sender, name
        self._partition_of = partition_of
        self._version = store.last_version()
        self._decisions = Decisions(store.ledger())
        self._identities = Identities(self._decisions.bans)
        self._linked = set(store.links())
        self._identities.observe(self._linked)

    def adopt(self, at: int) -> int:
        """Take in what one worker alone stored, before there was this stage; says how many sets that were."""
        if self._linked:
            return 0
        sets = sorted(self._store.identifier_sets())
        self._apply([move for one in sets for move in self._observed(one)], sets, at)
        self._keep(sets, [])
        return len(sets)

    def flush(self, records: Sequence[Record], at: int) -> Decided:
        """Take in the next records, `at` a time (ms)."""
        moves: list[Move] = []
        sets: list[tuple[str, ...]] = []
        kept: list[Entry] = []
        quarantined: list[dict[str, Any]] = []
        for record in records:
            if record.kind == "links":
                for one in read_lines(record, decode_link, "set of identifiers", quarantined):
                    if one not in self._linked:
                        sets.append(one)
                        moves += self._observed(one)
            elif record.kind == "ledger":
                moves += self._decide(record, kept, quarantined)
            elif record.kind == "rules":
                for fingerprint in read_lines(record, decode_rules, "fingerprint of rules", quarantined):
                    self._bring_into_force(fingerprint, at)
        self._apply(moves, sets, at)
        if quarantined:
            self._insert(
                "quarantine", {name: [row[name] for row in quarantined] for name in QUARANTINE_COLUMNS}
            )
        self._keep(sets, kept)
        return Decided(len(records), len(sets), len(moves), len(quarantined))

    def _observed(self, identifiers: tuple[str, ...]) -> list[Move]:
        self._linked.add(identifiers)
        return self._identities.observe([identifiers])

    def _decide(self, record: Record, kept: list[Entry], quarantined: list[dict[str, Any]]) -> Iterator[Move]:
        entries, unreadable = read_entries(record)
        quarantined += unreadable
        # What is forgotten would have to go from every worker's memory as well: the command does not send it.
        taken = self._decisions.take(entry for entry in entries if entry.what in ("split", "unsplit"))
        kept += taken.entries
        for pair in sorted(taken.lifted):
            yield from self._identities.unban(pair)
        for pair in sorted(taken.banned):
            yield from self._identities.ban(pair)

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
            self._insert("links", {"identifiers": sets})
        if kept:
            self._insert("ledger", entry_columns(kept, self._version))

    def _bring_into_force(self, fingerprint: str, at: int) -> None:
        """Have every customer folded anew, if other rules were in force before."""
        if self._store.rules_in_force() == fingerprint:
            return
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
