"""A store for a process that may have been superseded without knowing it.

One that stood still for longer than its session has lost its partitions to others. What it would write after
that follows from what it knew before: a signal that became untrue since would stand for good, since nobody
else ever wrote it and so nobody takes it back. So whether it is superseded is asked before each change.
"""

from collections.abc import Callable
from typing import Any, Final, cast

from touchline.engine.ports import Store
from touchline.vocabulary.errors import TouchlineError

CHANGES: Final = ("insert", "delete", "delete_events", "delete_sets", "put_in_force")
"""What changes a store; all else reads."""


class Superseded(TouchlineError):
    """What this process works on is, or may be, another's by now."""


class _Fenced:
    def __init__(self, store: Store, still_ours: Callable[[], None]) -> None:
        self._store, self._still_ours = store, still_ours

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name not in CHANGES:
            return method

        def change(*arguments: Any, **named: Any) -> Any:
            self._still_ours()
            return method(*arguments, **named)

        return change


def fenced(store: Store, still_ours: Callable[[], None]) -> Store:
    """The store, where each change is made only if `still_ours`, asked right before it, raises nothing."""
    return cast("Store", _Fenced(store, still_ours))
