"""The store: what the worker writes and reads back, and what people ask of it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import msgspec
import orjson

from touchline.engine.ports import Columns, Packed
from touchline.identity import Entry, customer_id
from touchline.store import questions
from touchline.store.arrow import arrow_stream, arrow_type, record_batch
from touchline.store.cluster import local
from touchline.store.engine import (
    DATABASE,
    Handle,
    Parameters,
    Verbatim,
)
from touchline.store.errors import QueryError, StoreUnavailable
from touchline.store.readers import Readers, Reply
from touchline.tables import FrictionRow, JourneyRow
from touchline.vocabulary.event import Event, in_order

READERS = 4
READER_WAIT = 5.0


class _Identifiers(msgspec.Struct):
    identifiers: tuple[str, ...]


class _Entity(msgspec.Struct):
    entity: str


_events = msgspec.json.Decoder(Event)
_frictions = msgspec.json.Decoder(FrictionRow)
_journeys = msgspec.json.Decoder(JourneyRow)
_identifiers = msgspec.json.Decoder(_Identifiers)
_entities = msgspec.json.Decoder(_Entity)
_entries = msgspec.json.Decoder(Entry)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in full; values as JSON has them (times and UUIDs are text)."""

    column_names: tuple[str, ...]
    column_types: tuple[str, ...]
    result_rows: list[list[Any]]


class Store:
    """The tables, through two lines to their engine.

    Writes, and the reads that the worker needs, share one handle; `query` and `reply` have a few handles of
    their own. All may be called from any thread.

    Args:
        handle: For the worker. On this process's own engine its calls wait for each other.
        open_reader: Opens a handle for `query` and `reply`.
        cluster: The name of the ClickHouse cluster that keeps the tables; empty for a single engine.
    """

    def __init__(self, handle: Handle, open_reader: Callable[[], Handle], cluster: str = "") -> None:
        self._handle = handle
        self._cluster = cluster
        self._types = self._column_types()
        self._readers = Readers(open_reader, READERS, READER_WAIT)

    def pack(self, table: str, columns: Columns) -> Packed:
        """Rows, given by column, as `insert` takes them: times in ms, UUIDs as objects or text.

        What is inserted together must be packed with the same columns.

        Raises:
            KeyError: a table or a column that there is not.
            ValueError: a value that its column cannot hold, or columns of unlike lengths.
        """
        return record_batch(columns, self._types[table])

    def insert(self, table: str, rows: Columns | list[Packed], token: str) -> None:
        """Append rows, given by column, or packed. On disk when it returns.

        A repeat with the same `token` adds nothing, as long as it is among the table's last 1,000.

        Raises:
            KeyError, ValueError: as `pack`.
            StoreUnavailable: where nothing was written; the same call may be repeated.
        """
        packed = rows if isinstance(rows, list) else [self.pack(table, rows)]
        if not any(one.num_rows for one in packed):
            return
        names = packed[0].schema.names
        try:
            self._handle.insert(table, names, arrow_stream(packed), {"insert_deduplication_token": token})
        except (QueryError, StoreUnavailable) as error:
            raise StoreUnavailable(f"the store took no rows into {table}: {error}") from error

    def stored_ids(self, ids: Sequence[str]) -> dict[str, int]:
        """Those of the event ids that are stored, with the offset of the record that brought them."""
        if not ids:
            return {}
        rows = orjson.loads(self._ask(questions.STORED, "JSONCompactColumns", ids=_listed(ids)))
        return dict(zip(*rows, strict=True)) if rows else {}

    def events_of(self, entities: Sequence[str], later_than: int | None = None) -> list[Event]:
        """The events of the entities, all or those later than a time (ms), each once, by (time, id)."""
        if not entities:
            return []
        sql, parameters = questions.EVENTS, {"entities": _listed(entities)}
        if later_than is not None:
            sql, parameters = (
                questions.EVENTS + questions.LATER,
                parameters | {"later_than": Verbatim(str(later_than))},
            )
        found = in_order(_events.decode_lines(self._ask(sql, "TSVRaw", **parameters)))
        if len({event.id for event in found}) == len(found):
            return found
        # Until parts are merged, an event may lie in the table twice.
        return [
            event for event, before in zip(found, [None, *found], strict=False) if not _same(event, before)
        ]

    def frictions_of(self, customers: Sequence[UUID]) -> list[FrictionRow]:
        """The customers' frictions that are not retracted."""
        if not customers:
            return []
        rows = self._ask(
            questions.FRICTIONS, "JSONEachRow", customers=_listed([str(one) for one in customers])
        )
        return _frictions.decode_lines(rows)

    def journeys_of(self, customers: Sequence[UUID]) -> list[JourneyRow]:
        """The customers' journeys that are not superseded."""
        if not customers:
            return []
        rows = self._ask(
            questions.JOURNEYS, "JSONEachRow", customers=_listed([str(one) for one in customers])
        )
        return _journeys.decode_lines(rows)

    def due(self) -> list[tuple[str, int]]:
        """The customers with a pending obligation, by strongest identifier, and the deadline (ms)."""
        # Of all that are, or were, the customer's: the one that it is called by.
        return [
            (entity, due_at)
            for entity, customer, due_at in self._rows(questions.DUE)
            if customer_id(entity) == UUID(customer)
        ]

    def identifier_sets(self) -> Iterator[tuple[str, ...]]:
        """The different sets of two or more identifiers that occur in events, each strongest first."""
        for lines in self._stream(questions.SETS):
            yield from (_identifiers.decode(line).identifiers for line in lines)

    def sets_naming(self, identifiers: Sequence[str]) -> list[tuple[str, ...]]:
        """The sets in `occurrences` that name one of these identifiers, each strongest first."""
        if not identifiers:
            return []
        rows = self._ask(questions.SETS_NAMING, "JSONEachRow", identifiers=_listed(identifiers))
        return [row.identifiers for row in _identifiers.decode_lines(rows)]

    def identifier_sets_of(self, entities: Sequence[str]) -> list[tuple[str, ...]]:
        """The different sets of identifiers that occur in events of the entities, each strongest first."""
        if not entities:
            return []
        rows = self._ask(questions.SETS_OF, "JSONEachRow", entities=_listed(entities))
        return [row.identifiers for row in _identifiers.decode_lines(rows)]

    def identities_of(self, entities: Sequence[str]) -> list[list[str]]:
        """The identifiers of each customer that one of the entities is of."""
        if not entities:
            return []
        rows = orjson.loads(
            self._ask(questions.IDENTITIES_OF, "JSONCompactColumns", entities=_listed(entities))
        )
        return list(rows[0]) if rows else []

    def all_sets(self) -> Iterator[tuple[str, ...]]:
        """Every set in `occurrences`, strongest identifier first."""
        for lines in self._stream(questions.ALL_SETS):
            yield from (_identifiers.decode(line).identifiers for line in lines)

    def known_sets(self, sets: Sequence[tuple[str, ...]]) -> set[tuple[str, ...]]:
        """The sets of identifiers, out of these, that are in `occurrences`."""
        if not sets:
            return set()
        rows = self._ask(questions.KNOWN_SETS, "JSONEachRow", sets=_listed(sets))
        return {row.identifiers for row in _identifiers.decode_lines(rows)}

    def ledger(self) -> list[Entry]:
        """The entries of the ledger."""
        return _entries.decode_lines(self._ask(questions.LEDGER, "JSONEachRow"))

    def delete_events(self, entities: Sequence[str], naming: Sequence[str]) -> None:
        """Delete for good the events of the entities that name one of the identifiers.

        It takes a second or two for a million events in the parts of the table that hold such events.
        """
        if entities and naming:
            self._change(
                questions.DELETE_EVENTS.format(local("events", self._cluster)),
                entities=_listed(entities),
                naming=_listed(naming),
            )

    def entities_naming(self, identifiers: Sequence[str]) -> list[str]:
        """The entities of the events that name one of the identifiers; all of the table is read."""
        rows = self._ask(questions.NAMING, "JSONEachRow", naming=_listed(identifiers))
        return [row.entity for row in _entities.decode_lines(rows)]

    def delete_sets(self, naming: Sequence[str]) -> None:
        """Delete from `occurrences`, for good, the sets that name one of the identifiers."""
        if naming:
            sql = questions.DELETE_SETS.format(local("occurrences", self._cluster))
            self._change(sql, naming=_listed(naming))

    def delete(self, table: str, keys: Sequence[str] | Sequence[UUID]) -> None:
        """Delete rows for good: identities by entity, frictions and journeys by customer, ledger by id."""
        if keys:
            listed = _listed([str(key) for key in keys])
            sql = questions.DELETE.format(local(table, self._cluster), questions.DELETED_BY[table])
            self._change(sql, keys=listed)

    def entities(self) -> Iterator[str]:
        """Every entity that has events."""
        for lines in self._stream("SELECT DISTINCT entity FROM events"):
            yield from (_entities.decode(line).entity for line in lines)

    def newest(self) -> int | None:
        """The time of the newest event, or of a friction where one opened later (ms); None without any."""
        newest: int | None = self._rows(questions.NEWEST)[0][0]
        return newest

    def last_version(self) -> int:
        """The highest version of any row, 0 in an empty store."""
        return int(self._rows(questions.LAST_VERSION)[0][0])

    def rules_in_force(self) -> str | None:
        """The fingerprint of the rules that every customer was last folded by; None in a new store."""
        rows = self._rows("SELECT fingerprint FROM rule_sets ORDER BY in_force_at DESC LIMIT 1")
        return str(rows[0][0]) if rows else None

    def put_in_force(self, fingerprint: str, at: int) -> None:
        """Write down that every customer is folded by these rules, since a time (ms)."""
        row: dict[str, list[Any]] = {"fingerprint": [fingerprint], "in_force_at": [at]}
        self.insert("rule_sets", row, token=f"rule_sets:{fingerprint}:{at}")

    def query(self, sql: str, parameters: Parameters | None = None) -> Answer:
        """Answer one reading statement in full, within the readers' bounds.

        Args:
            sql: SELECT, SHOW, DESCRIBE, EXPLAIN or EXISTS, with parameters as `{name:Type}`.
            parameters: Their values.

        Raises:
            QueryError: with ClickHouse's message, where it is wrong, refused or too large.
            StoreBusy: where all readers were taken for a while.
        """
        return parse_answer(self._readers.answer(sql, "JSONCompact", parameters, DATABASE).body)

    def reply(
        self, sql: str, fmt: str, parameters: Mapping[str, str] | None = None, database: str | None = None
    ) -> Reply:
        """As `query`, in a format of ClickHouse's; parameters are text, as its HTTP protocol has them."""
        bound = {name: Verbatim(text) for name, text in (parameters or {}).items()}
        return self._readers.answer(sql, fmt, bound, database or DATABASE)

    def close(self) -> None:
        """Give the folder back, after what runs has ended."""
        self._readers.close()
        self._handle.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _column_types(self) -> dict[str, dict[str, Any]]:
        types: dict[str, dict[str, Any]] = {}
        rows = self._rows(
            "SELECT table, name, type FROM system.columns WHERE database = currentDatabase() AND table IN "
            "(SELECT name FROM system.tables WHERE database = currentDatabase() "
            "AND (engine LIKE '%MergeTree' OR engine = 'Distributed')) AND default_kind != 'MATERIALIZED'"
        )
        for table, name, clickhouse in rows:
            types.setdefault(table, {})[name] = arrow_type(clickhouse)
        return types

    def _change(self, sql: str, **parameters: Verbatim) -> None:
        try:
            self._handle.command(sql, parameters=parameters)
        except QueryError as error:
            raise StoreUnavailable(f"the store deleted nothing: {error}") from error

    def _rows(self, sql: str) -> list[list[Any]]:
        rows: list[list[Any]] = orjson.loads(self._ask(sql, "JSONCompact"))["data"]
        return rows

    def _ask(self, sql: str, fmt: str, **parameters: Verbatim) -> bytes:
        try:
            return self._handle.read(sql, fmt, parameters)
        except QueryError as error:
            raise StoreUnavailable(f"the store did not answer: {error}") from error

    def _stream(self, sql: str) -> Iterator[list[bytes]]:
        rest = b""
        try:
            for part in self._handle.stream(sql, "JSONEachRow"):
                *lines, rest = (rest + part).split(b"\n")
                yield lines
        except QueryError as error:
            raise StoreUnavailable(f"the store did not answer: {error}") from error


def parse_answer(body: bytes) -> Answer:
    """Read an answer in ClickHouse's format JSONCompact."""
    answer = orjson.loads(body)
    return Answer(
        column_names=tuple(column["name"] for column in answer["meta"]),
        column_types=tuple(column["type"] for column in answer["meta"]),
        result_rows=answer["data"],
    )


def _listed(values: Sequence[str] | Sequence[tuple[str, ...]]) -> Verbatim:
    """A list as one text parameter: of the ways to pass ten thousand values, by far the quickest."""
    return Verbatim(orjson.dumps(values).decode().replace("\\", "\\\\"))


def _same(event: Event, before: Event | None) -> bool:
    return before is not None and event.id == before.id and event.time == before.time
