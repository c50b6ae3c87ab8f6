"""Logs how far a refold of every customer is."""

import time
from collections.abc import Callable

import structlog

logger = structlog.get_logger(__name__)

LOG_SECONDS = 10.0
"""How often progress is logged."""


class RefoldLog:
    """Logs the first call, one every `LOG_SECONDS`, and the last; `clock` gives seconds that only grow."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._logged_at = -LOG_SECONDS

    def __call__(self, done: int, of: int) -> None:
        now = self._clock()
        if done < of and now - self._logged_at < LOG_SECONDS:
            return
        self._logged_at = now
        logger.info("customers.refolding", identifiers=done, of=of)
