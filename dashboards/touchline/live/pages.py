"""The live page on an ASGI app: `/` the overview, `/measures`, `/customer/…` one customer's story."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from time import time
from typing import Any, cast

from nicegui import app as nicegui_app
from nicegui import ui
from nicegui.element import Element
from starlette.applications import Starlette

from touchline.live import measured, overview, spans, story
from touchline.live.chart import options
from touchline.live.feed import Feeds, Listener, Reading
from touchline.live.measured import Service
from touchline.live.overview import Overview, RuleText
from touchline.live.queries import Store
from touchline.live.story import Story

_BROWSER = Path(__file__).parent / "browser"
_MESSAGES_KEPT = 50
_SPANS = (*spans.SPANS, spans.ALL)


class _Masthead(Element, component="browser/masthead.js"):
    def __init__(self, here: str = "", sought: str = "") -> None:
        super().__init__()
        self.props["here"] = here
        self.props["sought"] = sought

    def show(self, reading: Reading[Any]) -> None:
        self.props["reading"] = {"at": reading.loaded_at, "error": reading.error}
        self.update()


class _Part(Element):
    def show(self, reading: Reading[Any], name: str) -> None:
        """Give the browser what changed, and nothing where nothing did."""
        failed = bool(reading.error) and reading.value is None
        if self.props.get(name) != reading.value or self.props.get("failed") != failed:
            self.props[name] = reading.value
            self.props["failed"] = failed
            self.update()


class _Overview(_Part, component="browser/overview.js"):
    pass


class _Measures(_Part, component="browser/measures.js"):
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
    overviews: Feeds[str, Overview] = Feeds(
        lambda span: overview.load(store, span, int(time() * 1000), texts), every=every, limit=limit
    )
    stories: Feeds[str, Story] = Feeds(
        lambda sought: story.load(store, sought, region, texts), every=every, limit=limit
    )

    services: Feeds[str, Service] = Feeds(
        lambda span: measured.load(store, span, int(time() * 1000), goals or {}),
        every=measured.EVERY,
        limit=max(limit, measured.EVERY),
    )

    @ui.page("/", title="Touchline: friction now")
    def overview_page(span: str = spans.DEFAULT_SPAN) -> None:
        span = span if span in _SPANS else spans.DEFAULT_SPAN
        masthead = _Masthead("/")
        with _Overview() as part:
            chart = ui.echart(options(None))
        part.props["span"] = span

        def show(reading: Reading[Overview]) -> None:
            masthead.show(reading)
            if (drawn := options(reading.value)) != chart.options and reading.value is not None:
                chart.options.clear()
                chart.options.update(drawn)
                chart.update()
            part.show(reading, "overview")

        def choose(event: Any) -> None:
            if event.args in _SPANS:
                part.props["span"] = event.args
                part.update()
                watch(event.args)

        watch = _watching(overviews, show, span)
        part.on("span", choose)

    @ui.page("/measures", title="Touchline: measures and goals")
    def measures_page(span: str = measured.DEFAULT_SPAN) -> None:
        span = span if span in measured.SPANS else measured.DEFAULT_SPAN
        masthead = _Masthead("/measures")
        part = _Measures()
        part.props["span"] = span

        def show(reading: Reading[Service]) -> None:
            masthead.show(reading)
            part.show(reading, "service")

        def choose(event: Any) -> None:
            if event.args in measured.SPANS:
                part.props["span"] = event.args
                part.update()
                watch(event.args)

        watch = _watching(services, show, span)
        part.on("span", choose)

    @ui.page("/customer/{sought:path}", title="Touchline: customer")
    def story_page(sought: str) -> None:
        masthead = _Masthead(sought=sought[:120])
        part = _Story()

        def show(reading: Reading[Story]) -> None:
            masthead.show(reading)
            part.show(reading, "story")

        _watching(stories, show, sought)

    for feeds in (overviews, services, stories):
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


def _watching(feeds: Feeds[str, Any], show: Listener[Any], key: str) -> Callable[[str], None]:
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

    def change(key: str) -> None:
        watched["key"] = key
        begin()

    client.on_connect(begin)
    client.on_disconnect(end)
    client.on_delete(end)
    return change
