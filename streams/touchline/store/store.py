"""The store: the worker's writes and reads, and users' queries."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from touchline.engine.ports import Announced, Columns, InForce, Packed
from touchline.identity import Entry, customer_id
from touchline.store import queries, records
from touchline.store.answers import Answer, Reply, parse_answer
from touchline.store.arrow import arrow_stream, arrow_type, record_batch
from touchline.store.errors import QueryError, StoreUnavailable
from touchline.store.handles.handle import DATABASE, Handle, Parameters, Verbatim
from touchline.store.migrations.cluster import mutation_target
from touchline.store.pools.read_pool import LIMITS, READ_SECONDS, READERS, ReadPool
from touchline.store.session import Session, id_list, json_list, verbatim
from touchline.tables import FrictionRow, JourneyRow
from touchline.vocabulary.event import Event
from touchline.vocabulary.order import in_order

READER_WAIT = 5.0
CLIENT_WAIT = 10.0

FORBIDDEN = (164, 497)
"""Codes of errors where the user may only read, or lacks a grant."""


class Store:
    """The tables, on two kinds of connections to their engine.

    Writes and the worker's reads share one handle. `query` and `reply`, for the live page, alerts and
    commands, use a pool of their own, and so does `reply_to_client`: clients do not delay the page. All
    methods may be called from any thread.

    Args:
        handle: For the worker. The embedded engine runs its calls one after another.
        open_reader: Opens a handle for `query` and `reply`.
        open_client: Opens a handle for `reply_to_client`.
        clients: How many of these may be in use at a time.
        cluster: The name of the ClickHouse cluster that holds the tables; empty for a single engine.
        damaged: The paths of parts that the engine could not read: their rows are missing.
    """

    def __init__(
        self,
        handle: Handle,
        open_reader: Callable[[], Handle],
        open_client: Callable[[], Handle],
        clients: int = READERS,
        cluster: str = "",
        damaged: Sequence[str] = (),
    ) -> None:
        self.damaged = tuple(damaged)
        self._handle = handle
        self._session = Session(handle)
        self._cluster = cluster
        self._types = self._column_types()
        self._readers = ReadPool(open_reader, READERS, READER_WAIT, READ_SECONDS)
        names = self._readers.names
        self._clients = ReadPool(
            open_client, clients, CLIENT_WAIT, READ_SECONDS, names, LIMITS["max_result_bytes"]
        )

    # Writes

    def pack(self, table: str, columns: Columns) -> Packed:
        """Rows, given by column, in the form that `insert` takes. Times are ms, UUIDs objects or text.

        Rows of one insert must be packed with the same columns.

        Raises:
            KeyError: the table or a column does not exist.
            ValueError: a value does not fit its column, or the columns differ in length.
        """
        return record_batch(columns, self._types[table])

    def insert(self, table: str, rows: Columns | list[Packed], token: str) -> None:
        """Insert rows, given by column or packed. They are on disk when it returns.

        An insert whose `token` is among the table's last 1,000 adds nothing.

        Raises:
            KeyError, ValueError: as `pack`.
            StoreUnavailable: nothing was written; the same call may be repeated.
        """
        batches = rows if isinstance(rows, list) else [self.pack(table, rows)]
        if not any(batch.num_rows for batch in batches):
            return
        names = batches[0].schema.names
        try:
            self._handle.insert(table, names, arrow_stream(batches), {"insert_deduplication_token": token})
        except (QueryError, StoreUnavailable) as error:
            raise StoreUnavailable(f"the store took no rows into {table}: {error}") from error

    def refusal(self, table: str) -> str:
        """Why the store's user may not insert into a table, in ClickHouse's words; empty if it may.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        try:
            self._handle.insert(table, None, b"", {}, "JSONEachRow")
        except QueryError as error:
            if error.code in FORBIDDEN:
                return str(error)
            raise StoreUnavailable(
                f"the store does not say whether {table} may be written: {error}"
            ) from error
        return ""

    def put_in_force(self, rules: InForce, at: int) -> None:
        """Record that every customer is folded by these rules since a time (ms)."""
        row: dict[str, list[Any]] = {
            "fingerprint": [rules.fingerprint],
            "rules": [list(rules.reaches)],
            "reaches": [list(rules.reaches.values())],
        }
        self._put_in_force("rule_sets", row, at)

    def put_law_in_force(self, law: str, at: int) -> None:
        """Record that every identifier is decided by this law since a time (ms)."""
        self._put_in_force("identity_laws", {"fingerprint": [law]}, at)

    def delete_events(self, entities: Sequence[str], naming: Sequence[str]) -> None:
        """Delete the entities' events that name one of the identifiers, without a trace.

        Takes a second or two per million events in the affected parts of the table.
        """
        if entities and naming:
            sql = queries.DELETE_EVENTS.format(mutation_target("events", self._cluster))
            self._session.delete(sql, entities=json_list(entities), naming=json_list(naming))

    def delete_sets(self, naming: Sequence[str]) -> None:
        """Delete the sets in `occurrences` that name one of the identifiers, without a trace."""
        if naming:
            sql = queries.DELETE_SETS.format(mutation_target("occurrences", self._cluster))
            self._session.delete(sql, naming=json_list(naming))

    def withdraw_events(self, entities: Sequence[str], ids: Sequence[str]) -> None:
        """Delete the entities' events with one of the ids, without a trace. Costs as `delete_events`."""
        if entities and ids:
            sql = queries.WITHDRAW_EVENTS.format(mutation_target("events", self._cluster))
            self._session.delete(sql, entities=json_list(entities), ids=json_list(ids))

    def withdraw_sets(self, sets: Sequence[tuple[str, ...]]) -> None:
        """Delete these sets from `occurrences`, without a trace."""
        if sets:
            sql = queries.WITHDRAW_SETS.format(mutation_target("occurrences", self._cluster))
            self._session.delete(sql, sets=json_list(sets))

    def delete(self, table: str, keys: Sequence[str] | Sequence[UUID]) -> None:
        """Delete rows: identities by entity, frictions and journeys by customer, others by id."""
        if keys:
            target = mutation_target(table, self._cluster)
            sql = queries.DELETE.format(target, queries.DELETE_KEYS[table])
            self._session.delete(sql, keys=id_list(keys))

    # The worker's reads

    def stored_ids(self, ids: Sequence[str]) -> dict[str, int]:
        """The given event ids that are stored, each with the log offset of its record."""
        if not ids:
            return {}
        columns = self._session.columns(queries.STORED, ids=json_list(ids))
        return dict(zip(*columns, strict=True)) if columns else {}

    def events_of(self, entities: Sequence[str], later_than: int | None = None) -> list[Event]:
        """The entities' events, all or those later than a time (ms), each once, in order."""
        if not entities:
            return []
        sql, parameters = queries.EVENTS, {"entities": json_list(entities)}
        if later_than is not None:
            sql, parameters = sql + queries.LATER, parameters | {"later_than": Verbatim(str(later_than))}
        events = in_order(self._session.json_lines(sql, records.EVENTS, **parameters))
        # Until the engine merges parts, the table may hold an event twice.
        return events[:1] + [
            event
            for previous, event in pairwise(events)
            if (event.id, event.time) != (previous.id, previous.time)
        ]

    def events_named(self, entities: Sequence[str], ids: Sequence[str]) -> list[Event]:
        """The events of the entities that have one of these ids; one may come twice."""
        if not entities or not ids:
            return []
        named = {"entities": json_list(entities), "ids": json_list(ids)}
        return list(self._session.json_lines(queries.EVENTS + queries.NAMED, records.EVENTS, **named))

    def frictions_of(
        self, customers: Sequence[UUID], retracted_after: int | None = None
    ) -> list[FrictionRow]:
        """The customers' frictions, without retracted ones.

        With `retracted_after`, also those whose retraction is of a higher version and is to be announced.
        """
        if not customers:
            return []
        sql, parameters = queries.FRICTIONS, {"customers": id_list(customers)}
        if retracted_after is not None:
            sql, parameters = sql + queries.RETRACTED, parameters | {"after": Verbatim(str(retracted_after))}
        return self._session.records(sql, records.FRICTIONS, **parameters)

    def announced(self, frictions: Sequence[UUID]) -> list[Announced]:
        """The last announcement of each of the frictions, for each customer that had it."""
        if not frictions:
            return []
        return self._session.records(queries.ANNOUNCED, records.ANNOUNCED, frictions=id_list(frictions))

    def journeys_of(self, customers: Sequence[UUID]) -> list[JourneyRow]:
        """The customers' journeys, without superseded ones."""
        if not customers:
            return []
        return self._session.records(queries.JOURNEYS, records.JOURNEYS, customers=id_list(customers))

    def due(self) -> list[tuple[str, int]]:
        """The customers with a pending obligation, by strongest identifier, each with its deadline (ms)."""
        # The query returns all present and past identifiers of a customer; its id derives from the strongest.
        return [
            (entity, due_at)
            for entity, customer, due_at in self._session.rows(queries.DUE)
            if customer_id(entity) == UUID(customer)
        ]

    def identifier_sets_of(self, entities: Sequence[str], most: int | None = None) -> list[tuple[str, ...]]:
        """The distinct sets of identifiers in the entities' events, strongest identifier first.

        With `most`, no more than that many of each entity.
        """
        if not entities:
            return []
        sql, parameters = queries.SETS_OF, {"entities": json_list(entities)}
        if most is not None:
            sql, parameters = queries.SOME_SETS_OF, parameters | {"most": Verbatim(str(most))}
        rows = self._session.records(sql, records.IDENTIFIERS, **parameters)
        return [row.identifiers for row in rows]

    def sets_besides(self, entities: Sequence[str], ids: Sequence[str]) -> list[tuple[str, ...]]:
        """The distinct sets of identifiers in the entities' events that have none of the ids."""
        if not entities:
            return []
        parameters = {"entities": json_list(entities), "ids": json_list(ids)}
        rows = self._session.records(queries.SETS_BESIDES, records.IDENTIFIERS, **parameters)
        return [row.identifiers for row in rows]

    def sets_naming(self, identifiers: Sequence[str], most: int | None = None) -> list[tuple[str, ...]]:
        """The sets in `occurrences` that name one of the identifiers, strongest identifier first.

        With `most`, of each identifier no more than that many with an account and that many without.
        """
        if not identifiers:
            return []
        sql, parameters = queries.SETS_NAMING, {"identifiers": json_list(identifiers)}
        if most is not None:
            sql, parameters = queries.SOME_SETS_NAMING, parameters | {"most": Verbatim(str(most))}
        rows = self._session.records(sql, records.IDENTIFIERS, **parameters)
        return [row.identifiers for row in rows]

    def known_sets(self, sets: Sequence[tuple[str, ...]]) -> set[tuple[str, ...]]:
        """The given sets of identifiers that are in `occurrences`."""
        if not sets:
            return set()
        rows = self._session.records(queries.KNOWN_SETS, records.IDENTIFIERS, sets=json_list(sets))
        return {row.identifiers for row in rows}

    def identities_of(self, entities: Sequence[str]) -> list[list[str]]:
        """The identifiers of each customer that owns one of the entities."""
        if not entities:
            return []
        columns = self._session.columns(queries.IDENTITIES_OF, entities=json_list(entities))
        return list(columns[0]) if columns else []

    def identities(self) -> Iterator[tuple[str, UUID]]:
        """Every identifier that has a row in the identities table, and its customer; customer by customer."""
        rows = self._session.stream(queries.IDENTITIES, records.OWNERS)
        return ((row.entity, row.customer) for row in rows)

    def identity_count(self) -> int:
        """How many identifiers `identities` gives."""
        return int(self._session.rows(queries.IDENTITY_COUNT)[0][0])

    def entities_naming(self, identifiers: Sequence[str]) -> list[str]:
        """The entities of the events that name one of the identifiers. Reads the whole table."""
        rows = self._session.records(queries.NAMING, records.ENTITIES, naming=json_list(identifiers))
        return [row.entity for row in rows]

    def ledger(self) -> list[Entry]:
        """The ledger's entries."""
        return self._session.records(queries.LEDGER, records.ENTRIES)

    def newest(self) -> int | None:
        """The time (ms) of the newest event, or of a friction that opened later; None in an empty store."""
        newest: int | None = self._session.rows(queries.NEWEST)[0][0]
        return newest

    def last_version(self) -> int:
        """The highest version of any row; 0 in an empty store."""
        return int(self._session.rows(queries.LAST_VERSION)[0][0])

    def rules_in_force(self) -> str | None:
        """The fingerprint of the rules by which every customer was last folded; None in a new store."""
        rows = self._session.rows(queries.RULES_IN_FORCE)
        return str(rows[0][0]) if rows else None

    def law_in_force(self) -> str | None:
        """The fingerprint of the law by which every identifier was last decided; None in a new store."""
        rows = self._session.rows(queries.LAW_IN_FORCE)
        return str(rows[0][0]) if rows else None

    # Users' queries

    def query(self, sql: str, parameters: Parameters | None = None) -> Answer:
        """The complete answer to one reading statement, within the readers' limits.

        Args:
            sql: SELECT, SHOW, DESCRIBE, EXPLAIN or EXISTS, with parameters as `{name:Type}`.
            parameters: Their values.

        Raises:
            QueryError: the statement is invalid, refused or too large; with ClickHouse's message.
            StoreBusy: no reader became free in time.
        """
        return parse_answer(self._readers.reply(sql, "JSONCompact", parameters, DATABASE).body)

    def reply(
        self,
        sql: str,
        fmt: str,
        parameters: Mapping[str, str] | None = None,
        database: str | None = None,
        leave: threading.Event | None = None,
    ) -> Reply:
        """As `query`, in any ClickHouse format, with parameters as text, as in ClickHouse's HTTP protocol.

        Set `leave` once nobody waits for the answer.
        """
        return self._readers.reply(sql, fmt, verbatim(parameters or {}), database or DATABASE, leave)

    def reply_to_client(
        self,
        sql: str,
        fmt: str,
        parameters: Mapping[str, str],
        database: str | None,
        leave: threading.Event,
        encode: Callable[[bytes], bytes] = bytes,
    ) -> Reply:
        """As `reply`, for a client of this process: clients together use half of the processors.

        `encode` is applied to the body, as a part of the query.
        """
        return self._clients.reply(sql, fmt, verbatim(parameters), database or DATABASE, leave, encode)

    def end_queries(self) -> None:
        """Interrupt all queries and refuse further ones, before the store is closed."""
        self._readers.pool.leave()
        self._clients.pool.leave()

    def close(self) -> None:
        """Interrupt all queries and close all handles; this releases an embedded store's folder.

        A statement that does not end within seconds keeps its handle, and the folder, until the process ends.
        """
        self.end_queries()
        self._readers.close()
        self._clients.close()
        self._handle.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _put_in_force(self, table: str, row: dict[str, list[Any]], at: int) -> None:
        # An import gives the times of its events, which may be earlier than the newest row.
        newest = int(self._session.rows(queries.NEWEST_IN_FORCE.format(table))[0][0])
        at = max(at, newest + 1)
        self.insert(table, row | {"in_force_at": [at]}, token=f"{table}:{row['fingerprint'][0]}:{at}")

    def _column_types(self) -> dict[str, dict[str, Any]]:
        types: dict[str, dict[str, Any]] = {}
        for table, name, clickhouse in self._session.rows(queries.COLUMNS):
            types.setdefault(table, {})[name] = arrow_type(clickhouse)
        return types
