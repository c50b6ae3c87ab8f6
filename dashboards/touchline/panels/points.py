"""The frictions that one point of a chart counts."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from touchline.panels.macros import expand
from touchline.panels.panel import Panel
from touchline.panels.sql import FRICTIONS


class Point(NamedTuple):
    """A point of a panel.

    Args:
        panel: The panel, which counts frictions as they open.
        between: Its begin and its end (exclusive), ms since 1970.
        series: The value of the series; '' for all.
        chosen: The values of the filters.
    """

    panel: Panel
    between: tuple[int, int]
    series: str = ""
    chosen: Mapping[str, Sequence[str]] = {}


def frictions_of_point(point: Point) -> str:
    """SQL for the frictions of a point's series at any time, by its filters.

    With a series that is not '', the SQL takes it as the parameter `{series:String}`.
    """
    own = f" AND {point.panel.friction_series} = {{series:String}}" if point.series else ""
    sql = f"SELECT customer, channel, source, opened_at FROM current_frictions WHERE {FRICTIONS}{own}"
    return expand(sql, 0, 0, 1, point.chosen)
