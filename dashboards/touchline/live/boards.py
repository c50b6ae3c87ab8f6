"""A dashboard's panels over a span of time, asked one by one: what fails is a panel, and not the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from touchline.live import queries
from touchline.live.chart import options
from touchline.live.drawing import Drawn, Words, customers, drawn, failed
from touchline.live.queries import Store, ask
from touchline.live.spans import window
from touchline.live.wording import RuleText, clip, known_as
from touchline.panels import CHANGES, Dashboard, Panel, Variable, expand, interval, panels_with

MOST_CHOICES = 300
_POINTS = 60


@dataclass(frozen=True)
class View:
    """What somebody looks at: a dashboard, a span, and the values chosen of its variables."""

    dashboard: str
    span: str
    chosen: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Choice:
    """A variable: its values with their titles; without values, a text. '' is all."""

    name: str
    title: str
    values: list[tuple[str, str]]
    chosen: str
    text: bool


@dataclass(frozen=True)
class Headline:
    """How much friction there is, what is usual (or ''), which rule finds most, and where most happens."""

    frictions: int
    usual: str
    rule: str
    times: int
    place: str


@dataclass(frozen=True)
class Board:
    """A dashboard as the page shows it; times in ms since 1970. `empty`: the store never had an event."""

    span: str
    empty: bool = False
    start: int = 0
    end: int = 0
    newest: int = 0
    old: bool = False
    choices: list[Choice] = field(default_factory=list)
    headline: Headline | None = None
    panels: list[Drawn] = field(default_factory=list)


@dataclass(frozen=True)
class Seen:
    """A board, and the pictures of its timeseries by the panel's id, as ECharts options."""

    board: Board
    pictures: dict[str, dict[str, Any]] = field(default_factory=dict)


def load(
    store: Store,
    view: View,
    dashboard: Dashboard,
    now: int,
    goals: Mapping[str, float],
    rules: Mapping[str, RuleText],
) -> Seen:
    """Ask for every panel of a view as of `now` (ms).

    Raises what the store raises where not even the extent of the data can be read.
    """
    seen = window(store, view.span, now)
    if seen is None:
        return Seen(Board(view.span, empty=True))
    step = interval(seen.start, seen.end, _POINTS)
    chosen = dict(view.chosen)
    variables = {name: [value] for name, value in chosen.items() if value}
    panels = [panel for panel in panels_with(goals) if panel.dashboard == dashboard.id]
    answers: dict[str, list[queries.Row]] = {}
    errors: dict[str, Exception] = {}
    for panel in panels:
        try:
            answers[panel.id] = ask(store, expand(panel.sql, seen.start, seen.end, step, variables))
        except Exception as error:  # whatever one panel fails with, the others are shown
            errors[panel.id] = error
    if errors and not answers:
        raise next(iter(errors.values()))
    changes = ask(store, expand(CHANGES.sql, seen.start, seen.end, step))
    words = Words(rules, _names(store, panels, answers))
    told = {
        panel.id: failed(panel, errors[panel.id])
        if panel.id in errors
        else drawn(panel, answers[panel.id], goals, words)
        for panel in panels
    }
    return Seen(
        Board(
            view.span,
            start=seen.start,
            end=seen.end,
            newest=seen.newest,
            old=seen.old,
            choices=[
                _choice(store, variable, chosen.get(variable.name, ""), words)
                for variable in dashboard.variables
            ],
            headline=_headline(answers, words),
            panels=list(told.values()),
        ),
        {
            panel.id: options(panel, answers[panel.id], seen.start, seen.end, step, words, changes)
            for panel in panels
            if panel.kind == "timeseries" and panel.id in answers and not told[panel.id].empty
        },
    )


def _names(
    store: Store, panels: Sequence[Panel], answers: Mapping[str, Sequence[queries.Row]]
) -> dict[str, str]:
    """What the customers in tables are known as."""
    ids = sorted({one for panel in panels for one in customers(panel, answers.get(panel.id, ()))})
    known = ask(store, queries.ENTITIES, customers=ids) if ids else []
    return {row["owner"]: known_as(row["entities"]) for row in known}


def _choice(store: Store, variable: Variable, chosen: str, words: Words) -> Choice:
    rows = ask(store, variable.sql) if variable.sql else []
    values = [str(value) for row in rows[:MOST_CHOICES] for value in row.values()]
    titles = words.rule if variable.name == "rule" else clip
    return Choice(
        variable.name,
        variable.title,
        [(value, titles(value)) for value in dict.fromkeys([*filter(None, [chosen]), *values])],
        chosen,
        not variable.sql,
    )


def _headline(answers: Mapping[str, Sequence[queries.Row]], words: Words) -> Headline | None:
    if not answers.get("frictions"):
        return None
    [total] = answers["frictions"]
    by_rule, by_place = answers.get("friction_by_rule"), answers.get("friction_by_touchpoint")
    return Headline(
        total["value"],
        "" if total["usual"] is None else f"{total['usual']:,.0f}",
        words.rule(by_rule[0]["rule"]) if by_rule else "",
        by_rule[0]["frictions"] if by_rule else 0,
        clip(by_place[0]["label"]) if by_place else "",
    )
