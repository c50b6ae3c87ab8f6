"""The alerts page: what is wrong, where, since when, and how many customers are affected."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from touchline.live import queries
from touchline.live.labels import RuleText, clip, customer_label, rule_title
from touchline.live.queries import Row, Store, run


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


@dataclass(frozen=True)
class Alerts:
    """Open alerts, the most severe first, and resolved ones, the newest first."""

    open: list[Alert] = field(default_factory=list)
    resolved: list[Alert] = field(default_factory=list)


def load(store: Store, rules: Mapping[str, RuleText]) -> Alerts:
    """Read the alerts. Raises what the store raises."""
    rows = run(store, queries.ALERTS, limit=queries.MAX_ALERTS)
    evidence = _evidence(store, rows)
    alerts = [_alert(row, evidence, rules) for row in rows]
    return Alerts(
        [alert for alert in alerts if alert.resolved_at is None],
        [alert for alert in alerts if alert.resolved_at],
    )


def _evidence(store: Store, rows: list[Row]) -> dict[str, Evidence]:
    """The customers of the journeys that alerts name, by the journey's id."""
    journeys = sorted({journey for row in rows for journey in row["evidence"]})
    found = run(store, queries.CUSTOMERS_OF_JOURNEYS, journeys=journeys) if journeys else []
    customers = {row["journey"]: row["owner"] for row in found}
    ids = sorted(set(customers.values()))
    identifiers = run(store, queries.IDENTIFIERS_OF_CUSTOMERS, customers=ids) if ids else []
    names = {row["owner"]: customer_label(row["entities"]) for row in identifiers}
    return {journey: Evidence(id_, names.get(id_, id_)) for journey, id_ in customers.items()}


def _alert(row: Row, evidence: Mapping[str, Evidence], rules: Mapping[str, RuleText]) -> Alert:
    return Alert(
        id=row["key"],
        title=clip(row["title"]),
        severity=row["severity"],
        place=_place(row["labels"], rules),
        opened_at=row["opened"],
        resolved_at=row["resolved"],
        count=row["count"],
        customers=row["customers"],
        usual="" if row["usual"] is None else f"usually {row['usual']:,.3g}",
        summary=clip(row["summary"], 500),
        evidence=list(dict.fromkeys(evidence[journey] for journey in row["evidence"] if journey in evidence)),
    )


def _place(labels: list[str], rules: Mapping[str, RuleText]) -> str:
    """The labels of an alert in words: `source=webshop` → `source webshop`, a rule by its title."""
    parts = (label.partition("=") for label in labels)
    return clip(
        " · ".join(
            rule_title(value, rules) if name == "rule" else f"{name} {value or '(none)'}"
            for name, _, value in parts
        )
    )
