"""What the pages share: the store, the settings, the feeds, the head of each page."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from time import time
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from msgspec import Struct
from nicegui import Client, ui
from nicegui import app as nicegui_app

from touchline.live.alerts import loading as alerts
from touchline.live.alerts.loading import Alerts
from touchline.live.alerts.workshop import AlertRuleSheet, AlertTrialResult
from touchline.live.cases.staff import Staff
from touchline.live.comparison.comparer import Comparer
from touchline.live.connection.clients import WaitingPages
from touchline.live.connection.requests import on_request
from touchline.live.desk.desk import Desk, DeskStore
from touchline.live.desk.documents import Kind
from touchline.live.elements import Masthead
from touchline.live.explaining import loading as explaining
from touchline.live.explaining.loading import Explained, Explainer, Target
from touchline.live.feed import Feeds, FeedState, Listener, Pause
from touchline.live.labels import RuleText
from touchline.live.queries import Store
from touchline.live.rules.workshop import RuleSheet, TrialResult, Workshop
from touchline.live.tour import Tour, TourStep
from touchline.measures import Goal, goals_in_force
from touchline.vocabulary.moments import UTC
from touchline.vocabulary.normaliser import PLAIN, Normaliser

ALL_ALERTS = "alerts"
"""The only key of the feed of alerts."""

NO_DESK = "This page is read-only"
_RARELY = 30
"""Whether the store may be written is checked this many times less often than data are loaded."""

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class PageSettings:
    """What the live page shows, and how often it is loaded.

    Attributes:
        rules: Titles and reasons of the rules.
        normaliser: Returns what turns searches into identifiers.
        goals: The goals of the settings, by name of the measure, in its unit.
        limits: How many identifiers of a kind a customer may have.
        zone: The time zone of the page (IANA name).
        comparer: Compares two periods; None for no page of comparisons.
        workshop: The rules in force, and trials of them; None for no page of rules.
        alert_workshop: The alert rules in force, and simulations of them; None to show none.
        explainer: Explains rules, alerts and points of charts; None to show no button for it.
        desk: Where the page writes what people write on it; None if it writes nothing.
        previewer: Returns what the beginning of a file gives: name, bytes, mapping, whether the file goes on;
            None for no page of imports.
        staff: Takes what staff say about frictions; None if this process has no log for it.
        tour: The steps of a guided tour, if any.
        every: Minimum seconds between two loads of the same content.
        limit: Seconds after which a load is shown as an error.
    """

    rules: Sequence[RuleText] = ()
    normaliser: Callable[[], Normaliser] = lambda: PLAIN
    goals: Mapping[str, float] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)
    zone: str = UTC
    explainer: Explainer | None = None
    desk: DeskStore | None = None
    workshop: Workshop[RuleSheet, TrialResult] | None = None
    alert_workshop: Workshop[AlertRuleSheet, AlertTrialResult] | None = None
    comparer: Comparer | None = None
    staff: Staff | None = None
    tour: Sequence[TourStep] = ()
    previewer: Callable[[str, bytes, str, bool], Any] | None = None
    every: float = 2.0
    limit: float = 10.0


class Site:
    """What the pages share. Pages with the same content share one feed.

    Args:
        store: Queried from threads.
        settings: What the pages show.
    """

    def __init__(self, store: Store, settings: PageSettings) -> None:
        self.store = store
        self.settings = settings
        self.rules: Mapping[str, RuleText] = {rule.id: rule for rule in settings.rules}
        self.desk = None if settings.desk is None else Desk(settings.desk, self.now)
        self.read_only: Feeds[Kind, str] = self.feeds(self._why_read_only, slower=_RARELY, keeps=False)
        if self.desk is not None:
            nicegui_app.on_shutdown(self.desk.close)
        self.alerts: Feeds[str, Alerts] = self.feeds(
            lambda _: alerts.load(store, self.rules, settings.zone, self.now())
        )
        self.explanations: Feeds[Target, Explained] | None = None
        if (explainer := settings.explainer) is not None:
            self.explanations = self.feeds(
                lambda target: explaining.load(store, explainer, target, self.now()),
                slower=_RARELY,
                patience=2,
                keeps=False,
            )
        self._waiting = WaitingPages()
        nicegui_app.on_delete(self._waiting.free)

    def goals(self) -> dict[str, Goal]:
        """The goals in force, by name of the measure. Call it from a thread; raises what the store raises."""
        return goals_in_force(
            lambda sql, parameters: self.store.query(sql, dict(parameters)).result_rows, self.settings.goals
        )

    def goal_values(self) -> dict[str, float]:
        """The values of the goals in force."""
        return {name: goal.value for name, goal in self.goals().items()}

    def _why_read_only(self, kind: Kind) -> str:
        return NO_DESK if self.desk is None else self.desk.read_only(kind)

    @staticmethod
    def now() -> int:
        """The time in ms since 1970."""
        return int(time() * 1000)

    def feeds(
        self,
        load: Callable[[K], T],
        *,
        slower: int = 1,
        patience: int = 1,
        reload: Callable[[K, Pause], T] | None = None,
        final: Callable[[T], bool] = lambda _: False,
        keeps: bool = True,
    ) -> Feeds[K, T]:
        """Feeds that load by key.

        Args:
            load: Loads the value of a key, in a thread.
            slower: How many times less often than usual.
            patience: How many times longer than usual a load may take.
            reload: Loads the value again when nobody waits for it, with pauses.
            final: Whether a value no longer changes, so that it is loaded once.
            keeps: Whether a page that is reloaded at once shows the last value instead of loading it again.
        """
        every, limit = slower * self.settings.every, patience * self.settings.limit
        feeds = Feeds(load, every=every, limit=limit, reload=reload, final=final, keeps=keeps)
        nicegui_app.on_shutdown(feeds.close)
        return feeds

    def masthead(self, path: str = "", search: str = "") -> Masthead:
        """Begin the page that is being built with its head."""
        self._waiting.add(ui.context.client)
        masthead = Masthead(path, search)
        client = ui.context.client
        on_request(masthead, "visible", Visible, lambda request: show(client, request.visible))
        if self.settings.tour:
            Tour(self.settings.tour)
        watch(self.alerts, ALL_ALERTS, masthead.show_alert_count)
        return masthead


class Visible(Struct):
    """Whether somebody can see a page: its tab is in front."""

    visible: bool


_PAUSES: WeakKeyDictionary[Client, list[Callable[[bool], None]]] = WeakKeyDictionary()
"""Functions that pause the watches of a page, or continue them."""


def show(client: Client, visible: bool) -> None:
    """Pause all watches of a page, or continue them: nothing is loaded for a page that nobody can see."""
    for set_visible in _PAUSES.get(client, ()):
        set_visible(visible)


def watch(feeds: Feeds[Any, Any], key: Any, *listeners: Listener[Any]) -> Callable[[Any], None]:
    """Watch `key` while this page's browser is connected and shows it. Returns what switches the key.

    With None as the key, nothing is watched.
    """
    client = ui.context.client
    visible = True
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
        if key is not None and visible:
            stop.append(feeds.watch(key, listen))

    def switch(new_key: Any) -> None:
        nonlocal key
        key = new_key
        begin()

    def set_visible(now_visible: bool) -> None:
        nonlocal visible
        if visible != now_visible:
            visible = now_visible
            begin()

    _PAUSES.setdefault(client, []).append(set_visible)
    client.on_connect(begin)
    client.on_disconnect(end)
    client.on_delete(end)
    return switch
