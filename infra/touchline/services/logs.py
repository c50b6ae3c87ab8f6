"""Logs of a running process: lines for people on a terminal, JSON objects elsewhere."""

import logging
import sys

from touchline.services.supervised import on_terminal
from touchline.store.import_blocker import imports_blocked

# rich only formats tracebacks, which are not shown here, and takes a fifth of the imports' time.
with imports_blocked("rich"):
    import structlog


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
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
