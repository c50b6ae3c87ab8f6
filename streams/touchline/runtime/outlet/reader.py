"""Reads the changes of frictions from the store, from a cursor on.

In a store with one writer, changes appear in the order of their positions. Where several workers write, one
may appear after others of a later position: its insert took longer. So such a reader also looks back, as far
as a worker can be late, for changes that it has not seen.
"""

import time
from collections.abc import Callable

from touchline.outlet.reading import LAST, Cursor, Selection, Statement, changes, page, window
from touchline.runtime.alerting.queries import Query
from touchline.tables import FrictionChangeRow

LATE = 120_000
"""How long (ms) after its position a change of one of several workers may appear."""

LOOK_BACK_SECONDS = 5.0
MOST_SEEN = 50_000
"""Changes of the last moments that are remembered as seen; beyond it, some may come twice."""


class Reader:
    """The changes of a selection, one portion after another.

    Args:
        query: Queries the store.
        selection: Which changes.
        after: Where to begin.
        late: How late a change may appear (ms); 0 if one process alone writes the store.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        query: Query,
        selection: Selection,
        after: Cursor,
        late: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._query, self._selection, self.cursor = query, selection, after
        self._late, self._clock = late, clock
        self._seen: dict[str, int] = {}
        self._looked_back_at = clock()

    def skip_earlier(self) -> None:
        """Take the changes before the cursor as seen: the program did not ask for them."""
        if self._late:
            self._remember(self._earlier())

    def next(self, most: int) -> list[FrictionChangeRow]:
        """The next changes, in order for each customer; `most` at most, none at the end for now.

        Raises:
            StoreError: the store does not answer; the call may be repeated.
        """
        found = [] if self._late == 0 else self._late_ones()[:most]
        if not found:
            found = self._run(page(self._selection, self.cursor, most))
            if found:
                self.cursor = Cursor.after(found[-1])
        if self._late:
            self._remember(found)
        return found

    def _late_ones(self) -> list[FrictionChangeRow]:
        if self._clock() - self._looked_back_at < LOOK_BACK_SECONDS:
            return []
        self._looked_back_at = self._clock()
        return [change for change in self._earlier() if str(change.id) not in self._seen]

    def _earlier(self) -> list[FrictionChangeRow]:
        since = self.cursor.position - self._late
        return self._run(window(self._selection, since, self.cursor, MOST_SEEN))

    def _remember(self, found: list[FrictionChangeRow]) -> None:
        self._seen |= {str(change.id): change.position for change in found}
        since = self.cursor.position - self._late
        if found:
            self._seen = {id_: at for id_, at in self._seen.items() if at >= since}
        for id_ in list(self._seen)[: max(0, len(self._seen) - MOST_SEEN)]:
            del self._seen[id_]

    def _run(self, statement: Statement) -> list[FrictionChangeRow]:
        return changes([list(row) for row in self._query(*statement)])


def end_of(query: Query) -> Cursor:
    """The place behind the last change."""
    rows = query(*LAST)
    return Cursor.parse("-".join(map(str, rows[0]))) if rows else Cursor(0)
