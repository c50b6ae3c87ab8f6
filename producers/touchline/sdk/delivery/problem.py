"""Problems: what went wrong with events, logged and called back seldom and without any value of an event."""

import logging
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

LOG = logging.getLogger("touchline.sdk")

REPEAT_SECONDS = 60.0
"""The least time between two reports of one kind and reason. The next one includes what was held back."""

MOST_REASONS = 50
"""The most reasons that are held apart; the rest count as `other`. The collector names those of quarantined
events, so their number has no bound of its own."""

Kind = Literal["lost", "quarantined", "omitted", "waiting"]
"""Events that will not arrive; events that the collector keeps apart; fields left out of sent events; events
that wait because the collector does not take them. The set is closed."""

_NAME = re.compile(r"[A-Za-z_][\w-]*(\.[A-Za-z_?][\w-]*|\.\d{1,2})*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that went wrong with events or fields.

    Args:
        kind: What went wrong.
        reason: Why, as one word, such as `queue_full` or the collector's `invalid_data`.
        count: Events, or fields of the kind `omitted`, since the last report of this kind and reason.
        type: The type of the first event, if known.
        field: The path of its field, if known.
        message: What to do about it.
    """

    kind: Kind
    reason: str
    count: int
    type: str = ""
    field: str = ""
    message: str = ""

    def __str__(self) -> str:
        place = " ".join(
            f"{what} {name}" for what, name in (("type", self.type), ("field", self.field)) if name
        )
        example = f", such as {place}" if place else ""
        message = f": {self.message}" if self.message else ""
        match self.kind:
            case "lost":
                return f"{self.count} events lost, {self.reason}{example}{message}"
            case "quarantined":
                return f"the collector quarantined {self.count} events, {self.reason}{example}{message}"
            case "omitted":
                return f"{self.count} fields left out of events{example}{message}"
        return self.message


OnError = Callable[[Problem], None]
"""`on_error(problem)`: called for each problem that is logged, on the SDK's own thread."""


def name_or_nothing(text: object) -> str:
    """The text if it is the name of a type or a field; "" if it may be a value of a customer."""
    return text if isinstance(text, str) and len(text) <= 64 and _NAME.fullmatch(text) else ""


class Problems:
    """Holds problems until they are reported: the first of a kind and reason at once, the next later.

    `add` only counts. `report` logs and calls back, so that neither slows `track`.
    """

    def __init__(self, on_error: OnError | None = None) -> None:
        self._on_error = on_error
        # Reentrant: a signal handler may call `track` while its own thread holds the lock.
        self._lock = threading.RLock()
        self._held: dict[tuple[Kind, str], Problem] = {}
        self._next: dict[tuple[Kind, str], float] = {}

    def add(self, problem: Problem) -> bool:
        """Hold a problem; the first of its kind and reason is the example. Returns whether none was held."""
        key = problem.kind, problem.reason
        with self._lock:
            if key not in self._held and key not in self._next and len(self._next) >= MOST_REASONS:
                key = problem.kind, "other"
                problem = replace(problem, reason="other")
            first = not self._held
            held = self._held.get(key)
            self._held[key] = replace(held, count=held.count + problem.count) if held else problem
        return first

    def report(self, now: float, *, final: bool = False) -> None:
        """Log and call back what is due, or all with `final`; `now` is monotonic, in seconds."""
        if not self._held:
            return
        with self._lock:
            due = [key for key in self._held if final or now >= self._next.get(key, now)]
            problems = [self._held.pop(key) for key in due]
            if final:
                # Nothing waits any more.
                problems = [problem for problem in problems if problem.kind != "waiting"]
            self._next.update(dict.fromkeys(due, now + REPEAT_SECONDS))
        for problem in problems:
            LOG.warning("%s", problem)
            if self._on_error is None:
                continue
            try:
                self._on_error(problem)
            except Exception:
                # The application's own code, on the thread that sends: it must go on.
                LOG.exception("on_error raised an exception; the problem is logged above")

    def note_waiting(self, why: str, where: str, now: float) -> None:
        """Have it heard at once that the collector does not accept events, and where they are."""
        message = f"the collector does not accept events now ({why}): they stay {where} and are retried"
        self.add(Problem("waiting", "collector", 1, message=message))
        self.report(now)
