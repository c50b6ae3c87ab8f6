"""A store for a process that another one may have superseded without notice.

A process that was suspended for longer than its session has lost its partitions. What it writes after that
follows from an old state: a friction that has since become untrue would stay for good, since no other process
wrote it and none retracts it. So the process confirms its ownership before each change.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

from touchline.vocabulary.errors import TouchlineError

CHANGES: Final = (
    *("insert", "delete", "delete_events", "delete_sets", "withdraw_events", "withdraw_sets"),
    *("put_in_force", "put_law_in_force", "announce"),
)
"""The methods that change a store, or announce what a store has; all others are as they are."""


Target = TypeVar("Target")


class Superseded(TouchlineError):
    """Another process has the partitions of this one, or may have them."""


class _Fenced:
    def __init__(self, target: object, ensure_owned: Callable[[], None]) -> None:
        self._target, self._ensure_owned = target, ensure_owned

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._target, name)
        if name not in CHANGES:
            return method

        def change(*arguments: Any, **named: Any) -> Any:
            self._ensure_owned()
            return method(*arguments, **named)

        return change


def fenced(target: Target, ensure_owned: Callable[[], None]) -> Target:
    """Return a store or a publisher with `ensure_owned` called right before each change.

    If it raises, nothing changes.
    """
    return cast("Target", _Fenced(target, ensure_owned))
