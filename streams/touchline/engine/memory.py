"""A log and a store in memory, with the contracts of the durable ones: for tests, and for users' tests."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson

from touchline.engine.ports import Announced, Columns, InForce, Packed
from touchline.identity import Entry, customer_id, is_account
from touchline.tables.rows import FrictionRow, JourneyRow, week_of
from touchline.vocabulary.event import Event
from touchline.vocabulary.internal import INTERNAL_TYPES
from touchline.vocabulary.order import in_order


@dataclass(frozen=True, slots=True)
class MemoryRecord:
    """A record; `received_at` in ms."""

    offset: int
    kind: str
    received_at: int
    body: bytes


@dataclass
class MemoryLog:
    """Records in a list; offsets begin at 1."""

    records: list[MemoryRecord] = field(default_factory=list)
    offset: int = 0
    begun_offset: int = 0

    def append(self, kind: str, lines: Sequence[bytes], received_at: int) -> None:
        """Keep one record."""
        self.records.append(MemoryRecord(len(self.records) + 1, kind, received_at, b"\n".join(lines)))

    def read(self, after_offset: int, *, limit_bytes: int, limit_records: int) -> Sequence[MemoryRecord]:
        return self.records[after_offset : after_offset + limit_records]

    def begin(self, offset: int) -> None:
        self.begun_offset = offset

    def begun(self) -> int:
        return self.begun_offset

    def commit(self, offset: int) -> None:
        self.offset = max(self.offset, offset)

    def committed(self) -> int:
        return self.offset

    def end(self) -> int:
        return len(self.records)


_KEYS = {
    "events": ("entity", "time", "id"),
    "identities": ("entity",),
    "frictions": ("customer", "id"),
    "friction_changes": ("customer", "position", "version", "id"),
    "segment_members": ("segment", "customer", "journey"),
    "journeys": ("customer", "id"),
    "quarantine": ("id",),
    "accounts": ("id",),
    "ledger": ("id",),
    "occurrences": ("identifier", "identifiers"),
}

_WEEK_OF = {"frictions": "opened_at", "journeys": "last"}
"""The tables whose rows lie by week, and the column that says in which."""


class MemoryStore:
    """Tables as dictionaries by the key of their ClickHouse engine; the highest version counts."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = {name: {} for name in _KEYS}
        self._tokens: set[str] = set()
        self._fingerprint: str | None = None
        self._law: str | None = None

    def pack(self, table: str, columns: Columns) -> Packed:
        return columns

    def insert(self, table: str, rows: Columns | list[Packed], token: str) -> None:
        if token in self._tokens:
            return
        self._tokens.add(token)
        for columns in rows if isinstance(rows, list) else [rows]:
            for values in zip(*columns.values(), strict=True):
                row = dict(zip(columns, values, strict=True))
                key = tuple(row[name] for name in _KEYS[table])
                if table in _WEEK_OF:
                    key = (week_of(row[_WEEK_OF[table]]), *key)
                held = self.tables[table].setdefault(key, row)
                if row.get("version", 0) >= held.get("version", 0):
                    self.tables[table][key] = row

    def stored_ids(self, ids: Sequence[str]) -> dict[str, int]:
        wanted = set(ids)
        return {row["id"]: row["log_offset"] for row in self._rows("events") if row["id"] in wanted}

    def events_of(self, entities: Sequence[str], later_than: int | None = None) -> list[Event]:
        wanted = set(entities)
        found = [
            _event(row)
            for row in self._rows("events")
            if row["entity"] in wanted and (later_than is None or row["time"] > later_than)
        ]
        return in_order(found)

    def events_named(self, entities: Sequence[str], ids: Sequence[str]) -> list[Event]:
        wanted, named = set(entities), set(ids)
        return [_event(row) for row in self._rows("events") if row["entity"] in wanted and row["id"] in named]

    def frictions_of(
        self, customers: Sequence[UUID], retracted_after: int | None = None
    ) -> list[FrictionRow]:
        rows = [FrictionRow(**row) for row in self._rows("frictions") if row["customer"] in customers]
        return [
            row
            for row in rows
            if row.status != "retracted"
            or (retracted_after is not None and row.announced == row.version > retracted_after)
        ]

    def announced(self, frictions: Sequence[UUID]) -> Iterable[Announced]:
        found: dict[tuple[UUID, UUID], Announced] = {}
        for row in self._rows("friction_changes"):
            if row["friction"] in frictions:
                key = row["friction"], row["customer"]
                if key not in found or found[key].version < row["version"]:
                    found[key] = Announced(*key, row["version"], row["status"])
        return found.values()

    def journeys_of(self, customers: Sequence[UUID]) -> list[JourneyRow]:
        rows = self._rows("journeys")
        return [JourneyRow(**row) for row in rows if row["customer"] in customers and not row["superseded"]]

    def sets_naming(self, identifiers: Sequence[str], most: int | None = None) -> Iterable[tuple[str, ...]]:
        wanted, found = set(identifiers), set[tuple[str, ...]]()
        counts = Counter[tuple[str, bool]]()
        for row in self._rows("occurrences"):
            if row["identifier"] in wanted:
                group = row["identifier"], is_account(row["identifiers"][0])
                counts[group] += 1
                if most is None or counts[group] <= most:
                    found.add(row["identifiers"])
        return found

    def identifier_sets_of(
        self, entities: Sequence[str], most: int | None = None
    ) -> Iterable[tuple[str, ...]]:
        found: dict[str, set[tuple[str, ...]]] = {entity: set() for entity in entities}
        for row in self._rows("events"):
            if row["entity"] in found:
                found[row["entity"]].add(tuple(row["identifiers"]))
        return [named for sets in found.values() for named in sorted(sets)[:most]]

    def identities_of(self, entities: Sequence[str]) -> Iterable[list[str]]:
        identities = self.tables["identities"]
        owners = {identities[entity,]["customer"] for entity in entities if (entity,) in identities}
        return [
            [row["entity"] for row in identities.values() if row["customer"] == owner] for owner in owners
        ]

    def identities(self) -> Iterable[tuple[str, UUID]]:
        rows = sorted(self._rows("identities"), key=lambda row: str(row["customer"]))
        return [(row["entity"], row["customer"]) for row in rows]

    def identity_count(self) -> int:
        return len(self.tables["identities"])

    def known_sets(self, sets: Sequence[tuple[str, ...]]) -> set[tuple[str, ...]]:
        return {
            identifiers for identifiers in sets if (identifiers[0], identifiers) in self.tables["occurrences"]
        }

    def ledger(self) -> Iterable[Entry]:
        return [
            Entry(**{name: row[name] for name in Entry.__struct_fields__ if name in row})
            for row in self._rows("ledger")
        ]

    def delete_events(self, entities: Sequence[str], naming: Sequence[str]) -> None:
        wanted, named = set(entities), set(naming)
        self._keep("events", lambda row: row["entity"] not in wanted or named.isdisjoint(row["identifiers"]))

    def withdraw_events(self, entities: Sequence[str], ids: Sequence[str]) -> None:
        wanted, withdrawn = set(entities), set(ids)
        self._keep("events", lambda row: row["entity"] not in wanted or row["id"] not in withdrawn)

    def withdraw_sets(self, sets: Sequence[tuple[str, ...]]) -> None:
        withdrawn = set(sets)
        self._keep("occurrences", lambda row: row["identifiers"] not in withdrawn)

    def sets_besides(self, entities: Sequence[str], ids: Sequence[str]) -> Iterable[tuple[str, ...]]:
        wanted, besides = set(entities), set(ids)
        return {
            tuple(row["identifiers"])
            for row in self._rows("events")
            if row["entity"] in wanted and row["id"] not in besides
        }

    def entities_naming(self, identifiers: Sequence[str]) -> Iterable[str]:
        return {
            row["entity"]
            for row in self._rows("events")
            if not set(identifiers).isdisjoint(row["identifiers"])
        }

    def delete_sets(self, naming: Sequence[str]) -> None:
        self._keep("occurrences", lambda row: set(naming).isdisjoint(row["identifiers"]))

    def delete(self, table: str, keys: Sequence[str] | Sequence[UUID]) -> None:
        unwanted: set[str | UUID] = set(keys)
        self._keep(table, lambda row: row[_KEYS[table][0]] not in unwanted)

    def due(self) -> Iterable[tuple[str, int]]:
        name_of = {customer_id(row["entity"]): row["entity"] for row in self._rows("identities")}
        for row in self._rows("journeys"):
            if not row["superseded"] and row["due_at"] is not None and row["customer"] in name_of:
                yield name_of[row["customer"]], row["due_at"]

    def newest(self) -> int | None:
        opened = [row["opened_at"] for row in self._rows("frictions") if row["status"] != "retracted"]
        times = [row["time"] for row in self._rows("events") if row["type"] not in INTERNAL_TYPES]
        return max(times + opened, default=None)

    def last_version(self) -> int:
        tables = ("identities", "frictions", "journeys", "ledger")
        versions = [row["version"] for table in tables for row in self._rows(table)]
        positions = [row["position"] for row in self._rows("friction_changes")]
        return max([*versions, *positions], default=0)

    def rules_in_force(self) -> str | None:
        return self._fingerprint

    def put_in_force(self, rules: InForce, at: int) -> None:
        self._fingerprint = rules.fingerprint

    def law_in_force(self) -> str | None:
        return self._law

    def put_law_in_force(self, law: str, at: int) -> None:
        self._law = law

    def _keep(self, table: str, wanted: Callable[[dict[str, Any]], bool]) -> None:
        self.tables[table] = {key: row for key, row in self.tables[table].items() if wanted(row)}

    def _rows(self, table: str) -> Iterable[dict[str, Any]]:
        return self.tables[table].values()


def _event(row: dict[str, Any]) -> Event:
    fields = {name: row[name] for name in Event.__struct_fields__}
    return Event(**{**fields, "data": orjson.loads(row["data"]), "context": orjson.loads(row["context"])})
