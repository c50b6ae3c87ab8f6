"""Panels that show one measure, as a number or over time, with its title, question, unit and benchmark."""

from touchline.measures import BY_NAME
from touchline.panels.panel import Panel, Reference, Threshold
from touchline.panels.sql import TIME, measured, with_gaps


def measure_stat(
    name: str,
    dashboard: str,
    *,
    empty: str,
    panel_id: str = "",
    thresholds: tuple[Threshold, ...] = (),
    references: tuple[Reference, ...] = (),
    width: int = 6,
) -> Panel:
    """A panel with the value of one measure. Its id is the measure's name unless `panel_id` is given."""
    measure = BY_NAME[name]
    return Panel(
        id=panel_id or name,
        dashboard=dashboard,
        title=measure.title,
        question=measure.question,
        sql=f"SELECT value FROM ({measured(name)})",
        kind="stat",
        unit=measure.unit,
        empty=empty,
        measure=name,
        thresholds=thresholds,
        references=references,
        benchmark=measure.benchmark if references else "",
        width=width,
        height=4,
    )


def measure_over_time(
    name: str,
    dashboard: str,
    *,
    panel_id: str,
    title: str,
    question: str,
    empty: str,
    references: tuple[Reference, ...],
) -> Panel:
    """A panel with one measure over time."""
    measure = BY_NAME[name]
    return Panel(
        id=panel_id,
        dashboard=dashboard,
        title=title,
        question=question,
        sql=f"{with_gaps(measured(name, TIME), 'value')}ORDER BY time",
        kind="timeseries",
        unit=measure.unit,
        empty=empty,
        measure=name,
        references=references,
        benchmark=measure.benchmark,
    )
