"""Loads the alerts."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from touchline.alerts.life.acts import mutes_of
from touchline.alerts.life.notice import hold_words, story
from touchline.alerts.life.plan import HoldPlan
from touchline.alerts.life.precision import precisions
from touchline.alerts.life.reading import ALERT_COLUMNS, Query, acts_since, alert_rows, held_rows
from touchline.alerts.life.situation import Situation
from touchline.live import queries
from touchline.live.labels import RuleText, clip, customer_label, place_words
from touchline.live.queries import Store, run
from touchline.tables import AlertActRow, AlertRow, HeldAlertRow
from touchline.vocabulary.durations import DAY

MAX_CAUSE = 300
MOST_HELD = 50
HELD_SPAN = 30 * DAY

# Open incidents first, the most severe on top, then the newest resolved ones.
_ALERTS = f"""
SELECT {ALERT_COLUMNS} FROM current_alerts
WHERE {{id:String}} IN ('', toString(id))
ORDER BY resolved_at IS NOT NULL,
         if(resolved_at IS NULL, indexOf(['critical', 'warning', 'info'], severity), 0), opened_at DESC, id
LIMIT {{limit:UInt32}}
"""  # noqa: S608 - names of columns


@dataclass(frozen=True)
class Evidence:
    """A customer whose journey shows the problem."""

    customer: str
    name: str


@dataclass(frozen=True)
class Alert:
    """One incident; times in ms since 1970. `usual` is a text such as `usually 2`, or ''."""

    id: str
    title: str
    severity: str
    place: str
    opened_at: int
    resolved_at: int | None
    count: int
    customers: int
    usual: str
    summary: str
    evidence: list[Evidence]
    causes: list[str]
    story: list[str] = field(default_factory=list)
    """What people did about it, in sentences."""
    acknowledged: bool = False
    snoozed: bool = False
    muted: bool = False
    verdict: str = ""
    held_by: str = ""
    """What holds its notifications; '' for nothing."""
    precision: str = ""
    """What people judged the rule's incidents to be; '' without verdicts."""


@dataclass(frozen=True)
class HeldEntry:
    """Notifications of an incident that were held; times in ms, `ended_at` is None while they are."""

    id: str
    title: str
    place: str
    held_by: str
    began_at: int
    ended_at: int | None
    customers: int


@dataclass(frozen=True)
class Alerts:
    """Open alerts, the most severe first, resolved ones and the ledger, the newest first."""

    open: list[Alert] = field(default_factory=list)
    resolved: list[Alert] = field(default_factory=list)
    held: list[HeldEntry] = field(default_factory=list)


def load(store: Store, rules: Mapping[str, RuleText], zone: str, now: int) -> Alerts:
    """Read the alerts, with sentences in a time zone at a time (ms). Raises what the store raises."""
    query = _query(store)
    rows = alert_rows(query(_ALERTS, {"limit": str(queries.MAX_ALERTS), "id": ""}))
    if not rows:
        return Alerts()
    evidence = _evidence(store, rows)
    acts = acts_since(query, min(row.opened_at for row in rows))
    held = held_rows(query, now - HELD_SPAN)
    situation = Situation({}, None, HoldPlan(), rows, acts, now)
    judged = precisions(rows, acts)
    holding = {entry.alert: entry for entry in held if entry.ended_at is None}
    alerts = []
    for row in rows:
        life = situation.life(row)
        hold = holding.get(row.id)
        alerts.append(
            replace(
                _alert(row, evidence, rules),
                story=story(life, zone),
                acknowledged=life.acknowledged is not None,
                snoozed=life.snoozed is not None,
                verdict="" if life.verdict is None else life.verdict.verdict,
                muted=bool(mutes_of(row, acts, now)),
                held_by="" if hold is None else hold_words(hold.reason, hold.name),
                precision=judged[row.rule].words,
            )
        )
    return Alerts(
        [alert for alert in alerts if alert.resolved_at is None],
        [alert for alert in alerts if alert.resolved_at],
        [_held(entry, rules) for entry in held[:MOST_HELD]],
    )


def find_incident(store: Store, id_: str) -> AlertRow | None:
    """The incident with an id, unless it was retracted. Raises what the store raises."""
    rows = alert_rows(_query(store)(_ALERTS, {"limit": "1", "id": id_ or "none"}))
    return rows[0] if rows else None


def find_mutes(store: Store, row: AlertRow, now: int) -> list[AlertActRow]:
    """The mutes that hold an incident at a time (ms). Raises what the store raises."""
    return mutes_of(row, acts_since(_query(store), row.opened_at), now)


def _query(store: Store) -> Query:
    return lambda sql, parameters: store.query(sql, dict(parameters)).result_rows


def _held(entry: HeldAlertRow, rules: Mapping[str, RuleText]) -> HeldEntry:
    return HeldEntry(
        id=str(entry.id),
        title=clip(entry.title),
        place=place_words(list(entry.labels), rules),
        held_by=hold_words(entry.reason, entry.name),
        began_at=entry.began_at,
        ended_at=entry.ended_at,
        customers=entry.customers,
    )


def _evidence(store: Store, rows: list[AlertRow]) -> dict[str, Evidence]:
    """The customers of the journeys that alerts name, by the journey's id."""
    journeys = sorted({journey for row in rows for journey in row.evidence})
    found = run(store, queries.CUSTOMERS_OF_JOURNEYS, journeys=journeys) if journeys else []
    customers = {row["journey"]: row["owner"] for row in found}
    ids = sorted(set(customers.values()))
    identifiers = run(store, queries.IDENTIFIERS_OF_CUSTOMERS, customers=ids) if ids else []
    names = {row["owner"]: customer_label(row["entities"]) for row in identifiers}
    return {journey: Evidence(id_, names.get(id_, id_)) for journey, id_ in customers.items()}


def _alert(row: AlertRow, evidence: Mapping[str, Evidence], rules: Mapping[str, RuleText]) -> Alert:
    return Alert(
        id=str(row.id),
        title=clip(row.title),
        severity=row.severity,
        place=place_words(row.labels, rules),
        opened_at=row.opened_at,
        resolved_at=row.resolved_at,
        count=row.count,
        customers=row.customers,
        usual="" if row.usual is None else f"usually {row.usual:,.3g}",
        summary=clip(row.summary, 500),
        causes=[clip(cause, MAX_CAUSE) for cause in row.causes],
        evidence=list(dict.fromkeys(evidence[journey] for journey in row.evidence if journey in evidence)),
    )
