"""What a panel is: a question, the SQL that answers it, and how the answer is drawn.

SQL uses those of Grafana's macros that never changed (`$__timeFilter(col)`, `$__timeFilter_ms(col)`,
`$__timeInterval(col)`, `$__fromTime`, `$__toTime`, `$__interval_s`) and variables as `${name:sqlstring}`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from touchline.measures import BY_NAME
from touchline.measures import Unit as MeasureUnit

Kind = Literal["stat", "timeseries", "bars", "funnel", "table"]
Unit = MeasureUnit | Literal["count", "text", "time"]
Level = Literal["good", "warn", "bad"]


@dataclass(frozen=True, slots=True)
class Threshold:
    """From `value` on, in the panel's unit, it is `level`; the first of several holds below it as well."""

    value: float
    level: Level


@dataclass(frozen=True, slots=True)
class Reference:
    """A line to compare with: a number in use, and where it comes from."""

    value: float
    label: str
    source: str


@dataclass(frozen=True, slots=True)
class Link:
    """Where a cell leads: to a dashboard, with the cell's value for a variable."""

    dashboard: str
    variable: str


@dataclass(frozen=True, slots=True)
class Column:
    """How a column of a table is shown."""

    title: str
    unit: Unit = "count"
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel. `id` never changes; `question` is what it answers, `empty` what it says without rows.

    What the SQL gives, by kind:

    - `stat`: a row with `value`, perhaps `usual` (what the same span of earlier weeks had), perhaps several
      with a `label` each.
    - `timeseries`: rows by `time` with a number a column, or with one number, `value`, a `series`.
    - `bars`, `funnel`: rows with a `label` and numbers, in the order in which they are drawn.
    - `table`: any columns, those in `columns` first of all named.

    NULL is what was not measured, and is never drawn as 0. `measure` names the measure whose goal, where the
    team has one, is drawn as a line. `stacked` puts a timeseries' parts upon each other.
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
    thresholds: tuple[Threshold, ...] = ()
    references: tuple[Reference, ...] = ()
    columns: Mapping[str, Column] = field(default_factory=dict)
    stacked: bool = False
    width: int = 12
    height: int = 8

    @property
    def unsettled(self) -> str:
        """What of it may still change, in a sentence; '' where nothing may."""
        hours = BY_NAME[self.measure].settles // 3_600_000 if self.measure else 0
        said = f"{hours // 24} days" if hours >= 48 else f"{hours} hours" if hours > 1 else "an hour"
        return f"What is younger than {said} may still change." if hours else ""


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice of the reader's: one of the answers of `sql` or several, or all; without `sql`, a text."""

    name: str
    title: str
    sql: str = ""


@dataclass(frozen=True, slots=True)
class Annotation:
    """What is marked on every picture over time: rows of `time`, `title`, `text` and `tags`."""

    title: str
    sql: str


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Panels that are read together, over a span that ends now unless another is chosen."""

    id: str
    title: str
    question: str
    variables: tuple[Variable, ...]
    since: str = "24h"
