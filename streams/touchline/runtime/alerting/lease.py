"""Who does what one process does at a time: a lease in the store, which every process for it can reach.

The law: a term is had by whoever inserted its row first. The row's token is its name and term, and a store
adds nothing for a token that it has seen. Whoever has the newest term does the work, for so long from when it
began to renew it as the lease lasts, by its own clock; whoever sees that term stand for as long, by its own
clock, claims the next. So at most one holds it at any time, and no two clocks are compared.
"""

import time
from collections.abc import Callable, Sequence

import uuid_utils

from touchline.runtime.alerting.queries import Ask, Insert

LEASE_SECONDS = 6.0
"""What a process held that died without a word is taken over so long after it renewed last."""

RENEW_SECONDS = 2.0

_NEWEST = "SELECT term, holder FROM leases WHERE name = {name:String} ORDER BY term DESC LIMIT 1"


class Lease:
    """One process' part in it.

    Args:
        ask: Answers queries on the store.
        insert: Appends rows to its tables.
        name: Of the work.
        seconds: How long the lease lasts; the same for all.
        clock: Seconds that only grow.
    """

    def __init__(
        self,
        ask: Ask,
        insert: Insert,
        name: str,
        seconds: float = LEASE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask, self._insert, self._name, self._seconds, self._clock = ask, insert, name, seconds, clock
        self._me = str(uuid_utils.uuid7())
        self._term = self._since = 0
        self._until = -seconds
        self._seen: tuple[int, str] | None = None
        self._seen_at = 0.0

    def held(self) -> bool:
        """Whether it is ours now."""
        return self._clock() < self._until

    def renew(self) -> int | None:
        """Renew it, or claim it where nobody holds it; to be called again and again.

        Returns:
            None where it is not ours; else a number that is another wherever it was anybody's in between.

        Raises:
            StoreError: the store does not answer; what was held is held until it lapses.
        """
        asked_at = self._clock()
        newest = self._newest()
        if newest != self._seen:
            self._seen, self._seen_at = newest, asked_at
        term, holder = newest
        mine = holder == self._me
        if not mine and holder and asked_at - self._seen_at < self._seconds:
            self._until = asked_at
            return None
        claimed = (term + 1, self._me)
        self._write(*claimed)
        if self._newest() != claimed:
            self._until = asked_at
            return None
        # An answer may have been lost: then the newest term is ours, and one more than we know of.
        if not mine or term > self._term + 1:
            self._since = term + 1
        self._term, self._until = term + 1, asked_at + self._seconds
        return self._since

    def release(self) -> None:
        """Give it back, so that another can have it at once.

        Raises:
            StoreError: it is not given back, and lapses.
        """
        if self.held():
            self._until = self._clock()
            self._write(self._term + 1, "")

    def _newest(self) -> tuple[int, str]:
        rows = self._ask(_NEWEST, {"name": self._name})
        return (int(rows[0][0]), str(rows[0][1])) if rows else (0, "")

    def _write(self, term: int, holder: str) -> None:
        row: dict[str, Sequence[object]] = {"name": [self._name], "term": [term], "holder": [holder]}
        self._insert("leases", row, f"lease:{self._name}:{term}")
