"""Likely causes of incidents, computed in a thread of its own: no notification waits for them.

An incident is explained once when it opens, and again when it has grown much. Each explanation has a limit
from the time it is requested; what is late then is said to be, and its result is dropped.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple
from uuid import UUID

import structlog

from touchline.alerts.messages.message import NOT_IN_TIME
from touchline.tables import AlertRow

logger = structlog.get_logger(__name__)

LIMIT_SECONDS = 20.0
"""How long an explanation may take, other explanations before it included."""

GROWN = 1.5
"""An incident is explained again with this many times the customers."""

MOST_WAITING = 50
"""Incidents that wait for their explanation; of more, the others are requested again later."""

LATE = (NOT_IN_TIME,)
FAILED = ("Cause: could not be computed",)

Explain = Callable[[AlertRow, int], Sequence[str]]
"""Sentences on the causes of an incident until a time (ms): up to three, for people."""


class Cause(NamedTuple):
    """Sentences on an incident, and its customers when it was explained."""

    sentences: tuple[str, ...]
    customers: int


class _Request(NamedTuple):
    row: AlertRow
    until: int
    requested_at: float


class Causes:
    """Explains incidents, one at a time. `request` and `take` are called from one thread.

    Args:
        explain: Explains an incident; it is called in the thread of `start`.
        found: Called in that thread when there is something to take.
        clock: Returns monotonic seconds.
        limit: How long an explanation may take, in seconds.
    """

    def __init__(
        self,
        explain: Explain,
        found: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        limit: float = LIMIT_SECONDS,
    ) -> None:
        self._explain, self._found, self._clock, self._limit = explain, found, clock, limit
        self._condition = threading.Condition()
        self._waiting: dict[UUID, _Request] = {}
        self._results: dict[UUID, Cause] = {}
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="touchline-causes", daemon=True)

    def request(self, rows: Sequence[AlertRow], until: int) -> None:
        """Explain the firing incidents that need it, as they are at a time (ms)."""
        with self._condition:
            for row in rows:
                if _needs(row) and row.id not in self._waiting and len(self._waiting) < MOST_WAITING:
                    self._waiting[row.id] = _Request(row, until, self._clock())
            if self._waiting and not self._stopping:
                if self._thread.ident is None:
                    self._thread.start()
                self._condition.notify()

    def take(self) -> dict[UUID, Cause]:
        """What was found since the last call, and what is late by now, by the incident's id."""
        with self._condition:
            taken, self._results = self._results, {}
            for id_, request in list(self._waiting.items()):
                if self._clock() - request.requested_at >= self._limit:
                    del self._waiting[id_]
                    taken[id_] = Cause(LATE, request.row.customers)
                    logger.warning("alerts.cause.late", rule=request.row.rule, seconds=self._limit)
            return taken

    def stop(self) -> None:
        """Explain nothing more. It does not wait: a running query ends with the store's own limit."""
        with self._condition:
            self._stopping = True
            self._condition.notify()

    def _run(self) -> None:
        while (request := self._next()) is not None:
            try:
                sentences = tuple(self._explain(request.row, request.until))
            except Exception as error:
                # Whatever is wrong with one explanation, the others and the notifications go on.
                logger.warning("alerts.cause.failed", rule=request.row.rule, why=str(error))
                sentences = FAILED
            with self._condition:
                # Unless it is late already.
                if self._waiting.get(request.row.id) is request:
                    del self._waiting[request.row.id]
                    self._results[request.row.id] = Cause(sentences, request.row.customers)
            self._found()

    def _next(self) -> _Request | None:
        """The oldest request; None at the end."""
        with self._condition:
            while not self._stopping and not self._waiting:
                self._condition.wait()
            return None if self._stopping else next(iter(self._waiting.values()))


def _needs(row: AlertRow) -> bool:
    """Whether an incident affects customers, and was not explained yet or has grown much since."""
    return row.customers > 0 and row.status == "firing" and row.customers >= GROWN * row.explained
