"""The port to a browser: what a walk needs of one."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from touchline.vocabulary.errors import TouchlineError
from touchline.vocabulary.wording import plain

LONGEST_ADDRESS: Final = 200
"""The longest address in a message, in characters."""


class PageFailed(TouchlineError):
    """The page did not do what a visitor needs; the message says what is wrong with it."""


class Page(NamedTuple):
    """The page that the browser shows: its address after redirects, and its HTTP status or 0."""

    address: str
    status: int

    @property
    def where(self) -> str:
        """The address without its query and fragment, which may hold what is personal or secret."""
        return plain(re.split(r"[?#]", self.address, maxsplit=1)[0], LONGEST_ADDRESS)


class Link(NamedTuple):
    """A visible link or button: its text, and the whole address, or '' for a button."""

    text: str
    address: str


class Browser(Protocol):
    """A browser with one page. What takes longer than its `seconds` raises PageFailed."""

    def load(self, address: str, seconds: float) -> Page:
        """Load a page. Raises PageFailed if it does not load."""

    def page(self) -> Page:
        """The page that is shown."""

    def links(self) -> Sequence[Link]:
        """Visible links and buttons, in the order of the page."""

    def fill(self, selector: str, value: str) -> None:
        """Fill in a field. Raises PageFailed if there is no such field."""

    def press(self, selector: str, seconds: float) -> None:
        """Press a button. Raises PageFailed if there is no such button, or what follows does not load."""

    def shows(self, text: str, seconds: float) -> bool:
        """Whether the page shows a text, now or within a time."""
