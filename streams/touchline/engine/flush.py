"""One flush as a value, and the order in which it is written.

`STEPS` is the order of writing of every process: `touchline up`, a worker of partitions, the identity stage.
It makes the pipeline effectively once. A crash between any two steps repeats the flush and doubles nothing:
ids are derived, and a repeated flush compares its rows with what the store holds.

A flush that fails leaves its worker with state that the store does not have. Drop that worker and make a new
one, which starts at the last commit.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from touchline.engine.batch import QUARANTINE_COLUMNS, columns, entry_columns
from touchline.engine.customers.announcing import Announcement
from touchline.engine.customers.changes import Changes, Folding, Refold
from touchline.engine.messages import Announcer, Message, Sender
from touchline.engine.ports import Columns, InForce, Log, Packed, Store
from touchline.identity import Entry, customer_id
from touchline.tables.rows import AccountRow, IdentityRow, OccurrenceRow

FOLDED_TOGETHER = 5_000
"""Customers that are loaded, folded and written together: a flush may touch any number of them."""


class Withdrawn(NamedTuple):
    """What an import takes back: events, by entity and id; sets that no other event holds; refused rows."""

    entities: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    sets: frozenset[tuple[str, ...]] = frozenset()
    refused: frozenset[str] = frozenset()


class Deletions(NamedTuple):
    """Rows that an operator's decision deletes for good.

    Attributes:
        events: Pairs of entities and forgotten identifiers: the entities' events that name one of these go.
            Each pair apart: about other events, a worker must still answer which identifiers they name.
        identities: Rows of the identities table, by identifier.
        entries: Entries of the ledger, by id.
        sets: Every set that names one of these identifiers goes.
        withdrawn: What goes because an import takes it back.
    """

    events: tuple[tuple[frozenset[str], frozenset[str]], ...] = ()
    identities: frozenset[str] = frozenset()
    entries: tuple[str, ...] = ()
    sets: frozenset[str] = frozenset()
    withdrawn: Withdrawn = Withdrawn()


@dataclass(frozen=True, slots=True, kw_only=True)
class Flush:
    """The writes and the messages of one flush.

    `token` names the flush in deduplication tokens, beside the version. `offset` is the last record's, where
    this process commits its log by itself. `messages` come in portions, each sent as a whole.
    """

    version: int
    token: str
    offset: int | None = None
    suppressions: Sequence[Entry] = ()
    identities: Sequence[IdentityRow] = ()
    deletions: Deletions = field(default_factory=Deletions)
    refold: Refold | None = None
    quarantine: Sequence[Mapping[str, Any]] = ()
    accounts: Sequence[AccountRow] = ()
    events: list[Packed] = field(default_factory=list)
    messages: Iterable[Sequence[Message]] = ()
    link_entries: Sequence[Entry] = ()
    sets: Sequence[tuple[str, ...]] = ()
    rules: InForce | None = None
    law: str | None = None
    detected_at: int = 0


class Step(NamedTuple):
    """A step of writing: its name, what it does, and why it stands where it stands."""

    name: str
    write: Callable[["_Writing"], None]
    why: str


class Written(NamedTuple):
    """What a flush found: new signals by rule, how many were retracted; and the highest version it wrote."""

    new: Counter[str]
    retracted: int
    version: int


class Writer:
    """Carries out flushes.

    Args:
        store: Where rows go.
        folding: Folds the customers of a flush; None for the identity stage, which folds nobody.
        sender: Where messages go; None where one process does everything.
        log: Where positions are kept; None where the runtime commits.
        announcer: Where changes of frictions go, beside the store; None where there is nothing else.
    """

    def __init__(
        self,
        store: Store,
        folding: Folding | None = None,
        sender: Sender | None = None,
        log: Log | None = None,
        announcer: Announcer | None = None,
    ) -> None:
        self.store, self.folding, self.sender, self.log = store, folding, sender, log
        self.announcer = announcer

    def carry_out(self, flush: Flush) -> Written:
        """Take every step, in order."""
        writing = _Writing(self, flush)
        for step in STEPS:
            step.write(writing)
        return Written(writing.new, writing.retracted, writing.version)


class _Writing:
    """A flush while it is written."""

    def __init__(self, writer: Writer, flush: Flush) -> None:
        self._writer, self._store, self._flush = writer, writer.store, flush
        self.version = flush.version
        self.new: Counter[str] = Counter()
        self.retracted = 0

    def begin(self) -> None:
        if self._writer.log is not None and self._flush.offset is not None:
            self._writer.log.begin(self._flush.offset)

    def suppressions(self) -> None:
        self._entries(self._flush.suppressions)

    def identities(self) -> None:
        self._rows("identities", self._flush.identities)

    def erased_events(self) -> None:
        for entities, forgotten in self._flush.deletions.events:
            if entities and forgotten:
                self._store.delete_events(sorted(entities), sorted(forgotten))
        if withdrawn := self._flush.deletions.withdrawn.ids:
            self._store.withdraw_events(sorted(self._flush.deletions.withdrawn.entities), sorted(withdrawn))

    def erased_identities(self) -> None:
        if identities := self._flush.deletions.identities:
            self._store.delete("identities", sorted(identities))

    def customers(self) -> None:
        refold, folding = self._flush.refold, self._writer.folding
        if refold is None or folding is None:
            return
        folding.release(refold.reloads)
        for customers in _portions(refold.touched, FOLDED_TOGETHER):
            # Each portion has a version of its own.
            self.version += 1
            changes = folding.changes(customers, refold, self.version)
            for step in CUSTOMER_STEPS:
                step.write(self, changes)
            folding.wrote(changes)
            folding.release(changes.emptied)
            self.new.update(changes.new)
            self.retracted += changes.retracted

    def names(self, changes: Changes) -> None:
        # An event that names it came in the meantime: the name is needed again.
        self._rows("identities", identity_rows(changes.renamed, 0))

    def frictions(self, changes: Changes) -> None:
        self._rows("frictions", changes.frictions)

    def missing_announcements(self, changes: Changes) -> None:
        self._announce(changes.missing, "missing")

    def announcements(self, changes: Changes) -> None:
        self._announce(changes.announcements)

    def _announce(self, announcements: Sequence[Announcement], what: str = "") -> None:
        if not announcements:
            return
        if self._writer.announcer is not None:
            # Before they count as announced.
            self._writer.announcer.announce(announcements)
        rows = columns([announcement.change for announcement in announcements])
        self._store.insert(
            "friction_changes", rows, f"friction_changes{what}:{self.version}:{self._flush.token}"
        )

    def journeys(self, changes: Changes) -> None:
        self._rows("journeys", changes.journeys)

    def emptied(self, changes: Changes) -> None:
        # Nothing is kept of a forgotten customer, not even what is no longer true.
        if emptied := [customer_id(customer) for customer in sorted(changes.emptied)]:
            for table in ("frictions", "journeys", "friction_changes", "segment_members"):
                self._store.delete(table, emptied)

    def quarantine(self) -> None:
        if refused := self._flush.deletions.withdrawn.refused:
            self._store.delete("quarantine", sorted(refused))
        rows = self._flush.quarantine
        if rows:
            self._insert("quarantine", {name: [row[name] for row in rows] for name in QUARANTINE_COLUMNS})

    def accounts(self) -> None:
        self._rows("accounts", self._flush.accounts)

    def events(self) -> None:
        if self._flush.events:
            self._insert("events", self._flush.events)

    def messages(self) -> None:
        for messages in self._flush.messages:
            if self._writer.sender is not None and messages:
                self._writer.sender.send(messages)

    def link_entries(self) -> None:
        self._entries(self._flush.link_entries)

    def erased_entries(self) -> None:
        if self._flush.deletions.entries:
            self._store.delete("ledger", self._flush.deletions.entries)

    def sets(self) -> None:
        self._rows(
            "occurrences",
            [OccurrenceRow(identifier, named) for named in self._flush.sets for identifier in named],
        )

    def erased_sets(self) -> None:
        if self._flush.deletions.sets:
            self._store.delete_sets(sorted(self._flush.deletions.sets))
        if withdrawn := self._flush.deletions.withdrawn.sets:
            self._store.withdraw_sets(sorted(withdrawn))

    def rules(self) -> None:
        if self._flush.rules is not None:
            self._store.put_in_force(self._flush.rules, self._flush.detected_at)

    def law(self) -> None:
        if self._flush.law is not None:
            self._store.put_law_in_force(self._flush.law, self._flush.detected_at)

    def commit(self) -> None:
        if self._writer.log is not None and self._flush.offset is not None:
            self._writer.log.commit(self._flush.offset)

    def _entries(self, entries: Sequence[Entry]) -> None:
        if entries:
            self._insert("ledger", entry_columns(entries, self.version))

    def _rows(self, table: str, rows: Sequence[msgspec.Struct]) -> None:
        if rows:
            self._insert(table, columns(rows))

    def _insert(self, table: str, rows: Columns | list[Packed]) -> None:
        self._store.insert(table, rows, token=f"{table}:{self.version}:{self._flush.token}")


STEPS = (
    Step("begin", _Writing.begin, "a repeat takes the same records, so that it touches the same customers"),
    Step("suppressions", _Writing.suppressions, "a worker that starts from here on lets nothing of them in"),
    Step("identities", _Writing.identities, "a customer without a row here has no other rows either"),
    Step("erased events", _Writing.erased_events, "the refold below must not find them"),
    Step("erased identities", _Writing.erased_identities, "nor find their customers"),
    Step("customers", _Writing.customers, "before the events that they follow from; in steps of their own"),
    Step("quarantine", _Writing.quarantine, "before the commit; a repeat writes the same rows"),
    Step("accounts", _Writing.accounts, "before the events, by which a repeat knows what was stored"),
    Step("events", _Writing.events, "an event that is stored has its frictions"),
    Step("messages", _Writing.messages, "whoever reads one finds in the store what it is about"),
    Step(
        "link entries", _Writing.link_entries, "a known split or share makes no moves: they are sent by now"
    ),
    Step("erased entries", _Writing.erased_entries, "as link entries, for what ended with a forgotten name"),
    Step("sets", _Writing.sets, "a set that is known makes no moves: they are sent by now"),
    Step("erased sets", _Writing.erased_sets, "a repeat of an erasure follows from these: they go last"),
    Step("rules", _Writing.rules, "everyone is folded by them, or is going to be"),
    Step("law", _Writing.law, "every identifier is decided by it, and its customer folded or going to be"),
    Step("commit", _Writing.commit, "everything above is durable"),
)
"""The order of writing."""


class CustomerStep(NamedTuple):
    """A step of writing some customers: its name, what it does, and why it stands where it stands."""

    name: str
    write: Callable[[_Writing, Changes], None]
    why: str


CUSTOMER_STEPS = (
    CustomerStep("names", _Writing.names, "a customer without a row there has no other rows either"),
    CustomerStep(
        "missing announcements",
        _Writing.missing_announcements,
        "changes that a worker wrote before it was cut off, before later ones of the same frictions",
    ),
    CustomerStep("frictions", _Writing.frictions, "programs are told only what is stored"),
    CustomerStep(
        "announcements", _Writing.announcements, "to the topic, then to the table, which says it is done"
    ),
    CustomerStep("journeys", _Writing.journeys, "with the deadlines: until then, a repeat folds them again"),
    CustomerStep("emptied", _Writing.emptied, "after the retractions: nothing stays of a forgotten customer"),
)
"""The order of writing in the step `customers`, for each portion of them."""


def identity_rows(identifiers: Iterable[str], version: int) -> list[IdentityRow]:
    """Rows that name each identifier as a customer of its own; rows of a higher version replace them."""
    return [
        IdentityRow(entity=identifier, customer=customer_id(identifier), version=version)
        for identifier in sorted(identifiers)
    ]


def _portions(customers: Iterable[str], size: int) -> Iterator[list[str]]:
    remaining = iter(customers)
    while portion := list(islice(remaining, size)):
        yield portion
