"""Simulates alert rules over stored data: how many incidents would they have opened? Nothing is written."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from touchline.alerts import Absence, AlertRule, Loss, Measured, StrikeOut, Threshold, Unusual, sql
from touchline.alerts.detection import DataBegin, detect, forecast, reach
from touchline.alerts.incidents import Incident, standing_at, untrue
from touchline.alerts.transients import Transients, transients
from touchline.runtime.alerting.queries import Query
from touchline.runtime.alerting.rows import data_begin
from touchline.vocabulary.durations import DAY, HOUR, MINUTE, WEEK

_MOST_KEPT = 1_000_000
"""Rows that are kept for further simulations of a rule; beyond it they are queried again."""

_CUSTOMERS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 75, 100, 150, 200, 300, 500, 1_000, 2_000)
_TIMES = (1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0, 10.0, 15.0, 20.0, 30.0, 50.0)
_AMOUNTS = tuple(part * 10**power for power in range(1, 7) for part in (1, 2, 5))
_SHARES = [percent / 100 for percent in range(5, 100, 5)]
_PARTS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0)
_SILENCE = tuple(MINUTE * minutes for minutes in (5, 10, 15, 30)) + tuple(
    HOUR * hours for hours in (1, 2, 3, 4, 6, 8, 12, 18, 24)
)


_LONGEST_SHARE = 0.1
_ALWAYS_REACHED = ("customers", "amount")
"""Fields whose small values are reached all the time."""


class Suggestion(NamedTuple):
    """A value of a rule's field, and how many incidents a week it would have opened."""

    field: str
    value: float
    a_week: float


class Simulation(NamedTuple):
    """A rule, and the incidents that it would have opened.

    Attributes:
        forecast: For a rule of kind `unusual`, how many incidents a week chance opens at most; None without
            a baseline, and for other kinds.
        suggestion: The most sensitive value with at most the wished number a week; None if none was wished,
            or no value has so few.
        known_from: For a rule of kind `loss`, from when (ms) losses are known, if that is in the period; the
            end of the period if they are not known at all.
    """

    rule: AlertRule
    incidents: list[Incident]
    forecast: float | None = None
    suggestion: Suggestion | None = None
    known_from: int | None = None

    @property
    def transients(self) -> Transients | None:
        """A longer `wait` that keeps short incidents from being notified; None if few are short."""
        return transients(self.incidents, self.rule.cooldown, self.rule.wait)


class Period(NamedTuple):
    """From when, and until when (ms)."""

    since: int
    until: int

    @property
    def weeks(self) -> float:
        """Its length; at least an hour."""
        return max(self.until - self.since, HOUR) / WEEK


def simulate(
    query: Query,
    rules: Iterable[AlertRule],
    since: int,
    until: int,
    progress: Callable[[int, int], None] = lambda done, parts: None,
    wished: float | None = None,
) -> list[Simulation]:
    """The incidents of rules between two times (ms), computed a day at a time.

    Args:
        query: Queries the store.
        rules: The alert rules.
        since: From when.
        until: Until when.
        progress: Called after each day of each rule, with the parts done and the number of all parts.
        wished: For each rule, suggest a value with at most so many incidents a week.

    Raises:
        StoreError: the store does not answer.
    """
    rules, period = list(rules), Period(since, until)
    parts = len(range(since, until, DAY))
    data = data_begin(query) or DataBegin(until)
    simulations = []
    points = _Points(query)
    for number, rule in enumerate(rules):
        count = partial(_count, progress, number * parts, len(rules) * parts)
        incidents = _incidents(points, rule, period, data, count)
        suggestion = None if wished is None else _suggested(points, rule, period, data, wished)
        known_from = None
        if isinstance(rule, Loss):
            priced = until if data.priced is None else min(data.priced, until)
            known_from = priced if priced > since else None
        by_chance = _forecast(query, rule, until, data)
        simulations.append(Simulation(rule, incidents, by_chance, suggestion, known_from))
    return simulations


def _count(progress: Callable[[int, int], None], done: int, parts: int, days: int) -> None:
    progress(done + days, parts)


class _Points:
    """The rows of rules by query and span: simulations with other limits read the same ones."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self._kept: dict[tuple[str, int, int], Sequence[Sequence[Any]]] = {}
        self._rows = 0

    def between(self, rule: AlertRule, after: int, until: int) -> Sequence[Sequence[Any]]:
        key = sql.points(rule), after, until
        if key in self._kept:
            return self._kept[key]
        rows = self._query(key[0], {"lo": str(after), "hi": str(until), "held": "[]"})
        if self._rows + len(rows) <= _MOST_KEPT:
            self._kept[key] = rows
            self._rows += len(rows)
        return rows


def _incidents(
    points: _Points,
    rule: AlertRule,
    period: Period,
    data: DataBegin,
    progress: Callable[[int], None] = lambda days: None,
) -> list[Incident]:
    known: dict[object, Incident] = {}
    for day, begin in enumerate(range(period.since, period.until, DAY), start=1):
        end = min(begin + DAY, period.until)
        # An incident that ended within the cooldown may continue: look at it again.
        start = max(period.since, begin - rule.cooldown - 1)
        found = detect(
            rule,
            points.between(rule, start - reach(rule), end),
            start=start,
            now=end,
            known=end,
            begin=data,
            standing=standing_at(start, known.values(), rule.cooldown),
        )
        for retracted in untrue(list(known.values()), found, start):
            del known[retracted.id]
        known.update((incident.id, incident) for incident in found)
        progress(day)
    return sorted(known.values(), key=lambda incident: incident.opened_at)


def _forecast(query: Query, rule: AlertRule, until: int, data: DataBegin) -> float | None:
    """False alarms a week, from the levels of the last week."""
    if not isinstance(rule, Unusual):
        return None
    start = until - WEEK
    rows = query(sql.points(rule), {"lo": str(start - reach(rule)), "hi": str(until), "held": "[]"})
    return forecast(rule, rows, (start, until), data)


def _suggested(
    points: _Points, rule: AlertRule, period: Period, data: DataBegin, wished: float
) -> Suggestion | None:
    """By bisection: the stricter the value, the fewer incidents."""
    field, values = ladder(rule)
    found: dict[int, list[Incident]] = {}

    def a_week(place: int) -> float:
        if place not in found:
            changed: Mapping[str, float] = {field: values[place]}
            found[place] = _incidents(points, rule.model_copy(update=changed), period, data)
        return len(found[place]) / period.weeks

    def is_strict(place: int) -> bool:
        if a_week(place) > wished:
            return False
        # A limit that customers always reach opens few incidents, which never end.
        lasted = sum((one.resolved_at or period.until) - one.opened_at for one in found[place])
        return field not in _ALWAYS_REACHED or lasted <= _LONGEST_SHARE * (period.until - period.since)

    low, high = 0, len(values) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if is_strict(middle) else (middle + 1, high)
    return Suggestion(field, values[low], a_week(low)) if is_strict(low) else None


def ladder(rule: AlertRule) -> tuple[str, Sequence[float]]:
    """The field that makes the rule more or less sensitive, and its values from the most sensitive on."""
    match rule:
        case Threshold() | StrikeOut():
            return "customers", _CUSTOMERS
        case Unusual():
            return "times", _TIMES
        case Measured():
            observed = rule.observations
            values = _SHARES if observed.is_share else [rule.worse_than * part for part in _PARTS]
            return "worse_than", sorted(values, reverse=observed.higher_is_better)
        case Loss():
            return "amount", _AMOUNTS
        case Absence():
            return "longer_than", [value for value in _SILENCE if value < rule.forget]
