"""One customer's story, read from the store: who it is now or was then, and what happened to it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import orjson

from touchline.identity import Entry, Pair, bans, customer_id, customers, pairs, shared
from touchline.store import ENTRY_COLUMNS, EVENT_JSON, parse_answer
from touchline.store.access import Reader
from touchline.vocabulary.errors import TouchlineError
from touchline.vocabulary.event import Event
from touchline.vocabulary.identifiers import rank

PAGE_EVENTS = 20_000
"""Events that are read at once."""

ASKED = 50
"""Identifiers that are asked for at once."""

MOST_SETS = 10_000
"""Different sets of identifiers with which some identifiers may occur; more are no customer's."""

ALWAYS = 2**53
"""A time (ms) that nothing is after."""

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
_EVENTS = f"""
SELECT {EVENT_JSON} FROM events
WHERE entity IN JSONExtract({{entities:String}}, 'Array(String)')
  AND received_at <= fromUnixTimestamp64Milli({{until:Int64}})
  AND (time, id) > (fromUnixTimestamp64Milli({{time:Int64}}), {{id:String}})
ORDER BY time, id
LIMIT 1 BY time, id
LIMIT {{most:UInt64}}
"""  # noqa: S608 - made of constants

_event = msgspec.json.Decoder(Event).decode
_entries = msgspec.json.Decoder(Entry)


class TooManyLinks(TouchlineError):
    """An identifier occurs together with so many others that it cannot be a customer's."""


class Customer(NamedTuple):
    """A customer: its id, and its identifiers, strongest first."""

    id: UUID
    identifiers: tuple[str, ...]


def customer_now(reader: Reader, who: str) -> Customer | None:
    """The customer with this identifier (`kind:value`), or of this id; None where there is none.

    Raises:
        StoreError: the store does not answer.
    """
    found = _rows(reader, _CUSTOMER, {"entity": _text(who)})
    name = found[0][0] if found else who
    try:
        own_id = UUID(name)
    except ValueError:
        return None
    members = [row[0] for row in _rows(reader, _MEMBERS, {"customer": str(own_id)})]
    return Customer(own_id, tuple(sorted(members, key=rank))) if members else None


def customer_then(reader: Reader, identifier: str, until: int) -> Customer | None:
    """Whose the identifier was by what was received, and decided, up to a time (ms).

    Raises:
        StoreError: the store does not answer.
        TooManyLinks: the identifier is nobody's.
    """
    if not _rows(reader, _SETS, {"named": _listed([identifier]), "until": str(until), "most": "1"}):
        return None
    owner = customers(links(reader, identifier, until), bans(ledger(reader, until)))
    name = owner.get(identifier, identifier)
    members = {identifier, *(one for one, whose in owner.items() if whose == name)}
    return Customer(customer_id(name), tuple(sorted(members, key=rank)))


def links(reader: Reader, identifier: str, until: int = ALWAYS) -> set[Pair]:
    """The pairs that decide whose an identifier is: all of its neighbourhood, and some beside it.

    Raises:
        StoreError: the store does not answer.
        TooManyLinks: the identifier is nobody's.
    """
    found: set[Pair] = set()
    asked: set[str] = set()
    reach = {identifier}
    while reach:
        some = sorted(reach)[:ASKED]
        values = {"named": _listed(some), "until": str(until), "most": str(MOST_SETS)}
        rows = _rows(reader, _SETS, values)
        found.update(pair for (named,) in rows for pair in pairs(named))
        asked.update(some)
        nobody = shared(found)
        if len(rows) == MOST_SETS and not nobody.intersection(some):
            raise TooManyLinks(f"{', '.join(some)}: {MOST_SETS:,} and more sets of identifiers name these")
        owned = asked - nobody
        reach = {one for pair in found if not owned.isdisjoint(pair) for one in pair} - asked - nobody
    return found


def ledger(reader: Reader, until: int = ALWAYS) -> list[Entry]:
    """The entries of the ledger up to a time (ms), in order.

    Raises:
        StoreError: the store does not answer.
    """
    body = reader.reply(_LEDGER, "JSONEachRow", {"until": str(until)}).body
    return sorted(_entries.decode_lines(body), key=lambda entry: entry.order)


def events(reader: Reader, customer: Customer, until: int = ALWAYS) -> Iterator[Event]:
    """The customer's events received up to a time (ms), in order and each once, a page at a time.

    Raises:
        StoreError: the store does not answer.
    """
    time, event_id, read = -ALWAYS, "", PAGE_EVENTS
    while read == PAGE_EVENTS:
        values = {"entities": _listed(customer.identifiers), "until": str(until), "time": str(time)}
        values |= {"id": _text(event_id), "most": str(PAGE_EVENTS)}
        read = 0
        for line in reader.reply(_EVENTS, "TSVRaw", values).body.splitlines():
            event = _event(line)
            time, event_id, read = event.time, event.id, read + 1
            yield event


def _rows(reader: Reader, sql: str, values: Mapping[str, str]) -> list[list[Any]]:
    return parse_answer(reader.reply(sql, "JSONCompact", values).body).result_rows


def _text(value: str) -> str:
    """A text as the value of a parameter."""
    return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def _listed(values: Sequence[str]) -> str:
    """A list as the value of one parameter, which is JSON in a text."""
    return _text(orjson.dumps(values).decode())
