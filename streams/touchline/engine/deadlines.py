"""When the customers with a pending obligation must be looked at again."""

from collections.abc import Iterable
from heapq import heapify, heappop, heappush


class Deadlines:
    """The next deadline (ms) of each customer that has one."""

    def __init__(self, due: Iterable[tuple[str, int]] = ()) -> None:
        self._due: dict[str, int] = {}
        for customer, due_at in due:
            self._due[customer] = min(due_at, self._due.get(customer, due_at))
        # Entries that are no longer in `_due` are passed over.
        self._queue = [(due_at, customer) for customer, due_at in self._due.items()]
        heapify(self._queue)

    @property
    def next(self) -> int | None:
        """The earliest that may be pending (ms), never later than it is; None where nothing is pending."""
        return self._queue[0][0] if self._queue else None

    def expect(self, customer: str, due_at: int | None) -> None:
        """From now on this is the customer's deadline, or it has none."""
        if due_at is None:
            self._due.pop(customer, None)
        elif self._due.get(customer) != due_at:
            self._due[customer] = due_at
            heappush(self._queue, (due_at, customer))

    def fallen(self, now: int, most: int) -> list[str]:
        """Take out the customers whose deadline has come by `now` (ms), `most` at a time."""
        fallen: list[str] = []
        while self._queue and self._queue[0][0] <= now and len(fallen) < most:
            due_at, customer = heappop(self._queue)
            if self._due.get(customer) == due_at:
                del self._due[customer]
                fallen.append(customer)
        return fallen
