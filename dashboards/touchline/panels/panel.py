"""What a panel is: a question, the SQL that answers it, and how the answer is drawn.

SQL uses Grafana's macros that are the same in all versions (`$__timeFilter(col)`, `$__timeFilter_ms(col)`,
`$__timeInterval(col)`, `$__fromTime`, `$__toTime`, `$__interval_s`) and variables as `${name:queryparam}`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from touchline.measures import BY_NAME
from touchline.measures import Unit as MeasureUnit
from touchline.vocabulary.durations import HOUR

Kind = Literal["stat", "timeseries", "heatmap", "bars", "funnel", "sankey", "table"]
Unit = MeasureUnit | Literal["count", "text", "time"]
Level = Literal["good", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Threshold:
    """Values from `value` upwards, in the panel's unit, are at `level`; the first level has no lower end."""

    value: float
    level: Level


@dataclass(frozen=True, slots=True)
class Reference:
    """A horizontal line in a chart over time, with its label or ''."""

    value: float
    label: str


@dataclass(frozen=True, slots=True)
class Link:
    """The target of a cell: a dashboard, with the cell's value for one of its variables."""

    dashboard: str
    variable: str


@dataclass(frozen=True, slots=True)
class Column:
    """How a column of a table is shown; `missing` is what a NULL among values means, '' for a dash."""

    title: str
    unit: Unit = "count"
    link: Link | None = None
    missing: str = ""
    thresholds: tuple[Threshold, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A panel. `id` never changes; `empty` is shown if there are no rows.

    The columns of the SQL, by kind:

    - `stat`: one row with `value`, and optionally `usual` (the mean of the same period in earlier weeks); or
      several rows, each with a `label`.
    - `timeseries`: `time` and any number of numeric columns, or `time`, `series` and `value`.
    - `heatmap`: `time` (whole hours), `series` (its rows) and `value`.
    - `bars`, `funnel`: `label` and numeric columns; rows are drawn in their order.
    - `sankey`: `source`, `target` and `customers`; flows never lead in a circle. Rows go by steps.
    - `table`: any columns; those in `columns` come first.

    NULL means that there are no data, and is never drawn as 0. `measure` names the measure that the panel
    shows, `goal` is the team's goal for it, and `benchmark` is what the industry reports. `stacked` stacks
    the series of a chart. `friction_series` is SQL for the series of a row of `current_frictions` if a chart
    counts frictions as they open, so that its points can be explained. `names` is the field whose values
    `label` or `series` has, such as `channel`, if these have plain names (`touchline.vocabulary.names`).
    """

    id: str
    dashboard: str
    title: str
    question: str
    sql: str
    kind: Kind
    unit: Unit
    empty: str
    measure: str | None = None
    goal: float | None = None
    thresholds: tuple[Threshold, ...] = ()
    references: tuple[Reference, ...] = ()
    benchmark: str = ""
    columns: Mapping[str, Column] = field(default_factory=dict)
    stacked: bool = False
    friction_series: str = ""
    names: str = ""
    width: int = 12
    height: int = 8

    @property
    def unsettled(self) -> str:
        """A sentence on how long values may still change; '' if they are final at once."""
        hours = BY_NAME[self.measure].settles // HOUR if self.measure else 0
        if not hours:
            return ""
        recent = f"{hours // 24} days" if hours >= 48 else f"{hours} hours" if hours > 1 else "hour"
        return f"Values of the last {recent} may still change."


@dataclass(frozen=True, slots=True)
class Variable:
    """A filter of a dashboard: `sql` lists its values; without `sql` the reader types a text."""

    name: str
    title: str
    sql: str = ""


@dataclass(frozen=True, slots=True)
class Annotation:
    """Marks in all charts over time: rows of `time`, `title`, `text` and `tags`.

    With `timeEnd`, a mark covers the time up to it.
    """

    title: str
    sql: str


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Panels on one page. The default period is the last `since`; `short` is its name in menus."""

    id: str
    title: str
    question: str
    variables: tuple[Variable, ...]
    since: str = "24h"
    short: str = ""

    @property
    def path(self) -> str:
        """The path of the dashboard on the live page."""
        return PATHS.get(self.id, f"/{self.id}")


PATHS = {"friction": "/"}
"""Dashboards whose path is not their id."""
