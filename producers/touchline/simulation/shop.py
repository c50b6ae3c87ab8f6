"""The simulated retailer in real time: sends touchpoints through the SDK, the past first."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from time import monotonic, time_ns
from typing import get_args

from touchline.sdk import Touchline
from touchline.simulation.retailer import Retailer
from touchline.simulation.story import Source, Touchpoint

PORTION = 2_000
"""Touchpoints in flight at most: far fewer than a client's queue holds."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEAST_WAIT, _MOST_WAIT = 0.05, 1.0
"""Seconds between looks at the clock."""


def wall_clock() -> int:
    """Now, in ms since 1970."""
    return time_ns() // 1_000_000


class Shop:
    """Sends the touchpoints of a retailer when they are due, from its own thread.

    While the collector is unavailable, nothing new is sent; the rest follows afterwards.

    Args:
        retailer: The source of touchpoints, for this shop alone from now on.
        connect: Returns the client of a source, such as `webshop`; the shop closes it.
        clock: Returns now, in ms since 1970.
    """

    def __init__(
        self, retailer: Retailer, connect: Callable[[str], Touchline], clock: Callable[[], int] = wall_clock
    ) -> None:
        self._retailer = retailer
        self._clock = clock
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="touchline-simulation", daemon=True)
        self.clients: Mapping[str, Touchline] = {source: connect(source) for source in get_args(Source)}
        """The client of each source."""
        self.caught_up = Event()
        """Set once the past is delivered."""

    def start(self) -> None:
        """Open the shop."""
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> bool:
        """Close the shop and its clients; false if `timeout` seconds (about) were not enough."""
        self._stopping.set()
        until = monotonic() + timeout
        if self._thread.ident is not None:
            self._thread.join(timeout)
        closed = [client.close(max(0.0, until - monotonic())) for client in self.clients.values()]
        return all(closed) and not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            now = self._clock()
            touchpoints = self._retailer.until(now, PORTION)
            for touchpoint in touchpoints:
                self._send(touchpoint)
            if not self._delivered():
                return
            if len(touchpoints) < PORTION:
                self.caught_up.set()
                wait = (self._retailer.next_due() - now) / 1000
                self._stopping.wait(min(max(wait, _LEAST_WAIT), _MOST_WAIT))

    def _send(self, touchpoint: Touchpoint) -> None:
        self.clients[touchpoint.source].track(
            touchpoint.type,
            touchpoint.identifiers,
            data=touchpoint.data,
            channel=touchpoint.channel,
            time=_EPOCH + timedelta(milliseconds=touchpoint.time),
            id=touchpoint.id,
            context=touchpoint.context or None,
        )

    def _delivered(self) -> bool:
        """Wait until the clients have delivered everything; false if the shop closes first."""
        for client in self.clients.values():
            while not client.flush(_MOST_WAIT):
                if self._stopping.is_set():
                    return False
        return True
