"""A customer's story: as an object, and printed for people."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from touchline.analysis.reading.customer_history import ALWAYS, Customer, Sharing, events, ledger, sharing
from touchline.cli.output import say
from touchline.engine.customers.fold import fold
from touchline.friction import RuleSet
from touchline.identity import Entry, Limits
from touchline.store import parse_answer
from touchline.store.reader import Reader
from touchline.vocabulary.event import Event
from touchline.vocabulary.moments import in_words, rfc3339
from touchline.vocabulary.wording import counted

SHOWN = 30
"""The latest events that are printed."""

_ENDS = 4
"""Channels that are printed of each end of a long path."""

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

Story = dict[str, Any]


class Law(NamedTuple):
    """What a story is folded by: rules, the silence (ms) that ends a journey, and limits of identifiers."""

    rules: RuleSet
    journey_gap: int
    limits: Limits


def now(reader: Reader, customer: Customer, limits: Limits) -> Story:
    """The story as stored; `limits` say how many identifiers of a kind a customer may have."""
    journeys, frictions = (_rows(reader, sql, customer) for sql in (_JOURNEYS, _FRICTIONS))
    entries = ledger(reader)
    shared = _sharing(reader, customer, entries, limits)
    happened = list(events(reader, customer))
    return _story(customer, None, shared, journeys, frictions, happened, entries)


def then(reader: Reader, customer: Customer, until: int, law: Law) -> Story:
    """The story from what was received up to a time (ms): journeys and frictions are folded again."""
    own = list(events(reader, customer, until, law.rules.phases))
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
        return f"by {found.entry.who}{reason}"
    if found.excess is not None:
        return (
            f"it occurs with more identifiers of the kind {found.excess.kind} than the"
            f" {found.excess.limit} that a customer may have"
        )
    return "its kind links nobody"


def native(event: Event) -> bytes:
    """An event as producers send it, with the collector's fields."""
    kinds: dict[str, list[str]] = {}
    for identifier in event.identifiers:
        kind, _, value = identifier.partition(":")
        kinds.setdefault(kind, []).append(value)
    envelope = {
        "id": event.id,
        "type": event.type,
        "time": rfc3339(event.time),
        "channel": event.channel,
        "source": event.source,
        "identifiers": {kind: values[0] if len(values) == 1 else values for kind, values in kinds.items()},
        "data": event.data,
        "context": event.context,
        "schema": event.schema,
        "received_at": rfc3339(event.received_at),
        "producer": event.producer,
    }
    return orjson.dumps(envelope)


def show(story: Story, zone: str) -> None:
    """Print a story for people, with times in `zone`."""
    say(f"customer {story['customer']}")
    if story["as_of"] is not None:
        say(f"as of {in_words(story['as_of'], zone)}")
    _section("identifiers", story["identifiers"])
    if story["shared"] is not None:
        say(f"  shared, so it links no customers: {story['shared']}")
    _section(
        "journeys",
        [
            f"{in_words(one['start'], zone)} to {in_words(one['last'], zone)}  "
            f"{counted(one['events'], 'event')} ({shortened(one['path'])}), {one['strikes']} strikes, "
            f"grade {one['grade']}, {one['outcome']}"
            for one in story["journeys"]
        ],
    )
    _section(
        "frictions",
        [
            f"{in_words(one['opened_at'], zone)}  {one['rule']} ({one['channel']}, {one['source']})"
            + (f", resolved {in_words(one['resolved_at'], zone)}" if one["resolved_at"] is not None else "")
            for one in story["frictions"]
        ],
    )
    shown_events = story["events"]
    _section(
        "events" if len(shown_events) <= SHOWN else f"events (the latest {SHOWN} of {len(shown_events):,})",
        [
            f"{in_words(one['time'], zone)}  {one['type']} ({one['channel']}, {one['source']})"
            for one in shown_events[-SHOWN:]
        ],
    )
    if story["ledger"]:
        _section(
            "ledger",
            [
                f"{in_words(one['at'], zone)}  {one['what']} {' | '.join(one['identifiers'])} by {one['who']}"
                + (f": {one['reason']}" if one["reason"] else "")
                for one in story["ledger"]
            ],
        )


def shortened(path: Sequence[str]) -> str:
    """A journey's path in one line: of a long one, its beginning and its end."""
    if (left_out := len(path) - 2 * _ENDS) > 1:
        path = [*path[:_ENDS], f"… {left_out:,} more …", *path[-_ENDS:]]
    return " > ".join(path)


def _section(title: str, lines: Sequence[str]) -> None:
    say(f"\n{title}")
    for line in lines or ["none"]:
        say(f"  {line}".replace("\n", "\u240a"))


def _story(
    customer: Customer,
    as_of: int | None,
    shared: str | None,
    journeys: Sequence[Story],
    frictions: Sequence[Story],
    happened: Sequence[Event],
    entries: Sequence[Entry],
) -> Story:
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


def _rows(reader: Reader, sql: str, customer: Customer) -> list[Story]:
    answer = parse_answer(reader.reply(sql, "JSONCompact", {"customer": str(customer.id)}).body)
    return [dict(zip(answer.column_names, row, strict=True)) for row in answer.result_rows]
