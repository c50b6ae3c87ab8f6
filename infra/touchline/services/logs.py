"""Logs of a running process: lines for people on a terminal, JSON objects elsewhere."""

import logging
import re
import sys
import time
from collections.abc import Callable
from typing import Any, Final

from touchline.services.supervised import on_terminal
from touchline.store.import_blocker import imports_blocked

# rich only formats tracebacks, which are not shown here, and takes a fifth of the imports' time.
with imports_blocked("rich"):
    import structlog


LINES_PER_MINUTE = 20
"""How many lines of a library's one log call are shown per minute."""


_KEY_IN_PATH: Final = re.compile(r"(/k/)[^/\s?\"'\\]+")
"""Where clients have no other place for a key, it is a part of the path."""


def without_keys(logger: Any, method: str, line: Any) -> str:
    """A line of the log with `…` for each key in a path; the last of structlog's processors."""
    return _KEY_IN_PATH.sub(r"\1…", line)


class Repeats(logging.Filter):
    """Drops what one log call repeats too often, so that a client who causes an error cannot fill the disk.

    Args:
        clock: Returns monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._minute = 0
        self._lines: dict[tuple[str, int], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to show a record. The last one of its call in a minute says so."""
        if (minute := int(self._clock() // 60)) != self._minute:
            self._minute = minute
            self._lines.clear()
        call = (record.pathname, record.lineno)
        lines = self._lines[call] = self._lines.get(call, 0) + 1
        if lines == LINES_PER_MINUTE:
            record.msg = f"{record.msg} (no more of these lines in this minute)"
        return lines <= LINES_PER_MINUTE


def configure_logs() -> None:
    """Send all logs, also those of libraries from warnings on, to standard error.

    No traceback shows the values of variables: they may be customers' identifiers.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    shown: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if sys.stderr.isatty() or on_terminal()
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    shown.append(without_keys)
    structlog.configure(
        processors=[*shared, *shown],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *shown],
        )
    )
    handler.addFilter(Repeats())
    # Without a level, Engine.IO and Socket.IO write each line a second time by themselves.
    for name in ("engineio.server", "socketio.server"):
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
