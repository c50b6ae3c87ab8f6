"""A guided tour of the page: steps with a link each, in the corner of every page."""

from collections.abc import Sequence
from typing import NamedTuple

from nicegui.element import Element

from touchline.live.elements import BROWSER


class TourStep(NamedTuple):
    """A step: what to look at, why, and the path and query of the page that shows it."""

    title: str
    text: str
    link: str


class Tour(Element, component=BROWSER / "tour.js"):
    """The card of the tour."""

    def __init__(self, steps: Sequence[TourStep]) -> None:
        super().__init__()
        self.props["steps"] = [step._asdict() for step in steps]
