"""Rows of `alerts`: how they are read from the store, and what is computed for a new one."""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from touchline.alerts import AlertRule, sql
from touchline.alerts.detection import DataBegin, reach
from touchline.alerts.incidents import Incident
from touchline.alerts.life.reading import ALERT_COLUMNS, alert_rows
from touchline.alerts.messages.incident_text import Counts, cost_sentence, sentence
from touchline.alerts.rules import Absence, Loss, Measured, Unusual
from touchline.runtime.alerting.context import changes_before, cost_of
from touchline.runtime.alerting.queries import Query, list_parameter
from touchline.tables import AlertRow
from touchline.vocabulary.durations import DAY, WEEK

USUAL_WEEKS = 4
"""How many weeks the usual number is computed from, unless the rule sets its own."""

_HELD = f"""
SELECT {ALERT_COLUMNS} FROM alerts FINAL
WHERE opened_at > fromUnixTimestamp64Milli({{lo:Int64}}) OR status = 'firing'
    OR resolved_at > fromUnixTimestamp64Milli({{lo:Int64}})
    OR fingerprint IN JSONExtract({{unfinished:String}}, 'Array(UUID)')
"""  # noqa: S608 - names of columns
_NAMED = f"""
SELECT {ALERT_COLUMNS} FROM alerts FINAL
WHERE status != 'retracted' AND (rule = {{name:String}}
    OR length({{name:String}}) >= 8 AND startsWith(toString(id), lower({{name:String}})))
ORDER BY opened_at DESC, id LIMIT 1
"""  # noqa: S608 - names of columns


class Window(NamedTuple):
    """The times of one evaluation, in ms, and the time zone of texts.

    Args:
        start: Incidents that began before it are carried on.
        now: The evaluation time.
        known: All events received until then are stored; later nothing is absent or over.
        begin: When the data begin.
        known_at: When the pipeline learns what is new.
        zone: The time zone of texts.
    """

    start: int
    now: int
    known: int
    begin: DataBegin
    known_at: int
    zone: str


def data_begin(query: Query) -> DataBegin | None:
    """When the data begin; None if there are none."""
    ((oldest, events),) = query(sql.OLDEST, {})
    if not events:
        return None
    rows = query(sql.REACHES, {})
    ((computed, impacts),) = query(sql.PRICED, {})
    # A friction has the price of a day before its own.
    priced = (computed // DAY + 1) * DAY if impacts else None
    return DataBegin(oldest, dict(zip(*rows[0], strict=True)) if rows else {}, priced)


def rows_since(query: Query, since: int, fingerprints: Sequence[str]) -> list[AlertRow]:
    """Incidents that fire, opened or resolved later than a time (ms), or have one of the fingerprints."""
    return alert_rows(query(_HELD, {"lo": str(since), "unfinished": list_parameter(fingerprints)}))


def named_incident(query: Query, name: str) -> AlertRow | None:
    """The incident whose id begins so, with 8 characters or more, or the newest of a rule; else None."""
    found = alert_rows(query(_NAMED, {"name": name}))
    return found[0] if found else None


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
    usual = (
        _usual(query, rule, incident, window.begin.of(rule, incident.labels))
        if before is None
        else before.usual
    )
    counts = Counts(count, customers, usual)
    cost = cost_of(query, rule, incident.labels, customers)
    if isinstance(rule, Loss):
        ((lost, low, high, currency, priced, elsewhere),) = query(sql.lost(rule), parameters)
        counts = counts._replace(lost=lost, currency=currency)
        cost = cost_sentence(priced, lost, low, high, currency, elsewhere)
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
        summary=sentence(rule, incident.labels, incident.opened_at, counts, window.zone),
        version=1 if before is None else before.version + 1,
        causes=() if before is None else before.causes,
        explained=0 if before is None else before.explained,
        changes=changes_before(query, incident.opened_at, window.zone),
        cost=cost,
    )


def _journeys(query: Query, first: list[tuple[str, str]], until: int) -> tuple[str, ...]:
    """Journeys of (journey, customer) pairs; an empty journey becomes the customer's. Names no customer."""
    unnamed = [customer for journey, customer in first if customer and not journey]
    parameters = {"customers": list_parameter(unnamed), "hi": str(until)}
    rows = query(sql.JOURNEYS, parameters) if unnamed else ()
    journeys = {str(customer): str(journey) for customer, journey in rows}
    found = (journey or journeys.get(customer, "") for journey, customer in first)
    return tuple(dict.fromkeys(journey for journey in found if journey))


def _usual(query: Query, rule: AlertRule, incident: Incident, oldest: int) -> float | None:
    """The median of the same window in earlier weeks; None if the data from `oldest` on have no week."""
    after = incident.opened_at - reach(rule)
    weeks = rule.weeks if isinstance(rule, Unusual) else USUAL_WEEKS
    known = [week for week in range(1, weeks + 1) if after - week * WEEK >= oldest]
    if not known:
        return None
    labels = list_parameter(incident.labels)
    parameters = {"lo": str(after), "hi": str(incident.opened_at), "labels": labels}
    by_customers = not isinstance(rule, Absence | Unusual | Measured)
    found: dict[int, float] = {}
    for week, number, customers in query(sql.usual(rule, weeks), parameters):
        found[week] = customers if by_customers else number
    return float(median(found.get(week, 0) for week in known))
