"""Workers that die while they write, each followed by another."""

from typing import Any

from hypothesis import strategies as st

from tests.laws.arrivals import LIMITS
from tests.laws.offline import RULES
from touchline.engine.memory import MemoryLog, MemoryStore
from touchline.engine.worker import Worker

crash_lists = st.lists(st.integers(1, 9), max_size=12)

_WRITES = {
    *("insert", "delete", "delete_events", "delete_sets", "withdraw_events", "withdraw_sets"),
    *("put_in_force", "put_law_in_force", "begin", "commit"),
}


class CrashError(Exception):
    """The process died here."""


class Mortal:
    """A log and a store that crash the process at the writing call of number `steps`; 0 for never."""

    def __init__(self, log: MemoryLog, store: MemoryStore, steps: int) -> None:
        self._log, self._store, self.steps = log, store, steps

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._log if hasattr(self._log, name) else self._store, name)
        if name not in _WRITES:
            return method

        def write(*arguments: Any, **named: Any) -> None:
            self.steps -= 1
            if self.steps == 0:
                raise CrashError
            method(*arguments, **named)

        return write


def work(
    log: MemoryLog, store: MemoryStore, random: Any, crashes: list[int], end: int, aimed: bool = False
) -> None:
    """Process the log with workers that crash, until nothing is left to do by `end`.

    Each of `crashes` is the writing call at which a worker dies; `aimed` counts from a ledger record on.
    """
    for steps in [*crashes, 0]:
        mortal = Mortal(log, store, 0 if aimed else steps)
        try:
            worker = Worker(mortal, mortal, RULES, held_customers=random.randint(0, 3), limits=LIMITS)
            while records := worker.read(random.randint(1, 3)):
                if aimed and records[0].kind == "ledger":
                    mortal.steps = steps
                worker.flush(records, random.randint(0, end))
            while worker.flush([], end):
                pass
        except CrashError:
            continue
