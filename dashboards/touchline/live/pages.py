"""The live page on an ASGI app: the dashboards (`/` friction now), `/measures`, `/alerts`, `/customer/…`."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from time import time
from typing import Any, cast

from nicegui import app as nicegui_app
from nicegui import ui
from nicegui.element import Element
from starlette.applications import Starlette
from starlette.requests import Request

from touchline.live import alerts, boards, measured, story
from touchline.live.alerts import Alerts
from touchline.live.boards import Seen, View
from touchline.live.drawing import page_of
from touchline.live.feed import Feeds, Listener, Reading
from touchline.live.measured import Service
from touchline.live.queries import Store
from touchline.live.spans import ALL, SPANS
from touchline.live.story import Story
from touchline.live.wording import RuleText
from touchline.panels import DASHBOARDS, PANELS, Dashboard

_BROWSER = Path(__file__).parent / "browser"
_MESSAGES_KEPT = 50
_LONGEST_CHOICE = 512
_SLOWER = 10
"""Measures move slowly and take more asking than the rest: so many times as long between two readings."""
_ALERTS = "alerts"
"""The one key of the feed of alerts."""


class _Masthead(Element, component="browser/masthead.js"):
    def __init__(self, here: str = "", sought: str = "") -> None:
        super().__init__()
        self.props["pages"] = [
            *([page_of(one.id), one.title] for one in DASHBOARDS),
            ["/measures", "Measures"],
            ["/alerts", "Alerts"],
        ]
        self.props["here"] = here
        self.props["sought"] = sought

    def show(self, reading: Reading[Any]) -> None:
        self.props["reading"] = {"at": reading.loaded_at, "error": reading.error}
        self.update()

    def count(self, reading: Reading[Alerts]) -> None:
        count = len(reading.value.open) if reading.value else 0
        if self.props.get("alerts") != count:
            self.props["alerts"] = count
            self.update()


class _Part(Element):
    def show(self, reading: Reading[Any], name: str) -> None:
        """Give the browser what changed, and nothing where nothing did."""
        failed = bool(reading.error) and reading.value is None
        if self.props.get(name) != reading.value or self.props.get("failed") != failed:
            self.props[name] = reading.value
            self.props["failed"] = failed
            self.update()


class _Board(_Part, component="browser/board.js"):
    def __init__(self, dashboard: Dashboard) -> None:
        super().__init__()
        self.props.update(
            {
                "title": dashboard.title,
                "question": dashboard.question,
                "path": page_of(dashboard.id),
            }
        )
        self._pictures = {}
        for panel in PANELS:
            if panel.dashboard == dashboard.id and panel.kind == "timeseries":
                with self.add_slot(panel.id):
                    self._pictures[panel.id] = ui.echart({"series": []})

    def draw(self, pictures: Mapping[str, dict[str, Any]]) -> None:
        for name, picture in self._pictures.items():
            drawn = pictures.get(name, {"series": []})
            if picture.options != drawn:
                picture.options.clear()
                picture.options.update(drawn)
                picture.update()


class _Measures(_Part, component="browser/measures.js"):
    pass


class _Alerts(_Part, component="browser/alerts.js"):
    pass


class _Story(_Part, component="browser/story.js"):
    pass


def mount(
    app: Starlette,
    store: Store,
    *,
    rules: Iterable[RuleText] = (),
    region: str | None = None,
    goals: Mapping[str, float] | None = None,
    every: float = 2.0,
    limit: float = 10.0,
) -> None:
    """Serve the live page at `/` of `app`, from what `store` answers.

    Call it once a process, after every other route was added: those keep precedence, all the rest is the
    page's. The page asks the store in threads, at most once in `every` seconds for all who look, and not
    at all while nobody does; an answer later than `limit` seconds is shown as a failure. `rules` give the
    titles; `region` (ISO 3166 alpha-2) is for phone numbers without a country code; `goals` are the team's,
    by the measure's name, in its unit.
    """
    texts = {rule.id: rule for rule in rules}
    aims = dict(goals or {})
    by_id = {one.id: one for one in DASHBOARDS}
    views: Feeds[View, Seen] = Feeds(
        lambda view: boards.load(store, view, by_id[view.dashboard], int(time() * 1000), aims, texts),
        every=every,
        limit=limit,
    )
    services: Feeds[str, Service] = Feeds(
        lambda span: measured.load(store, span, int(time() * 1000), aims),
        every=_SLOWER * every,
        limit=2 * limit,
    )
    incidents: Feeds[str, Alerts] = Feeds(lambda _: alerts.load(store, texts), every=every, limit=limit)
    stories: Feeds[str, Story] = Feeds(
        lambda sought: story.load(store, sought, region, texts), every=every, limit=limit
    )

    def masthead(here: str = "", sought: str = "") -> _Masthead:
        made = _Masthead(here, sought[:120])
        _watching(incidents, made.count, _ALERTS)
        return made

    def board_page(dashboard: Dashboard) -> None:
        path = page_of(dashboard.id)

        @ui.page(path, title=f"Touchline: {dashboard.title.lower()}")
        def page(request: Request) -> None:
            view = _view(dashboard, request.query_params)
            head = masthead(path)
            part = _Board(dashboard)
            part.props["span"] = view.span

            def show(reading: Reading[Seen]) -> None:
                head.show(reading)
                seen = reading.value
                part.draw(seen.pictures if seen else {})
                part.show(Reading(seen and seen.board, reading.loaded_at, reading.error), "board")

            def alert(reading: Reading[Alerts]) -> None:
                part.show(Reading(reading.value, reading.loaded_at), "alerts")

            def choose(event: Any) -> None:
                chosen = _view(dashboard, {"span": event.args["span"], **event.args["chosen"]})
                part.props["span"] = chosen.span
                part.update()
                watch(chosen)

            watch = _watching(views, show, view)
            _watching(incidents, alert, _ALERTS)
            part.on("view", choose)

    for dashboard in DASHBOARDS:
        board_page(dashboard)

    @ui.page("/measures", title="Touchline: measures and goals")
    def measures_page(span: str = measured.DEFAULT_SPAN) -> None:
        span = span if span in measured.SPANS else measured.DEFAULT_SPAN
        head = masthead("/measures")
        part = _Measures()
        part.props["span"] = span

        def show(reading: Reading[Service]) -> None:
            head.show(reading)
            part.show(reading, "service")

        def choose(event: Any) -> None:
            if event.args in measured.SPANS:
                part.props["span"] = event.args
                part.update()
                watch(event.args)

        watch = _watching(services, show, span)
        part.on("span", choose)

    @ui.page("/alerts", title="Touchline: alerts")
    def alerts_page() -> None:
        head = masthead("/alerts")
        part = _Alerts()

        def show(reading: Reading[Alerts]) -> None:
            head.show(reading)
            part.show(reading, "alerts")

        _watching(incidents, show, _ALERTS)

    @ui.page("/customer/{sought:path}", title="Touchline: customer")
    def story_page(sought: str) -> None:
        head = masthead(sought=sought)
        part = _Story()

        def show(reading: Reading[Story]) -> None:
            head.show(reading)
            part.show(reading, "story")

        _watching(stories, show, sought)

    for feeds in (views, services, incidents, stories):
        nicegui_app.on_shutdown(feeds.close)
    ui.add_head_html(f"<style>{(_BROWSER / 'style.css').read_text()}</style>", shared=True)
    ui.add_head_html(f"<script>{(_BROWSER / 'shared.js').read_text()}</script>", shared=True)
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


def _view(dashboard: Dashboard, asked: Mapping[str, str]) -> View:
    """What an address, or a browser, asks for; what there is none of is left out."""
    span = asked.get("span", "")
    chosen = ((one.name, str(asked.get(one.name, ""))[:_LONGEST_CHOICE]) for one in dashboard.variables)
    return View(
        dashboard.id,
        span if span in (*SPANS, ALL) else dashboard.since,
        tuple((name, value) for name, value in chosen if value),
    )


def _watching(feeds: Feeds[Any, Any], show: Listener[Any], key: Any) -> Callable[[Any], None]:
    """Watch `key` while this page's browser is connected; gives back what changes the key."""
    client = ui.context.client
    watched = {"key": key}
    leave: list[Callable[[], None]] = []

    def listen(reading: Reading[Any]) -> None:
        with client:
            show(reading)

    def end() -> None:
        while leave:
            leave.pop()()

    def begin() -> None:
        end()
        leave.append(feeds.watch(watched["key"], listen))

    def change(key: Any) -> None:
        watched["key"] = key
        begin()

    client.on_connect(begin)
    client.on_disconnect(end)
    client.on_delete(end)
    return change
