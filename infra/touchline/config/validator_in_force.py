"""What a running process validates events by: read at the start, and again whenever a file changes."""

import threading
from collections.abc import Callable
from pathlib import Path

import structlog

from touchline.config.privacy_rules import load_privacy
from touchline.config.settings import Settings
from touchline.config.tracking_plan import load_plan
from touchline.vocabulary.order import own_phases, phases_of
from touchline.vocabulary.validation import Validator

logger = structlog.get_logger(__name__)


def load_validator(settings: Settings) -> Validator:
    """What events are validated by, under the files of the tracking plan and of the privacy rules.

    Raises:
        PlanError, PrivacyError: a file cannot be used.
    """
    rules = load_privacy(settings.privacy, settings.privacy_key.get_secret_value())
    return Validator(settings.normaliser_with(rules), load_plan(settings.plan), privacy=rules)


class ValidatorInForce:
    """What events are validated by, while the files of the plan and of the privacy rules may change.

    A file that cannot be used leaves what was last read of it in force, with a `warning`. The phases of own
    types decide how stored events are folded, and workers read them at their start: another phase is a
    `warning`, too, until the process starts again.

    Args:
        settings: Name the files.

    Raises:
        PlanError, PrivacyError: a file cannot be used at the start.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._seen = {path: _stamp(path) for path in (settings.plan, settings.privacy)}
        self.validator = load_validator(settings)
        self._phases = own_phases(phases_of(self.validator.types))
        self.plan_fault: str | None = None
        """Why the file of the plan as it is now cannot be used; None if it can."""
        self.privacy_fault: str | None = None
        """Why the file of the privacy rules as it is now cannot be used; None if it can."""

    @property
    def warning(self) -> str | None:
        """What is wrong with the files although events are accepted; None when nothing is."""
        if self.privacy_fault is not None:
            return f"the privacy rules cannot be used, those before stay in force: {self.privacy_fault}"
        if self.plan_fault is not None:
            return f"the tracking plan cannot be used, the one before stays in force: {self.plan_fault}"
        if own_phases(phases_of(self.validator.types)) != self._phases:
            return "phases in the tracking plan changed: restart the workers, which refold every customer"
        return None

    def refresh(self) -> None:
        """Read each file again that changed."""
        if self._changed(self._settings.plan):
            self.plan_fault = self._read("plan", self._read_plan)
        if self._changed(self._settings.privacy):
            self.privacy_fault = self._read("privacy", self._read_privacy)

    def _changed(self, path: Path | None) -> bool:
        before, self._seen[path] = self._seen[path], _stamp(path)
        return before != self._seen[path]

    def _read(self, what: str, read: Callable[[], None]) -> str | None:
        """Read a file into force; return why it cannot be used."""
        try:
            read()
        except Exception as error:
            # Whatever is wrong with a file must not end the process: what was read before is in use.
            logger.error(f"{what}.refused", why=str(error))
            return str(error)
        logger.info(f"{what}.in_force", types=len(self.validator.types), warning=self.warning)
        return None

    def _read_plan(self) -> None:
        self.validator = self.validator._replace(types=load_plan(self._settings.plan))

    def _read_privacy(self) -> None:
        rules = load_privacy(self._settings.privacy, self._settings.privacy_key.get_secret_value())
        self.validator = self.validator._replace(
            normaliser=self._settings.normaliser_with(rules), privacy=rules
        )


def keep_current(in_force: ValidatorInForce, *, stop: threading.Event, every: float = 1.0) -> None:
    """Read the files again when they change, until `stop` is set; looks every `every` seconds."""
    while not stop.wait(every):
        in_force.refresh()


def _stamp(path: Path | None) -> tuple[int, int, int] | None:
    """What changes with the file; None without one."""
    try:
        stat = path.stat() if path is not None else None
    except OSError:
        return None
    return None if stat is None else (stat.st_mtime_ns, stat.st_size, stat.st_ino)
