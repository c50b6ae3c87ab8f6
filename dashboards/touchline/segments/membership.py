"""SQL for the members of a segment: a row of `customer` and `journey` for each.

Each condition is a query of its own for the customers, or the journeys, that fulfil it; a member fulfils all.
For a segment of customers, `journey` is all zeros.
"""

from collections.abc import Iterator

from touchline.measures import owned
from touchline.rules.rule import SelectorModel
from touchline.segments.definition import FirstSeen, Segment, Worth
from touchline.segments.selector_sql import selector_sql, text_sql

_NO_JOURNEY = "toUUIDOrZero('')"

_ORDERS = "type = 'order.placed'"
_WORTH = "Tuple(value Nullable(Float64), currency String)"


def members_sql(segment: Segment, now: int) -> str:
    """SQL for the members of a segment at the time `now` (ms): columns `customer` and `journey`."""
    of_journeys = segment.of == "journeys"
    unit = "id" if of_journeys else "customer"
    conditions = "\n  AND ".join(
        [
            *(f"{unit} IN ({sql})" for sql in _required(segment, of_journeys)),
            *(f"{unit} NOT IN ({sql})" for sql in _excluded(segment, of_journeys)),
            *(
                []
                if segment.first_seen is None
                else [f"customer IN ({_first_seen(segment.first_seen, now)})"]
            ),
        ]
    )
    journey = "id" if of_journeys else _NO_JOURNEY
    return f"SELECT DISTINCT customer, {journey} AS journey FROM current_journeys\nWHERE {conditions}"


def _required(segment: Segment, of_journeys: bool) -> Iterator[str]:
    if segment.value is not None:
        yield _worth(segment.value, of_journeys, "sum")
    if segment.order_value is not None:
        yield _worth(segment.order_value, of_journeys, "max")
    if segment.first_channel:
        channels = ", ".join(map(text_sql, segment.first_channel))
        if of_journeys:
            yield f"SELECT id FROM current_journeys WHERE path[1] IN ({channels})"
        else:
            yield (
                "SELECT customer FROM current_journeys GROUP BY customer "
                f"HAVING argMin(path[1], start) IN ({channels})"
            )
    for selector in segment.did:
        yield _did(selector, of_journeys)
    if segment.met:
        yield _met(segment.met, of_journeys)


def _excluded(segment: Segment, of_journeys: bool) -> Iterator[str]:
    for selector in segment.did_not:
        yield _did(selector, of_journeys)
    if segment.not_met:
        yield _met(segment.not_met, of_journeys)


def _worth(worth: Worth, of_journeys: bool, amount: str) -> str:
    """Orders placed, of the currency: their sum, or the largest."""
    rows = f"""SELECT entity, time, JSONExtract(data, '{_WORTH}') AS order
        FROM events WHERE {_ORDERS} LIMIT 1 BY id"""
    currency = f"WHERE order.currency = {text_sql(worth.currency)}" if worth.currency else ""
    unit = "id" if of_journeys else "customer"
    return (
        f"SELECT {unit} FROM ({_units(rows, of_journeys)}) {currency} "
        f"GROUP BY {unit} HAVING {amount}(ifNull(order.value, 0)) >= {worth.at_least!r}"
    )


def _did(selector: SelectorModel, of_journeys: bool) -> str:
    rows = f"SELECT entity, time FROM events WHERE {selector_sql(selector)}"
    return f"SELECT {'id' if of_journeys else 'customer'} FROM ({_units(rows, of_journeys)})"


def _met(rules: list[str], of_journeys: bool) -> str:
    listed = ", ".join(map(text_sql, rules))
    return (
        f"SELECT {'journey' if of_journeys else 'customer'} FROM current_frictions WHERE rule IN ({listed})"
    )


def _first_seen(seen: FirstSeen, now: int) -> str:
    since = f"fromUnixTimestamp64Milli({now - (seen.within or seen.before or 0)})"
    comparison = ">=" if seen.within is not None else "<"
    return f"SELECT customer FROM current_journeys GROUP BY customer HAVING min(start) {comparison} {since}"


def _units(rows: str, of_journeys: bool) -> str:
    """SQL that adds `customer` to rows of events, and `id` of the journey that an event belongs to."""
    found = owned(rows)
    if not of_journeys:
        return found
    return f"""SELECT seen.*, journeys.id AS id
        FROM ({found}) AS seen
        ASOF INNER JOIN (SELECT id, customer, start FROM current_journeys) AS journeys
        ON seen.customer = journeys.customer AND seen.time >= journeys.start"""
