"""A customer's story as one object, and for people."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from touchline.analysis.reading.customer_history import ALWAYS, Customer, Sharing, events, ledger, sharing
from touchline.cli.output import say
from touchline.cli.spans import written
from touchline.engine.customers.fold import fold
from touchline.friction import RuleSet
from touchline.identity import Entry, Limits
from touchline.store import parse_answer
from touchline.store.reader import Reader
from touchline.vocabulary.event import Event
from touchline.vocabulary.wording import counted

SHOWN = 30
"""Events that people are shown, the latest."""

_JOURNEYS = """
SELECT toString(id) AS id, toUnixTimestamp64Milli(start) AS start, toUnixTimestamp64Milli(last) AS last,
    path, events, strikes, score, grade, outcome
FROM current_journeys WHERE customer = {customer:UUID} ORDER BY start
"""
_FRICTIONS = """
SELECT toString(id) AS id, rule, toUnixTimestamp64Milli(opened_at) AS opened_at,
    toUnixTimestamp64Milli(resolved_at) AS resolved_at, channel, source, weight, factor, evidence
FROM current_frictions WHERE customer = {customer:UUID} ORDER BY opened_at, id
"""

Told = dict[str, Any]


class Law(NamedTuple):
    """What a story is folded by: rules, the silence (ms) that ends a journey, and limits of identifiers."""

    rules: RuleSet
    journey_gap: int
    limits: Limits


def now(reader: Reader, customer: Customer, limits: Limits) -> Told:
    """The story as the store has it; `limits` say how many identifiers of a kind a customer may have."""
    journeys, frictions = (_rows(reader, sql, customer) for sql in (_JOURNEYS, _FRICTIONS))
    entries = ledger(reader)
    shared = _sharing(reader, customer, entries, limits)
    happened = list(events(reader, customer))
    return _story(customer, None, shared, journeys, frictions, happened, entries)


def then(reader: Reader, customer: Customer, until: int, law: Law) -> Told:
    """The story by what had been received up to a time (ms); journeys and frictions are folded anew."""
    own = list(events(reader, customer, until))
    folded = fold(own, law.rules, until, law.journey_gap)
    names = ("start", "last", "path", "events", "strikes", "score", "grade", "outcome")
    journeys = [{"id": str(one.id)} | {name: getattr(one, name) for name in names} for one in folded.journeys]
    names = ("rule", "opened_at", "resolved_at", "channel", "source", "weight", "factor", "evidence")
    frictions = [{"id": str(one.id)} | {name: getattr(one, name) for name in names} for one in folded.signals]
    entries = ledger(reader, until)
    shared = _sharing(reader, customer, entries, law.limits, until)
    return _story(customer, until, shared, journeys, frictions, own, entries)


def why_shared(found: Sharing) -> str:
    """The reason for which an identifier is shared, for people."""
    if found.entry is not None:
        reason = f": {found.entry.reason}" if found.entry.reason else ""
        return f"by {found.entry.who} on {written(found.entry.at)}{reason}"
    if found.excess is not None:
        return (
            f"it occurs with more identifiers of the kind {found.excess.kind} than the"
            f" {found.excess.limit} that a customer may have"
        )
    return "its kind links nobody"


def native(event: Event) -> bytes:
    """An event as producers send it, with what the collector stamped."""
    kinds: dict[str, list[str]] = {}
    for identifier in event.identifiers:
        kind, _, value = identifier.partition(":")
        kinds.setdefault(kind, []).append(value)
    told = {
        "id": event.id,
        "type": event.type,
        "time": _rfc3339(event.time),
        "channel": event.channel,
        "source": event.source,
        "identifiers": {kind: values[0] if len(values) == 1 else values for kind, values in kinds.items()},
        "data": event.data,
        "context": event.context,
        "schema": event.schema,
        "received_at": _rfc3339(event.received_at),
        "producer": event.producer,
    }
    return orjson.dumps(told)


def show(told: Told) -> None:
    """Print a story for people."""
    say(f"customer {told['customer']}")
    if told["as_of"] is not None:
        say(f"as of {written(told['as_of'])}")
    _section("identifiers", told["identifiers"])
    if told["shared"] is not None:
        say(f"  shared, so it links no customers: {told['shared']}")
    _section(
        "journeys",
        [
            f"{written(one['start'])} to {written(one['last'])}  {counted(one['events'], 'event')} "
            f"({' > '.join(one['path'])}), {one['strikes']} strikes, grade {one['grade']}, {one['outcome']}"
            for one in told["journeys"]
        ],
    )
    _section(
        "frictions",
        [
            f"{written(one['opened_at'])}  {one['rule']} ({one['channel']}, {one['source']})"
            + (f", resolved {written(one['resolved_at'])}" if one["resolved_at"] is not None else "")
            for one in told["frictions"]
        ],
    )
    happened = told["events"]
    _section(
        "events" if len(happened) <= SHOWN else f"events (the latest {SHOWN} of {len(happened):,})",
        [
            f"{written(one['time'])}  {one['type']} ({one['channel']}, {one['source']})"
            for one in happened[-SHOWN:]
        ],
    )
    if told["ledger"]:
        _section(
            "ledger",
            [
                f"{written(one['at'])}  {one['what']} {' | '.join(one['identifiers'])} by {one['who']}"
                + (f": {one['reason']}" if one["reason"] else "")
                for one in told["ledger"]
            ],
        )


def _section(title: str, lines: Sequence[str]) -> None:
    say(f"\n{title}")
    for line in lines or ["none"]:
        say(f"  {line}".replace("\n", "\u240a"))


def _story(
    customer: Customer,
    as_of: int | None,
    shared: str | None,
    journeys: Sequence[Told],
    frictions: Sequence[Told],
    happened: Sequence[Event],
    entries: Sequence[Entry],
) -> Told:
    own = set(customer.identifiers)
    return {
        "customer": str(customer.id),
        "as_of": as_of,
        "identifiers": list(customer.identifiers),
        "shared": shared,
        "journeys": list(journeys),
        "frictions": list(frictions),
        "events": [
            {
                "id": one.id,
                "type": one.type,
                "time": one.time,
                "received_at": one.received_at,
                "channel": one.channel,
                "source": one.source,
                "identifiers": one.identifiers,
                "data": one.data,
            }
            for one in happened
        ],
        "ledger": [
            {"id": one.id, "at": one.at, "who": one.who, "what": one.what}
            | {"identifiers": one.identifiers, "reason": one.reason}
            for one in entries
            if not own.isdisjoint(one.identifiers)
        ],
    }


def _sharing(
    reader: Reader, customer: Customer, entries: Sequence[Entry], limits: Limits, until: int = ALWAYS
) -> str | None:
    """Why the customer's identifier is shared; None if it is not. A shared identifier is alone."""
    if len(customer.identifiers) > 1:
        return None
    found = sharing(reader, customer.identifiers[0], entries, limits, until)
    return None if found is None else why_shared(found)


def _rows(reader: Reader, sql: str, customer: Customer) -> list[Told]:
    answer = parse_answer(reader.reply(sql, "JSONCompact", {"customer": str(customer.id)}).body)
    return [dict(zip(answer.column_names, row, strict=True)) for row in answer.result_rows]


def _rfc3339(ms: int) -> str:
    moment = datetime.fromtimestamp(ms // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03}Z"
