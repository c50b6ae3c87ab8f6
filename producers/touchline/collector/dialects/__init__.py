"""Dialects: the request formats that the collector accepts, each at its own path.

A dialect turns a request body into native events; everything after that is the same for all. To add one,
write its module in this folder and add a line to `DIALECTS`.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from touchline.collector.dialects import native


class Dialect(NamedTuple):
    """A request format.

    `events` splits a body into native events, each as the bytes of one JSON value; it raises
    `native.Unsplittable` for a body that it cannot read.
    """

    path: str
    events: Callable[[bytes], list[bytes]]


NATIVE: Final = Dialect("/v1/events", native.split)

DIALECTS: Final = (NATIVE,)
"""Every dialect that the collector accepts."""
