"""The alerts on the page: what is wrong, where, since when, whom it met, and against what is usual."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from touchline.live import queries
from touchline.live.queries import Store, ask
from touchline.live.wording import RuleText, clip, known_as, title_of


@dataclass(frozen=True)
class Evidence:
    """A customer whose journey shows what is wrong."""

    customer: str
    name: str


@dataclass(frozen=True)
class Alert:
    """One incident; times in ms since 1970. `usual` is what is usual in words, or ''."""

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
    """Those that are open, the gravest first, and those that are over, the newest first."""

    open: list[Alert] = field(default_factory=list)
    over: list[Alert] = field(default_factory=list)


def load(store: Store, rules: Mapping[str, RuleText]) -> Alerts:
    """Ask the store for the alerts. Raises what the store raises."""
    rows = ask(store, queries.ALERTS, most=queries.MOST_ALERTS)
    journeys = sorted({journey for row in rows for journey in row["evidence"]})
    travellers = ask(store, queries.TRAVELLERS, journeys=journeys) if journeys else []
    owners = {row["journey"]: row["owner"] for row in travellers}
    customers = sorted(set(owners.values()))
    known = ask(store, queries.ENTITIES, customers=customers) if customers else []
    names = {row["owner"]: known_as(row["entities"]) for row in known}
    found = [
        Alert(
            row["key"],
            clip(row["title"]),
            row["severity"],
            _place(row["labels"], rules),
            row["opened"],
            row["resolved"],
            row["count"],
            row["customers"],
            "" if row["usual"] is None else f"usually {row['usual']:,.3g}",
            clip(row["summary"], 500),
            [
                Evidence(one, names.get(one) or one)
                for one in dict.fromkeys(owners[journey] for journey in row["evidence"] if journey in owners)
            ],
        )
        for row in rows
    ]
    return Alerts(
        [one for one in found if one.resolved_at is None], [one for one in found if one.resolved_at]
    )


def _place(labels: list[str], rules: Mapping[str, RuleText]) -> str:
    """Where it is, in words: `source=webshop` → `source webshop`; a rule by its title."""
    parts = (one.partition("=") for one in labels)
    return clip(
        " · ".join(
            title_of(value, rules) if name == "rule" else f"{name} {value or '(none)'}"
            for name, _, value in parts
        )
    )
