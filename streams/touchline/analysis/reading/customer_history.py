"""Reads one customer's history: its identifiers, now or at a past time, and its events."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import orjson

from touchline.identity import (
    Entry,
    Excess,
    Limits,
    Pair,
    Policy,
    customer_id,
    customers,
    excess,
    is_account,
    is_shared_by_definition,
    pairs,
    policy_of,
    shared,
)
from touchline.store import ENTRY_COLUMNS, EVENT_JSON, parse_answer
from touchline.store.reader import Reader
from touchline.vocabulary.errors import TouchlineError
from touchline.vocabulary.event import Event
from touchline.vocabulary.identifiers import rank
from touchline.vocabulary.order import PHASES, Phases, phase_sql, place

PAGE_EVENTS = 20_000
"""Events per query."""

BATCH = 50
"""Identifiers per query."""

MOST_SETS = 10_000
"""Sets of identifiers that one query may return; identifiers with more are shared, not a customer's."""

ALWAYS = 2**53
"""Later than every event (ms)."""

_CUSTOMER = "SELECT toString(customer) FROM current_identities WHERE entity = {entity:String}"
_MEMBERS = "SELECT entity FROM current_identities WHERE customer = {customer:UUID}"
_SETS = """
SELECT DISTINCT identifiers FROM events
WHERE hasAny(identifiers, JSONExtract({named:String}, 'Array(String)'))
  AND received_at <= fromUnixTimestamp64Milli({until:Int64})
LIMIT {most:UInt64}
"""
_LEDGER = f"""
SELECT {ENTRY_COLUMNS} FROM ledger FINAL WHERE toUnixTimestamp64Milli(ledger.at) <= {{until:Int64}}
"""  # noqa: S608 - made of constants
_EVENTS = """
SELECT {columns} FROM events
WHERE entity IN JSONExtract({{entities:String}}, 'Array(String)')
  AND received_at <= fromUnixTimestamp64Milli({{until:Int64}})
  AND (time, {phase} AS phase, id)
      > (fromUnixTimestamp64Milli({{time:Int64}}), {{phase:UInt8}}, {{id:String}})
ORDER BY time, phase, id
LIMIT 1 BY time, id
LIMIT {{most:UInt64}}
"""

_event = msgspec.json.Decoder(Event).decode
_entries = msgspec.json.Decoder(Entry)


class TooManyLinks(TouchlineError):
    """An identifier occurs with too many others to belong to one customer."""


class Customer(NamedTuple):
    """A customer: its id, and its identifiers, strongest first."""

    id: UUID
    identifiers: tuple[str, ...]


class Sharing(NamedTuple):
    """Why an identifier is shared: by the last operator's entry, by a limit, or by its kind if by neither."""

    entry: Entry | None = None
    excess: Excess | None = None


def customer_now(reader: Reader, who: str) -> Customer | None:
    """The customer with an identifier (`kind:value`) or a customer id; None if there is none.

    Raises:
        StoreError: The store does not answer.
    """
    found = _rows(reader, _CUSTOMER, {"entity": _text(who)})
    name = found[0][0] if found else who
    try:
        own_id = UUID(name)
    except ValueError:
        return None
    members = [row[0] for row in _rows(reader, _MEMBERS, {"customer": str(own_id)})]
    return Customer(own_id, tuple(sorted(members, key=rank))) if members else None


def customer_then(reader: Reader, identifier: str, until: int, limits: Limits) -> Customer | None:
    """The customer that had an identifier, by the events received and decisions taken up to a time (ms).

    `limits` say how many identifiers of a kind a customer may have.

    Raises:
        StoreError: The store does not answer.
        TooManyLinks: The identifier occurs with too many others to belong to one customer.
    """
    if not _rows(reader, _SETS, {"named": _json_list([identifier]), "until": str(until), "most": "1"}):
        return None
    policy = policy_of(ledger(reader, until), limits)
    strongest = customers(links(reader, identifier, policy, until), policy)
    name = strongest.get(identifier, identifier)
    members = {identifier, *(member for member, owner in strongest.items() if owner == name)}
    return Customer(customer_id(name), tuple(sorted(members, key=rank)))


def sharing(
    reader: Reader, identifier: str, entries: Sequence[Entry], limits: Limits, until: int = ALWAYS
) -> Sharing | None:
    """Why an identifier is shared, by the events received up to a time (ms); None if it is not.

    Args:
        reader: Reads the store.
        identifier: Normalised.
        entries: The ledger's entries up to that time, in order.
        limits: How many identifiers of a kind a customer may have.
        until: The time (ms).

    Raises:
        StoreError: The store does not answer.
    """
    if is_account(identifier):
        return None
    about = [entry for entry in entries if entry.is_share and entry.identifiers == (identifier,)]
    if about and about[-1].what == "share":
        return Sharing(entry=about[-1])
    if is_shared_by_definition(identifier, ()):
        return Sharing()
    values = {"named": _json_list([identifier]), "until": str(until), "most": str(MOST_SETS)}
    beyond = excess(identifier, (named for (named,) in _rows(reader, _SETS, values)), limits)
    return None if beyond is None else Sharing(excess=beyond)


def links(reader: Reader, identifier: str, policy: Policy, until: int = ALWAYS) -> set[Pair]:
    """The pairs that decide which customer an identifier belongs to: its neighbourhood, and some more.

    Raises:
        StoreError: The store does not answer.
        TooManyLinks: An identifier occurs with too many others to belong to one customer.
    """
    found: set[Pair] = set()
    queried: set[str] = set()
    frontier = {identifier}
    while frontier:
        batch = sorted(frontier)[:BATCH]
        values = {"named": _json_list(batch), "until": str(until), "most": str(MOST_SETS)}
        rows = _rows(reader, _SETS, values)
        found.update(pair for (identifiers,) in rows for pair in pairs(identifiers))
        queried.update(batch)
        shared_by_many = shared(found, policy)
        if len(rows) == MOST_SETS and not shared_by_many.intersection(batch):
            raise TooManyLinks(f"{', '.join(batch)}: these occur in {MOST_SETS:,} or more sets")
        owned = queried - shared_by_many
        neighbours = {member for pair in found if not owned.isdisjoint(pair) for member in pair}
        frontier = neighbours - queried - shared_by_many
    return found


def ledger(reader: Reader, until: int = ALWAYS) -> list[Entry]:
    """The entries of the ledger up to a time (ms), in order.

    Raises:
        StoreError: The store does not answer.
    """
    body = reader.reply(_LEDGER, "JSONEachRow", {"until": str(until)}).body
    return sorted(_entries.decode_lines(body), key=lambda entry: entry.order)


def events(
    reader: Reader, customer: Customer, until: int = ALWAYS, phases: Phases = PHASES
) -> Iterator[Event]:
    """The customer's events received up to a time (ms), ordered and without duplicates, read in pages.

    `phases` are those of the rules that the events are folded with.

    Raises:
        StoreError: The store does not answer.
    """
    sql = _EVENTS.format(columns=EVENT_JSON, phase=phase_sql(phases=phases))
    after, read = (-ALWAYS, 0, ""), PAGE_EVENTS
    while read == PAGE_EVENTS:
        time, phase, event_id = after
        values = {"entities": _json_list(customer.identifiers), "until": str(until)}
        values |= {"time": str(time), "phase": str(phase), "id": _text(event_id), "most": str(PAGE_EVENTS)}
        read = 0
        for line in reader.reply(sql, "TSVRaw", values).body.splitlines():
            event = _event(line)
            after, read = place(event, phases), read + 1
            yield event


def _rows(reader: Reader, sql: str, values: Mapping[str, str]) -> list[list[Any]]:
    return parse_answer(reader.reply(sql, "JSONCompact", values).body).result_rows


def _text(value: str) -> str:
    """A text as the value of a query parameter."""
    return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def _json_list(values: Sequence[str]) -> str:
    """A list as the value of a query parameter: JSON in a text."""
    return _text(orjson.dumps(values).decode())
