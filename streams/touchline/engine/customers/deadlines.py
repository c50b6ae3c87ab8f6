"""When customers with a pending obligation must be folded again."""

from collections.abc import Iterable
from heapq import heapify, heappop, heappush


class Deadlines:
    """The next deadline (ms) of each customer that has one."""

    def __init__(self, due: Iterable[tuple[str, int]] = ()) -> None:
        self._due: dict[str, int] = {}
        for customer, due_at in due:
            self._due[customer] = min(due_at, self._due.get(customer, due_at))
        # Entries of the queue that are no longer in `_due` are skipped.
        self._queue = [(due_at, customer) for customer, due_at in self._due.items()]
        heapify(self._queue)

    @property
    def next(self) -> int | None:
        """A time (ms) no later than the earliest pending deadline; None where nothing is pending."""
        return self._queue[0][0] if self._queue else None

    def expect(self, customer: str, due_at: int | None) -> None:
        """Set the customer's deadline; None for no deadline."""
        if due_at is None:
            self._due.pop(customer, None)
        elif self._due.get(customer) != due_at:
            self._due[customer] = due_at
            heappush(self._queue, (due_at, customer))

    def fallen(self, now: int, most: int) -> list[str]:
        """Remove and return customers whose deadline has come by `now` (ms), at most `most`."""
        fallen: list[str] = []
        while self._queue and self._queue[0][0] <= now and len(fallen) < most:
            due_at, customer = heappop(self._queue)
            if self._due.get(customer) == due_at:
                del self._due[customer]
                fallen.append(customer)
        return fallen
