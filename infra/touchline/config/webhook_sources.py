"""The sources of webhooks of a running process: read at the start, and again whenever their file changes."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog

from touchline.collector.webhooks.source import Opened
from touchline.collector.webhooks.sources_file import SourcesError, open_sources
from touchline.config.text_files import text_of

logger = structlog.get_logger(__name__)


class SourcesInForce:
    """The sources of webhooks, while their file, their secrets and their mappings may change.

    A file that cannot be used leaves the sources before in force, with a `warning`.

    Args:
        path: The file; None for no sources.

    Raises:
        SourcesError: the file, a secret or a mapping cannot be used at the start.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.sources: Mapping[str, Opened[Any]] = {} if path is None else load_sources(path)
        self.fault: str | None = None
        """Why the file as it is now cannot be used; None if it can."""

    @property
    def warning(self) -> str | None:
        """What is wrong although webhooks are accepted; None when nothing is."""
        if self.fault is None:
            return None
        return f"the webhook sources cannot be used, those before stay in force: {self.fault}"

    def refresh(self) -> None:
        """Read the file again, with its secrets and mappings, which may change without it."""
        if self._path is None:
            return
        try:
            sources = load_sources(self._path)
        except Exception as error:
            # Whatever is wrong with a file must not end the process: its sources are in use.
            if str(error) != self.fault:
                self.fault = str(error)
                logger.error("webhooks.refused", why=self.fault)
            return
        if self.fault is not None or sources.keys() != self.sources.keys():
            logger.info("webhooks.in_force", sources=sorted(sources))
        self.sources, self.fault = sources, None


def keep_sources_current(sources: SourcesInForce, *, stop: threading.Event, every: float = 2.0) -> None:
    """Read the sources again every `every` seconds, until `stop` is set."""
    while not stop.wait(every):
        sources.refresh()


def load_sources(path: Path) -> dict[str, Opened[Any]]:
    """The sources of a file by name, with their secrets and mappings.

    Raises:
        SourcesError: the file, a secret or a mapping cannot be used.
    """
    return open_sources(text_of(path, SourcesError), path)
