"""Taking turns: of several processes beside one store one evaluates and tells, and the others stand by."""

import threading
from collections.abc import Callable
from typing import Protocol

import structlog

from touchline.runtime.alerting.lease import RENEW_SECONDS, Lease
from touchline.store import StoreError

logger = structlog.get_logger(__name__)


class Work(Protocol):
    """What is done while the lease is held."""

    def start(self) -> None: ...
    def stop(self, timeout: float) -> None: ...


class Duty:
    """Has work done for as long as the lease is this process's.

    Args:
        lease: Whose turn it is.
        work: Makes the work anew for each turn: what was remembered may be another's by now.
        on_duty: Told at each renewal whether the work is done here.
        stop_seconds: How long the work may take to end.
    """

    def __init__(
        self, lease: Lease, work: Callable[[], Work], on_duty: Callable[[bool], None], stop_seconds: float
    ) -> None:
        self._lease, self._make, self._on_duty, self._stop_seconds = lease, work, on_duty, stop_seconds
        self._work: Work | None = None
        self._turn: int | None = None
        self.trouble: str | None = "the store was not asked yet whose turn it is"

    def keep(self, ended: threading.Event) -> None:
        """Take turns until it is ended; then the lease is given back."""
        try:
            while not ended.is_set():
                self._look()
                ended.wait(RENEW_SECONDS)
        finally:
            self._change(None)
            try:
                self._lease.release()
            except StoreError as error:
                logger.warning("alerts.lease.kept", why=str(error))

    def _look(self) -> None:
        try:
            turn = self._lease.renew()
        except StoreError as error:
            self.trouble = f"the store does not say whose turn it is: {error}"
            logger.warning("alerts.lease.unknown", why=str(error))
            turn = self._turn if self._lease.held() else None
        else:
            self.trouble = None
        if turn != self._turn:
            self._change(turn)
        self._on_duty(turn is not None)

    def _change(self, turn: int | None) -> None:
        if self._work is not None:
            self._work.stop(self._stop_seconds)
            self._work = None
        if turn is not None:
            self._work = self._make()
            self._work.start()
        if turn is not None or self._turn is not None:
            logger.info("alerts.on_duty" if turn is not None else "alerts.standing_by")
        self._turn = turn
