"""Rows of `alerts`: how they are read from the store, and what is computed for a new one."""

from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

import msgspec

from touchline.alerts import AlertRule, sql
from touchline.alerts.detection import reach
from touchline.alerts.incident_text import Counts, sentence
from touchline.alerts.incidents import Incident
from touchline.alerts.rules import Absence, Change
from touchline.runtime.alerting.queries import Query, list_parameter
from touchline.tables import AlertRow
from touchline.vocabulary.durations import WEEK

USUAL_WEEKS = 4
"""How many weeks the usual number is computed from, unless the rule sets its own."""

_HELD = """
SELECT * REPLACE (toString(id) AS id, toString(fingerprint) AS fingerprint,
    toUnixTimestamp64Milli(opened_at) AS opened_at, toUnixTimestamp64Milli(detected_at) AS detected_at,
    toUnixTimestamp64Milli(resolved_at) AS resolved_at)
FROM alerts FINAL
WHERE opened_at > fromUnixTimestamp64Milli({lo:Int64}) OR status = 'firing'
    OR resolved_at > fromUnixTimestamp64Milli({lo:Int64})
    OR fingerprint IN JSONExtract({unfinished:String}, 'Array(UUID)')
"""
_COLUMNS = AlertRow.__struct_fields__


class Window(NamedTuple):
    """The times of one evaluation, in ms, and the time zone of texts.

    Args:
        start: Incidents that began before it are carried on.
        now: The evaluation time.
        known: All events received until then are stored; later nothing is absent or over.
        oldest: The time of the oldest event.
        known_at: When the pipeline learns what is new.
        zone: The time zone of texts.
    """

    start: int
    now: int
    known: int
    oldest: int
    known_at: int
    zone: str


def rows_since(query: Query, since: int, fingerprints: Sequence[str]) -> list[AlertRow]:
    """Incidents that fire, opened or resolved later than a time (ms), or have one of the fingerprints."""
    rows = query(_HELD, {"lo": str(since), "unfinished": list_parameter(fingerprints)})
    return [msgspec.convert(dict(zip(_COLUMNS, row, strict=True)), AlertRow, strict=False) for row in rows]


def alerts_since(query: Query, since: int) -> list[AlertRow]:
    """Incidents that fire, or opened or resolved later than a time (ms): firing first, then the newest."""
    rows = [row for row in rows_since(query, since, ()) if row.status != "retracted"]
    return sorted(rows, key=lambda row: (row.status == "firing", row.opened_at), reverse=True)


def describe(
    query: Query, rule: AlertRule, incident: Incident, before: AlertRow | None, window: Window
) -> AlertRow:
    """The row of an incident, with its counts, evidence and summary; `before` is its last row."""
    after = incident.opened_at - reach(rule)
    until = window.now if incident.resolved_at is None else incident.resolved_at
    parameters = {"lo": str(after), "hi": str(until), "labels": list_parameter(incident.labels)}
    count = customers = 0
    evidence: tuple[str, ...] = ()
    if not isinstance(rule, Absence):
        ((count, customers, first),) = query(sql.extent(rule), parameters)
        evidence = _journeys(query, [(journey, customer) for _, journey, customer in first], until)
    usual = _usual(query, rule, incident, window.oldest) if before is None else before.usual
    return AlertRow(
        id=incident.id,
        fingerprint=incident.fingerprint,
        rule=rule.id,
        kind=rule.kind,
        title=rule.title,
        severity=rule.severity,
        labels=incident.labels,
        opened_at=incident.opened_at,
        detected_at=window.known_at if before is None else before.detected_at,
        resolved_at=incident.resolved_at,
        status="firing" if incident.resolved_at is None else "resolved",
        count=count,
        customers=customers,
        usual=usual,
        evidence=evidence,
        summary=sentence(
            rule, incident.labels, incident.opened_at, Counts(count, customers, usual), window.zone
        ),
        version=1 if before is None else before.version + 1,
    )


def _journeys(query: Query, first: list[tuple[str, str]], until: int) -> tuple[str, ...]:
    """Journeys of (journey, customer) pairs; an empty journey becomes the customer's. Names no customer."""
    unnamed = [customer for journey, customer in first if not journey]
    parameters = {"customers": list_parameter(unnamed), "hi": str(until)}
    rows = query(sql.JOURNEYS, parameters) if unnamed else ()
    journeys = {str(customer): str(journey) for customer, journey in rows}
    found = (journey or journeys.get(customer, "") for journey, customer in first)
    return tuple(dict.fromkeys(journey for journey in found if journey))


def _usual(query: Query, rule: AlertRule, incident: Incident, oldest: int) -> float | None:
    """The median of the same window in earlier weeks; None if the data do not reach back a week."""
    after = incident.opened_at - reach(rule)
    weeks = rule.weeks if isinstance(rule, Change) else USUAL_WEEKS
    known = [week for week in range(1, weeks + 1) if after - week * WEEK >= oldest]
    if not known:
        return None
    labels = list_parameter(incident.labels)
    parameters = {"lo": str(after), "hi": str(incident.opened_at), "labels": labels}
    by_customers = not isinstance(rule, Absence | Change)
    found = Counter[int]()
    for week, number, customers in query(sql.usual(rule, weeks), parameters):
        found[week] = customers if by_customers else number
    return float(median(found[week] for week in known))
