"""The retailer in lists, how a reader looks at it, and what several panels count of it."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from touchline.panels import Panel, expand
from touchline.store import Store
from touchline.vocabulary.event import Event

Row = dict[str, Any]
Rows = list[Row]
Count = Callable[["Plain", "Seen"], Rows]
"""What a panel must show, of what was planted, in a span, as chosen."""

WEEK = 7 * 86_400_000
FILTERS = ("channel", "source", "rule", "queue", "reason", "team", "store")
FUNNEL = {
    "cart.updated": "Cart filled",
    "checkout.started": "Checkout started",
    "checkout.step_completed": "Checkout continued",
    "order.placed": "Order placed",
}


@dataclass
class Plain:
    """The retailer in lists: what was sent, what was planted, and what was refused; times in ms."""

    events: list[Event]
    frictions: list[Row]
    journeys: list[Row]
    quarantine: list[Row]
    accounts: list[Row]
    alerts: list[Row]
    owners: dict[str, str]
    """Event id → customer id."""
    written: list[Row] = field(default_factory=list)
    """Rows of `frictions` as the worker wrote them, for what only the worker knows: when it knew."""
    reaches: Mapping[str, int] = field(default_factory=dict)
    """Rule → how far (ms) it looks back."""
    impacts: list[Row] = field(default_factory=list)
    """The newest rows of `rule_impact`, by loss."""
    voice: Mapping[str, list[Row]] = field(default_factory=dict)
    """The newest rows of the tables of what is found in texts."""
    effects: list[Row] = field(default_factory=list)
    """The newest rows of `change_effects`."""

    internal: list[Event] = field(default_factory=list)
    """Events that are no touchpoints."""

    def members(self) -> set[str]:
        """The customers of the segment `vip`: every other one, and the first of all."""
        customers = sorted(set(self.owners.values()))
        return {*customers[::2], self.owners[self.events[0].id]}

    def of_members(self) -> "Plain":
        """The same without the other customers."""
        members = self.members()
        return replace(
            self,
            events=[event for event in self.events if self.owners[event.id] in members],
            frictions=[friction for friction in self.frictions if friction["customer"] in members],
            journeys=[journey for journey in self.journeys if journey["customer"] in members],
        )

    def contacts(self) -> list[list[Event]]:
        """The steps of each contact, in order."""
        found: dict[str, list[Event]] = defaultdict(list)
        for event in self.events:
            if event.type.startswith("contact."):
                found[event.data["contact_id"]].append(event)
        return list(found.values())


@dataclass(frozen=True)
class Seen:
    """A span, an interval and what is chosen, as a reader of the panels has them."""

    start: int
    end: int
    interval: int
    variables: Mapping[str, Sequence[str]]
    customer: str

    def rows(self, store: Store, panel: Panel) -> list[Row]:
        """What the panel shows."""
        sql = expand(panel.sql, self.start, self.end, self.interval, self.variables)
        answer = store.query(sql)
        return [dict(zip(answer.column_names, row, strict=True)) for row in answer.result_rows]

    def during(self, time: int) -> bool:
        """Whether a time is in the span, both ends included, as the time filter has it."""
        return self.start // 1000 * 1000 <= time <= self.end // 1000 * 1000

    def measured(self, time: int) -> bool:
        """Whether a time is in the span as measures have it."""
        return self.start // 1000 * 1000 <= time < self.end // 1000 * 1000

    def chosen(self, **values: str | Collection[str]) -> bool:
        """Whether each value, or any of several, is chosen, or all are."""
        return all(
            not self.variables.get(name)
            or not set([found] if isinstance(found, str) else found).isdisjoint(self.variables[name])
            for name, found in values.items()
        )

    def shows(self, friction: Row, names: Collection[str] = FILTERS) -> bool:
        """Whether what a friction has of these filters is chosen."""
        return self.chosen(**{name: friction[name] for name in names})

    def bucket(self, time: int) -> int:
        """The seconds at which the bucket of a time begins."""
        return time // 1000 // self.interval * self.interval


def moment(ms: int) -> str:
    """A time as the store writes it, to the millisecond."""
    return f"{second(ms // 1000)}.{ms % 1000:03}"


def second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def met(plain: Plain, seen: Seen, weeks: int = 0) -> Rows:
    """Frictions of the span, as chosen, brought forward by so many weeks."""
    return [
        one for one in plain.frictions if seen.during(one["opened_at"] + weeks * WEEK) and seen.shows(one)
    ]


def counted(keys: Iterable[str], named: str) -> Rows:
    found = sorted(Counter(keys).items(), key=lambda one: (-one[1], one[0]))
    return [{"label": key, named: number} for key, number in found]


def series(found: Iterable[tuple[int, str]], seen: Seen) -> Rows:
    numbers = Counter((seen.bucket(at), name) for at, name in found)
    return [
        {"time": second(at), "series": name, "value": number}
        for (at, name), number in sorted(numbers.items())
    ]
