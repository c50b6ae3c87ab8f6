"""Panels, each defined once: the question, the SQL that answers it, and how the answer is drawn."""

from touchline.panels.catalogue import (
    ALERTS,
    BY_ID,
    CHANGES,
    DASHBOARDS,
    PANELS,
    notes_of,
    panels_with,
    unfiltered_note,
    unused_filters,
)
from touchline.panels.filters import ALL
from touchline.panels.macros import MacroError, expand, interval
from touchline.panels.panel import (
    Annotation,
    Column,
    Dashboard,
    Kind,
    Level,
    Link,
    Panel,
    Reference,
    Threshold,
    Unit,
    Variable,
)

__all__ = [
    "ALERTS",
    "ALL",
    "BY_ID",
    "CHANGES",
    "DASHBOARDS",
    "PANELS",
    "Annotation",
    "Column",
    "Dashboard",
    "Kind",
    "Level",
    "Link",
    "MacroError",
    "Panel",
    "Reference",
    "Threshold",
    "Unit",
    "Variable",
    "expand",
    "interval",
    "notes_of",
    "panels_with",
    "unfiltered_note",
    "unused_filters",
]
