"""The contracts of the log and the store that the engine needs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

import msgspec

from touchline.identity import Entry
from touchline.tables.rows import FrictionRow, JourneyRow
from touchline.vocabulary.event import Event

Columns = Mapping[str, Sequence[Any]]
"""Rows of a table, by column."""

Packed = Any
"""Rows in the form in which a store takes them."""


class InForce(msgspec.Struct, frozen=True):
    """Rules that every customer is folded by: their fingerprint, and how far (ms) each looks back, by id."""

    fingerprint: str
    reaches: dict[str, int] = {}


class Announced(msgspec.Struct, frozen=True):
    """The last announcement of a friction of a customer: the version of its row, and its status."""

    friction: UUID
    customer: UUID
    version: int
    status: str


REFOLDING = ""
"""Stands for rules, or for a law, while customers are refolded: if that is cut off, none made all of them."""


class Record(Protocol):
    """A record of the log: NDJSON, one line an event, or an entry of the ledger."""

    @property
    def offset(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def received_at(self) -> int: ...
    @property
    def body(self) -> bytes: ...


class Log(Protocol):
    """The reading side of a log. Offsets rise and are never used twice."""

    def read(self, after_offset: int, *, limit_bytes: int, limit_records: int) -> Sequence[Record]:
        """The records behind `after_offset`, in order; empty at the end."""

    def begin(self, offset: int) -> None:
        """Record that all records up to `offset` are about to be processed together."""

    def begun(self) -> int:
        """The offset of the last `begin`; 0 before the first."""

    def commit(self, offset: int) -> None:
        """Record that all records up to `offset` are processed."""

    def committed(self) -> int:
        """The offset of the last commit; 0 before the first."""

    def end(self) -> int:
        """The offset of the last record, whether it is still kept or not; 0 in a new log."""


class Store(Protocol):
    """The tables. Times are milliseconds since 1970; lists of keys may be long."""

    def pack(self, table: str, columns: Columns) -> Packed:
        """Rows ready to be inserted. Small portions cost least: they are still in the processor's cache."""

    def insert(self, table: str, rows: Columns | list[Packed], token: str) -> None:
        """Append rows, given by column or packed; a repeat with the same `token` adds nothing."""

    def stored_ids(self, ids: Sequence[str]) -> dict[str, int]:
        """Those of the event ids that are stored, with the offset of the record that brought them."""

    def events_of(self, entities: Sequence[str], later_than: int | None = None) -> list[Event]:
        """The events of the entities, all or those later than a time, in order."""

    def events_named(self, entities: Sequence[str], ids: Sequence[str]) -> list[Event]:
        """The events of the entities that have one of these ids; one may come twice."""

    def frictions_of(
        self, customers: Sequence[UUID], retracted_after: int | None = None
    ) -> list[FrictionRow]:
        """The customers' frictions that are not retracted.

        With `retracted_after`, also those whose retraction is of a higher version and is to be announced.
        """

    def announced(self, frictions: Sequence[UUID]) -> Iterable[Announced]:
        """The last announcement of each of the frictions, for each customer that had it."""

    def journeys_of(self, customers: Sequence[UUID]) -> list[JourneyRow]:
        """The customers' journeys that are not superseded."""

    def sets_naming(self, identifiers: Sequence[str], most: int | None = None) -> Iterable[tuple[str, ...]]:
        """The sets in `occurrences` that name one of these identifiers, each strongest first.

        With `most`, of each identifier no more than that many with an account and that many without.
        """

    def identifier_sets_of(
        self, entities: Sequence[str], most: int | None = None
    ) -> Iterable[tuple[str, ...]]:
        """The different sets of identifiers that occur in events of the entities, each strongest first.

        With `most`, no more than that many of each entity.
        """

    def identities_of(self, entities: Sequence[str]) -> Iterable[list[str]]:
        """The identifiers of each customer that owns one of the entities."""

    def identities(self) -> Iterable[tuple[str, UUID]]:
        """Every identifier that has a row in the identities table, and its customer; customer by customer."""

    def identity_count(self) -> int:
        """How many identifiers `identities` gives."""

    def known_sets(self, sets: Sequence[tuple[str, ...]]) -> set[tuple[str, ...]]:
        """The sets of identifiers, out of these, that are in `occurrences`."""

    def ledger(self) -> Iterable[Entry]:
        """The entries of the ledger."""

    def delete_events(self, entities: Sequence[str], naming: Sequence[str]) -> None:
        """Delete for good the events of the entities that name one of the identifiers."""

    def withdraw_events(self, entities: Sequence[str], ids: Sequence[str]) -> None:
        """Delete for good the events of the entities that have one of the ids."""

    def withdraw_sets(self, sets: Sequence[tuple[str, ...]]) -> None:
        """Delete for good these sets from `occurrences`."""

    def sets_besides(self, entities: Sequence[str], ids: Sequence[str]) -> Iterable[tuple[str, ...]]:
        """The different sets of identifiers in events of the entities that have none of the ids."""

    def entities_naming(self, identifiers: Sequence[str]) -> Iterable[str]:
        """The entities of the events that name one of the identifiers."""

    def delete_sets(self, naming: Sequence[str]) -> None:
        """Delete from `occurrences`, for good, the sets that name one of the identifiers."""

    def delete(self, table: str, keys: Sequence[str] | Sequence[UUID]) -> None:
        """Delete rows for good: identities by entity, frictions and journeys by customer, others by id."""

    def due(self) -> Iterable[tuple[str, int]]:
        """The customers with a pending obligation, by strongest identifier, and the deadline."""

    def newest(self) -> int | None:
        """The time of the newest touchpoint, or of a friction where one opened later; None without any."""

    def last_version(self) -> int:
        """The highest version of any row, 0 in an empty store."""

    def rules_in_force(self) -> str | None:
        """The fingerprint of the rules that every customer was last folded by; None in a new store."""

    def put_in_force(self, rules: InForce, at: int) -> None:
        """Record that every customer is folded by these rules, since a time (ms)."""

    def law_in_force(self) -> str | None:
        """The fingerprint of the law that every identifier was last decided by; None in a new store."""

    def put_law_in_force(self, law: str, at: int) -> None:
        """Record that every identifier is decided by this law, since a time (ms)."""
