"""The page `/customer/…` of an identifier, a customer or a search."""

from nicegui import ui
from starlette.convertors import Convertor, register_url_convertor

from touchline.live.customers import history
from touchline.live.customers.history import History
from touchline.live.elements import BROWSER, PageElement
from touchline.live.feed import Feeds, FeedState
from touchline.live.site import Site, watch


class _Text(Convertor[str]):
    """Any text in an address: slashes as `path` takes them, and line breaks."""

    regex = r"[\s\S]*"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("text", _Text())


class HistoryPage(PageElement, component=BROWSER / "history.js"):
    """The history of one customer."""

    def show_history(self, state: FeedState[History]) -> None:
        """Show the history, or the result of the search."""
        self.set_value("history", state.value, state.error)


def add(site: Site) -> None:
    """Add the page."""
    settings = site.settings
    histories: Feeds[str, History] = site.feeds(
        lambda search: history.load(site.store, search, settings.normaliser(), site.rules, settings.limits)
    )

    @ui.page("/customer/{search:text}", title="Touchline: customer")
    def page(search: str) -> None:
        masthead = site.masthead(search=search)
        watch(histories, search, masthead.show_state, HistoryPage().show_history)
