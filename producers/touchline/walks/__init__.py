"""Walked audits: a program walks through touchpoints, and says of each step whether it did what it should."""

from touchline.walks.browser import Browser, Link, Page, PageFailed
from touchline.walks.declaration import Walk
from touchline.walks.outcomes import Outcome, native
from touchline.walks.walking import walked
from touchline.walks.walks_file import WalksError, WalksFile, parse_walks, read_walks

__all__ = [
    "Browser",
    "Link",
    "Outcome",
    "Page",
    "PageFailed",
    "Walk",
    "WalksError",
    "WalksFile",
    "native",
    "parse_walks",
    "read_walks",
    "walked",
]
