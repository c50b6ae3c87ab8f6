"""A deployment: a change that went live, as channels announce it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A `change.deployed` event. `at` is ms since 1970.

    Attributes:
        change: The id of the change.
        title: What changed, as one plain line.
        at: When it went live.
        channel: Of the touchpoint that changed.
        source: Of the touchpoint that changed.
        link: The live page; empty without its address.
    """

    change: str
    title: str
    at: int
    channel: str
    source: str
    link: str
