"""A lease in the store: at most one process holds it at any time.

The law: a term belongs to the process that inserted its row first. The row's token is its name and term, and
the store ignores a token that it has seen. The process of the newest term holds the lease, counted from the
start of its last renewal by its own clock. A process that sees the same term for as long, by its own clock,
claims the next term. So no two clocks are compared.
"""

import time
from collections.abc import Callable, Sequence

import uuid_utils

from touchline.runtime.alerting.queries import Insert, Query

LEASE_SECONDS = 6.0
"""How long after its last renewal the lease of a dead process can be claimed."""

RENEW_SECONDS = 2.0

_NEWEST = "SELECT term, holder FROM leases WHERE name = {name:String} ORDER BY term DESC LIMIT 1"


class Lease:
    """A lease as one process sees it.

    Args:
        query: Queries the store.
        insert: Appends rows to its tables.
        name: The lease's name.
        seconds: How long the lease lasts; the same in all processes.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        query: Query,
        insert: Insert,
        name: str,
        seconds: float = LEASE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._query, self._insert, self._name = query, insert, name
        self._seconds, self._clock = seconds, clock
        self._me = str(uuid_utils.uuid7())
        self._term = self._since = 0
        self._until = -seconds
        self._seen: tuple[int, str] | None = None
        self._seen_at = 0.0

    def held(self) -> bool:
        """Whether this process holds the lease now."""
        return self._clock() < self._until

    def renew(self) -> int | None:
        """Renew the lease, or claim it if no process holds it. Call it every `RENEW_SECONDS`.

        Returns:
            The first term of this uninterrupted tenure; None if another process holds the lease.

        Raises:
            StoreError: the store does not answer; a held lease stays held until it lapses.
        """
        started_at = self._clock()
        newest = self._newest()
        if newest != self._seen:
            self._seen, self._seen_at = newest, started_at
        term, holder = newest
        mine = holder == self._me
        if not mine and holder and started_at - self._seen_at < self._seconds:
            self._until = started_at
            return None
        claimed = (term + 1, self._me)
        self._write(*claimed)
        if self._newest() != claimed:
            self._until = started_at
            return None
        # If an answer was lost, the newest term is this process's and one above the term it knows.
        if not mine or term > self._term + 1:
            self._since = term + 1
        self._term, self._until = term + 1, started_at + self._seconds
        return self._since

    def release(self) -> None:
        """Release the lease, so that another process can claim it at once.

        Raises:
            StoreError: the lease is not released, and lapses.
        """
        if self.held():
            self._until = self._clock()
            self._write(self._term + 1, "")

    def _newest(self) -> tuple[int, str]:
        rows = self._query(_NEWEST, {"name": self._name})
        return (int(rows[0][0]), str(rows[0][1])) if rows else (0, "")

    def _write(self, term: int, holder: str) -> None:
        row: dict[str, Sequence[object]] = {"name": [self._name], "term": [term], "holder": [holder]}
        self._insert("leases", row, f"lease:{self._name}:{term}")
