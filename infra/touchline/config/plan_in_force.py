"""The tracking plan of a running process: read at the start, and again whenever its file changes."""

import threading
from pathlib import Path

import structlog

from touchline.config.tracking_plan import load_plan
from touchline.vocabulary.normaliser import Normaliser
from touchline.vocabulary.order import own_phases, phases_of
from touchline.vocabulary.validation import Validator

logger = structlog.get_logger(__name__)


class PlanInForce:
    """What events are validated by, while the file of the plan may change.

    A file that cannot be used leaves the last usable plan in force, with a `warning`. The phases of own types
    decide how stored events are folded, and workers read them at their start: another phase is a `warning`,
    too, until the process starts again.

    Args:
        path: The file; None for the vocabulary alone.
        normaliser: Turns what producers send into identifiers.

    Raises:
        PlanError: the file cannot be used at the start.
    """

    def __init__(self, path: Path | None, normaliser: Normaliser) -> None:
        self._path, self._seen = path, _stamp(path)
        self.validator = Validator(normaliser, load_plan(path))
        self._phases = own_phases(phases_of(self.validator.types))
        self.fault: str | None = None
        """Why the file as it is now cannot be used; None if it can."""

    @property
    def warning(self) -> str | None:
        """What is wrong with the plan although events are accepted; None when nothing is."""
        if self.fault is not None:
            return f"the tracking plan cannot be used, the one before stays in force: {self.fault}"
        if own_phases(phases_of(self.validator.types)) != self._phases:
            return "phases in the tracking plan changed: restart the workers, which refold every customer"
        return None

    def refresh(self) -> None:
        """Read the file again if it changed."""
        seen = _stamp(self._path)
        if seen == self._seen:
            return
        self._seen = seen
        try:
            types = load_plan(self._path)
        except Exception as error:
            # Whatever is wrong with a file must not end the process: its plan is in use.
            self.fault = str(error)
            logger.error("plan.refused", why=self.fault)
            return
        self.validator, self.fault = self.validator._replace(types=types), None
        logger.info("plan.in_force", types=len(types), warning=self.warning)


def keep_current(plan: PlanInForce, *, stop: threading.Event, every: float = 1.0) -> None:
    """Read the plan again when its file changes, until `stop` is set; looks every `every` seconds."""
    while not stop.wait(every):
        plan.refresh()


def _stamp(path: Path | None) -> tuple[int, int, int] | None:
    """What changes with the file; None without one."""
    try:
        stat = path.stat() if path is not None else None
    except OSError:
        return None
    return None if stat is None else (stat.st_mtime_ns, stat.st_size, stat.st_ino)
