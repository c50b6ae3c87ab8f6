"""The dialog that explains, on every page that shows rules, alerts or charts of frictions."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

from msgspec import Meta, Struct

from touchline.live.connection.requests import on_request
from touchline.live.elements import BROWSER, PageElement
from touchline.live.explaining.loading import RULE_DAYS, Explained, Target
from touchline.live.feed import Feeds, FeedState
from touchline.live.labels import RuleText, clip, rule_title
from touchline.live.site import Site, watch
from touchline.panels.colours import OTHERS

_Name = Annotated[str, Meta(max_length=200)]


class ExplainRequest(Struct):
    """What a reader wants explained: a rule by its id, or an incident by its id."""

    kind: Literal["rule", "alert"]
    name: _Name
    title: Annotated[str, Meta(max_length=400)] = ""


class PointRequest(Struct):
    """The point and the series that a reader chooses in the dialog."""

    at: int
    series: _Name


class CloseRequest(Struct):
    """The reader has closed the dialog."""


class Chart(NamedTuple):
    """A chart of frictions as it is shown.

    Args:
        panel: The panel's id.
        title: The panel's title.
        options: Its ECharts options.
        chosen: The values of the filters.
    """

    panel: str
    title: str
    options: Mapping[str, Any]
    chosen: tuple[tuple[str, str], ...]


class ExplainDialog(PageElement, component=BROWSER / "explain.js"):
    """Shows one explanation at a time; it watches its feed while it is open."""

    def __init__(self, explanations: Feeds[Target, Explained], rules: Mapping[str, RuleText]) -> None:
        super().__init__()
        self._rules = rules
        self._chart: Chart | None = None
        self._switch = watch(explanations, None, self._show)
        on_request(self, "point", PointRequest, self._choose)
        on_request(self, "closed", CloseRequest, lambda _: self._switch(None))

    def explain(self, request: ExplainRequest) -> None:
        """Open the dialog for a rule or an incident."""
        is_rule = request.kind == "rule"
        title = rule_title(request.name, self._rules) if is_rule else clip(request.title)
        scope = f"The last {RULE_DAYS} days of data" if is_rule else "While the alert was open"
        self._chart = None
        self._open(Target(request.kind, request.name), title, scope)

    def explain_chart(self, chart: Chart, index: int | None = None, series: int | None = None) -> None:
        """Open the dialog for a point of a chart; without one, for the point with the most frictions."""
        totals = _totals(chart.options)
        if not any(totals):
            return
        self._chart = chart
        at = index if index is not None and totals[index] else totals.index(max(totals))
        id_ = "" if series is None else chart.options["series"][series]["id"]
        self._explain_point(chart, at, id_ if id_ in dict(_series(chart.options)) else "")

    def _choose(self, request: PointRequest) -> None:
        chart = self._chart
        if chart is None:
            return
        times = _times(chart.options)
        if request.at in times and request.series in {"", *(id_ for id_, _ in _series(chart.options))}:
            self._explain_point(chart, times.index(request.at), request.series)

    def _explain_point(self, chart: Chart, index: int, series: str) -> None:
        times, totals, names = _times(chart.options), _totals(chart.options), _series(chart.options)
        between = (times[index], times[index] + times[1] - times[0])
        # The newest points first; those without frictions have nobody to explain.
        counted = [[time, total] for time, total in zip(times, totals, strict=True) if total]
        self.props["points"] = counted[::-1]
        self.props["series"] = [list(name) for name in names] if len(names) > 1 else []
        self.props["at"], self.props["chosen"] = times[index], series
        self._open(
            Target("point", chart.panel, series, between, chart.chosen), chart.title, "", is_point=True
        )

    def _open(self, target: Target, title: str, scope: str, *, is_point: bool = False) -> None:
        if not is_point:
            self.props["points"] = []
        self.props["title"], self.props["scope"] = title, scope
        self.props["explained"], self.props["error"] = None, ""
        self.props["opened"] = self.props.get("opened", 0) + 1
        self.update()
        self._switch(target)

    def _show(self, state: FeedState[Explained]) -> None:
        self.props["error"] = state.error if state.value is None else ""
        self.set_prop("explained", state.value)
        self.update()


def explain_dialog(site: Site) -> ExplainDialog | None:
    """Add the dialog to the page that is being built, if the site explains."""
    return None if site.explanations is None else ExplainDialog(site.explanations, site.rules)


def _times(options: Mapping[str, Any]) -> list[int]:
    return [int(time) for time in options["xAxis"]["data"]]


def _series(options: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The id and the name of each series that can be explained."""
    return [(one["id"], one["name"]) for one in options["series"] if one["id"] not in ("usual", OTHERS)]


def _totals(options: Mapping[str, Any]) -> list[float]:
    counted = [one["data"] for one in options["series"] if one["id"] != "usual"]
    return [sum(value or 0 for value in values) for values in zip(*counted, strict=True)]
