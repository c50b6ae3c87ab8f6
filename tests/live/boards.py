"""Dashboards over the real store, as of one moment, with rows inserted by the tests."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from unittest.mock import patch

from touchline.live.boards import loading
from touchline.live.boards.loading import LoadedBoard, View
from touchline.live.boards.panel_view import PanelView
from touchline.live.boards.spans import Period
from touchline.panels import Panel
from touchline.segments.definition import Funnel
from touchline.segments.funnels import with_funnels
from touchline.store import Store

NOW = 1_800_000_000_000


@dataclass(frozen=True)
class Text:
    """The texts of a rule."""

    id: str
    title: str
    why: str


RULES = {"queue": Text("queue", "Abandoned in queue", "They call again.")}


def seen(
    store: Store,
    span: str = "24h",
    dashboard: str = "friction",
    only: Collection[str] = (),
    rules: Mapping[str, Text] = RULES,
    **chosen: str,
) -> LoadedBoard:
    """A dashboard at `NOW`; with `only` these of its panels, because each takes a query."""

    def needed(panels: Sequence[Panel], funnels: Sequence[Funnel]) -> list[Panel]:
        return [panel for panel in with_funnels(panels, funnels) if not only or panel.id in only]

    view = View(dashboard, Period(span), tuple(chosen.items()))
    with patch.object(loading, "with_funnels", needed):
        return loading.load(store, view, NOW, {"service_level": 0.8, "strikes": 50.0}, rules)


def panel(found: LoadedBoard, name: str) -> PanelView:
    """One panel of a dashboard."""
    [view] = [view for view in found.board.panels if view.id == name]
    return view
