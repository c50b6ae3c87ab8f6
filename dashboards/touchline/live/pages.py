"""Serves the live page: dashboards (`/` is Friction now), `/measures`, `/alerts` and `/customer/…`."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import time
from typing import Any, cast

from nicegui import app as nicegui_app
from nicegui import ui
from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.routing import Mount

from touchline.live import alerts, boards, history, scorecard
from touchline.live.alerts import Alerts
from touchline.live.boards import LoadedBoard, View
from touchline.live.clients import WaitingPages
from touchline.live.elements import AlertsPage, BoardPage, HistoryPage, Masthead, ScorecardPage
from touchline.live.feed import Feeds, FeedState, Listener
from touchline.live.gate import Gate
from touchline.live.history import History
from touchline.live.labels import RuleText
from touchline.live.queries import Store
from touchline.live.scorecard import Scorecard
from touchline.live.spans import ALL, SPANS
from touchline.panels import DASHBOARDS, Dashboard
from touchline.vocabulary.moments import UTC
from touchline.vocabulary.normaliser import PLAIN, Normaliser

_BROWSER = Path(__file__).parent / "browser"
_MESSAGES_KEPT = 50
_MAX_FILTER_VALUE = 512
_SLOWER = 10
"""Measures change slowly and take longer to query: they are loaded this many times less often."""

_ALL_ALERTS = "alerts"
"""The only key of the feed of alerts."""


class _Text(Convertor[str]):
    """Any text in an address: slashes as `path` takes them, and line breaks."""

    regex = r"[\s\S]*"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("text", _Text())


@dataclass(frozen=True)
class _PageFeeds:
    """The feeds of all pages, by what identifies a page: a view, a period, or a search."""

    boards: Feeds[View, LoadedBoard]
    scorecards: Feeds[str, Scorecard]
    alerts: Feeds[str, Alerts]
    histories: Feeds[str, History]
    waiting: WaitingPages


@dataclass(frozen=True, kw_only=True)
class PageSettings:
    """What the live page shows, and how often it is loaded.

    Attributes:
        rules: Titles and reasons of the rules.
        normaliser: Returns what turns searches into identifiers.
        goals: The team's goals, by name of the measure, in its unit.
        limits: How many identifiers of a kind a customer may have.
        zone: The time zone of the page (IANA name).
        every: Minimum seconds between two loads of the same content.
        limit: Seconds after which a load is shown as an error.
    """

    rules: Sequence[RuleText] = ()
    normaliser: Callable[[], Normaliser] = lambda: PLAIN
    goals: Mapping[str, float] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)
    zone: str = UTC
    every: float = 2.0
    limit: float = 10.0


def mount(app: Starlette, store: Store, settings: PageSettings) -> None:
    """Serve the live page at `/` of `app`. Call it once per process, after all other routes were added.

    Pages with the same content share one load, and nothing is loaded while no page is open.

    Args:
        app: Its own routes take precedence over the pages.
        store: Queried from threads.
        settings: What the page shows.
    """
    feeds = _page_feeds(store, settings)
    for dashboard in DASHBOARDS:
        _add_board_page(feeds, dashboard)
    _add_scorecard_page(feeds)
    _add_alerts_page(feeds)
    _add_history_page(feeds)
    for feed in (feeds.boards, feeds.scorecards, feeds.alerts, feeds.histories):
        nicegui_app.on_shutdown(feed.close)
    nicegui_app.on_delete(feeds.waiting.free)
    _serve(app, settings.zone)


def _page_feeds(store: Store, settings: PageSettings) -> _PageFeeds:
    texts = {rule.id: rule for rule in settings.rules}
    every, limit = settings.every, settings.limit
    return _PageFeeds(
        boards=Feeds(
            lambda view: boards.load(store, view, _now(), settings.goals, texts), every=every, limit=limit
        ),
        scorecards=Feeds(
            lambda span: scorecard.load(store, span, _now(), settings.goals),
            every=_SLOWER * every,
            limit=2 * limit,
        ),
        alerts=Feeds(lambda _: alerts.load(store, texts), every=every, limit=limit),
        histories=Feeds(
            lambda search: history.load(store, search, settings.normaliser(), texts, settings.limits),
            every=every,
            limit=limit,
        ),
        waiting=WaitingPages(),
    )


def _now() -> int:
    return int(time() * 1000)


def _add_board_page(feeds: _PageFeeds, dashboard: Dashboard) -> None:
    path = dashboard.path

    @ui.page(path, title=f"Touchline: {dashboard.title.lower()}")
    def page(request: Request) -> None:
        view = _view(dashboard, request.query_params)
        masthead = _masthead(feeds, path)
        board = BoardPage(dashboard, view.span)
        switch = _watch(feeds.boards, view, masthead.show_state, board.show_board)
        _watch(feeds.alerts, _ALL_ALERTS, board.show_alerts)

        def select(event: Any) -> None:
            selected = _view(dashboard, {"span": event.args["span"], **event.args["chosen"]})
            board.select_span(selected.span)
            switch(selected)

        board.on("view", select)


def _add_scorecard_page(feeds: _PageFeeds) -> None:
    @ui.page("/measures", title="Touchline: measures and goals")
    def page(span: str = scorecard.DEFAULT_SPAN) -> None:
        span = span if span in scorecard.SPANS else scorecard.DEFAULT_SPAN
        masthead = _masthead(feeds, "/measures")
        measures = ScorecardPage(span)
        switch = _watch(feeds.scorecards, span, masthead.show_state, measures.show_scorecard)

        def select(event: Any) -> None:
            if event.args in scorecard.SPANS:
                measures.select_span(event.args)
                switch(event.args)

        measures.on("span", select)


def _add_alerts_page(feeds: _PageFeeds) -> None:
    @ui.page("/alerts", title="Touchline: alerts")
    def page() -> None:
        masthead = _masthead(feeds, "/alerts")
        _watch(feeds.alerts, _ALL_ALERTS, masthead.show_state, AlertsPage().show_alerts)


def _add_history_page(feeds: _PageFeeds) -> None:
    @ui.page("/customer/{search:text}", title="Touchline: customer")
    def page(search: str) -> None:
        masthead = _masthead(feeds, search=search)
        _watch(feeds.histories, search, masthead.show_state, HistoryPage().show_history)


def _masthead(feeds: _PageFeeds, path: str = "", search: str = "") -> Masthead:
    feeds.waiting.add(ui.context.client)
    masthead = Masthead(path, search)
    _watch(feeds.alerts, _ALL_ALERTS, masthead.show_alert_count)
    return masthead


def _view(dashboard: Dashboard, parameters: Mapping[str, str]) -> View:
    """The view that an address or a browser asks for; unknown parameters and periods are ignored."""
    span = parameters.get("span", "")
    chosen = (
        (variable.name, str(parameters.get(variable.name, ""))[:_MAX_FILTER_VALUE])
        for variable in dashboard.variables
    )
    return View(
        dashboard.id,
        span if span in (*SPANS, ALL) else dashboard.since,
        tuple((name, value) for name, value in chosen if value),
    )


def _watch(feeds: Feeds[Any, Any], key: Any, *listeners: Listener[Any]) -> Callable[[Any], None]:
    """Watch `key` while this page's browser is connected. Returns a function that switches the key."""
    client = ui.context.client
    stop: list[Callable[[], None]] = []

    def listen(state: FeedState[Any]) -> None:
        with client:
            for listener in listeners:
                listener(state)

    def end() -> None:
        while stop:
            stop.pop()()

    def begin() -> None:
        end()
        stop.append(feeds.watch(key, listen))

    def switch(new_key: Any) -> None:
        nonlocal key
        key = new_key
        begin()

    client.on_connect(begin)
    client.on_disconnect(end)
    client.on_delete(end)
    return switch


def _serve(app: Starlette, zone: str) -> None:
    ui.add_head_html(f"<script>window.touchlineZone = {json.dumps(zone)};</script>", shared=True)
    ui.add_head_html(f"<style>{(_BROWSER / 'style.css').read_text()}</style>", shared=True)
    for script in ("shared.js", "parts.js"):
        ui.add_head_html(f"<script>{(_BROWSER / script).read_text()}</script>", shared=True)
    ui.run_with(
        cast("Any", app),
        title="Touchline",
        favicon=_BROWSER / "icon.svg",
        dark=None,
        language="en-US",
        tailwind=False,
        binding_refresh_interval=None,
        message_history_length=_MESSAGES_KEPT,
        show_welcome_message=False,
    )
    pages = cast("Mount", app.routes[-1])
    # Starlette's own pattern ends a path at a line break, which an identifier may contain.
    pages.path_regex = re.compile(pages.path_regex.pattern, re.DOTALL)
    nicegui_app.config.socket_io_js_transports = ["websocket"]
    nicegui_app.add_middleware(Gate, routes=nicegui_app.routes)
