"""Leader election: of several processes beside one store, one evaluates and notifies; the others stand by."""

import threading
from collections.abc import Callable
from typing import Protocol

import structlog

from touchline.runtime.alerting.lease import RENEW_SECONDS, Lease
from touchline.store import StoreError

logger = structlog.get_logger(__name__)


class Work(Protocol):
    """What the leader runs."""

    def start(self) -> None: ...
    def stop(self, timeout: float) -> None: ...


class Leadership:
    """Runs work while this process holds the lease.

    Args:
        lease: The lease that the processes compete for.
        work: Makes new work for each term: another leader may have changed what old work remembers.
        on_renewal: Called at each renewal with whether this process is the leader.
        stop_seconds: How long the work may take to stop.
    """

    def __init__(
        self, lease: Lease, work: Callable[[], Work], on_renewal: Callable[[bool], None], stop_seconds: float
    ) -> None:
        self._lease, self._make, self._on_renewal, self._stop_seconds = lease, work, on_renewal, stop_seconds
        self._work: Work | None = None
        self._term: int | None = None
        self.error: str | None = "the lease has not been read yet"
        """Why the process cannot take part in the election; None if it can."""

    def run(self, ended: threading.Event) -> None:
        """Take part in the election until `ended` is set; then release the lease."""
        try:
            while not ended.is_set():
                self._renew()
                ended.wait(RENEW_SECONDS)
        finally:
            self._change(None)
            try:
                self._lease.release()
            except StoreError as error:
                logger.warning("alerts.lease.not_released", why=str(error))

    def _renew(self) -> None:
        try:
            term = self._lease.renew()
        except StoreError as error:
            self.error = f"the lease cannot be read from the store: {error}"
            logger.warning("alerts.lease.unknown", why=str(error))
            term = self._term if self._lease.held() else None
        else:
            self.error = None
        if term != self._term:
            self._change(term)
        self._on_renewal(term is not None)

    def _change(self, term: int | None) -> None:
        if self._work is not None:
            self._work.stop(self._stop_seconds)
            self._work = None
        if term is not None:
            self._work = self._make()
            self._work.start()
        if term is not None or self._term is not None:
            logger.info("alerts.leading" if term is not None else "alerts.standing_by")
        self._term = term
