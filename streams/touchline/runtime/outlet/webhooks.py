"""Sends the changes of frictions to webhooks: each webhook has its own thread and its own place in the store.

    1. read the next changes behind the place
    2. send them one after the other, each until it is taken
    3. record the place

If step 3 is lost, the changes are sent again, with the same ids: delivery is at least once. One change is
under way at a time, so the order of each customer's changes is kept. What waits stays in the store.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import structlog

from touchline.alerts.addresses import FrictionWebhook
from touchline.alerts.channels.delivery import Undelivered, post, secret
from touchline.alerts.channels.webhook import signature
from touchline.outlet.cloudevent import CONTENT_TYPE, cloud_event
from touchline.outlet.reading import Cursor, Selection
from touchline.runtime.alerting.queries import Insert, Query
from touchline.runtime.outlet.metrics import WebhookMetrics
from touchline.runtime.outlet.reader import Reader, end_of
from touchline.store import StoreError
from touchline.tables import FrictionChangeRow

PAGE = 100
"""Changes that are read at a time."""

LOOK_SECONDS = 1.0
"""How often the store is queried, unless its writer runs in the same process."""

SAVE_SECONDS = 1.0
"""How often the place is recorded while changes are sent."""

FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS = 1.0, 60.0
FAILING_SECONDS = 120.0
"""A webhook that has failed for this long is reported as failing."""

_PLACE = """
SELECT position, change_version, toString(change_id), version FROM outlets WHERE name = {name:String}
ORDER BY version DESC LIMIT 1
"""

_logger = structlog.get_logger(__name__)


class Work(NamedTuple):
    """What all webhooks of a process share.

    Args:
        query: Queries the store.
        insert: Appends rows to its tables.
        late: How late a change may appear (ms); 0 if one process alone writes the store.
        metrics: Counts the attempts.
        owns: Whether this process may send.
        clock: Seconds since 1970.
    """

    query: Query
    insert: Insert
    late: int
    metrics: WebhookMetrics
    owns: Callable[[], bool] = lambda: True
    clock: Callable[[], float] = time.time


class FrictionWebhooks:
    """The webhooks of a process."""

    def __init__(self, webhooks: Mapping[str, FrictionWebhook], work: Work) -> None:
        self._threads = [_Webhook(name, webhook, work) for name, webhook in webhooks.items()]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def touched(self) -> None:
        """Look for changes at once: the store was written."""
        for thread in self._threads:
            thread.wake()

    def stop(self, timeout: float) -> None:
        """End after the message under way; wait at most `timeout` seconds."""
        give_up_at = time.monotonic() + timeout
        for thread in self._threads:
            thread.request_stop()
        for thread in self._threads:
            thread.join(max(0.0, give_up_at - time.monotonic()))


class _Webhook:
    def __init__(self, name: str, webhook: FrictionWebhook, work: Work) -> None:
        self._name, self._webhook, self._work = name, webhook, work
        self._stopping, self._wake = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"touchline-webhook-{name}", daemon=True)
        self._place = Cursor(0)
        self._version = 0
        self._recorded: Cursor | None = None
        self._recorded_at = 0.0

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._wake.set()

    def request_stop(self) -> None:
        self._stopping.set()
        self._wake.set()

    def join(self, timeout: float) -> None:
        self._thread.join(timeout)

    def _run(self) -> None:
        reader: Reader | None = None
        while not self._stopping.is_set():
            self._wake.clear()
            changes: list[FrictionChangeRow] = []
            try:
                reader = reader or self._begin()
                changes = reader.next(PAGE)
                for change in changes:
                    if not self._deliver(change):
                        reader = None
                        break
                    self._place = max(self._place, Cursor.after(change), key=lambda place: place[:2])
                    self._record(SAVE_SECONDS)
                self._record(0.0)
            except StoreError as error:
                # From the recorded place on, once the store answers.
                reader = None
                _logger.warning("webhook.retry", webhook=self._name, why=str(error))
                self._stopping.wait(LOOK_SECONDS)
            if len(changes) < PAGE:
                self._wake.wait(LOOK_SECONDS)

    def _begin(self) -> Reader:
        """A reader behind the recorded place; of a new webhook, behind all that is there."""
        rows = self._work.query(_PLACE, {"name": self._name})
        if rows:
            *place, self._version = rows[0]
            self._place = self._recorded = Cursor.parse("-".join(map(str, place)))
        else:
            self._place, self._recorded = end_of(self._work.query), None
            self._record(0.0)
        selection = Selection(self._webhook.rules)
        return Reader(self._work.query, selection, self._place, self._work.late)

    def _deliver(self, change: FrictionChangeRow) -> bool:
        """Send a change until it is taken; whether it was, before this process has to stop."""
        if self._webhook.changes and change.kind not in self._webhook.changes:
            return True
        body = cloud_event(change)
        attempts, pause, failing_since = 0, FIRST_RETRY_SECONDS, self._work.clock()
        while not self._stopping.is_set() and self._work.owns():
            try:
                self._send(str(change.id), body)
            except Undelivered as error:
                why, asked = str(error), error.retry_after / 1000
            except Exception as error:
                # The text may hold a secret.
                why, asked = f"{type(error).__name__} while sending", 0.0
            else:
                self._work.metrics.attempted(self._name, True)
                return True
            attempts += 1
            self._work.metrics.attempted(self._name, False)
            failing = self._work.clock() - failing_since >= FAILING_SECONDS
            log = _logger.error if failing else _logger.warning
            log("webhook.undelivered", webhook=self._name, rule=change.rule, attempts=attempts, why=why)
            self._stopping.wait(min(max(pause, asked), LONGEST_RETRY_SECONDS))
            pause = min(2 * pause, LONGEST_RETRY_SECONDS)
        return False

    def _send(self, delivery: str, body: bytes) -> None:
        timestamp = str(int(self._work.clock()))
        headers = {
            "Content-Type": CONTENT_TYPE,
            "X-Touchline-Delivery": delivery,
            "X-Touchline-Timestamp": timestamp,
            "X-Touchline-Signature": signature(secret(self._webhook.secret), timestamp, body),
        }
        post(self._webhook.url, body, self._webhook.timeout, headers)

    def _record(self, seconds: float) -> None:
        """Record the place, unless that was done less than so many seconds ago.

        Raises:
            StoreError: it is not recorded.
        """
        now = time.monotonic()
        if self._place == self._recorded or now - self._recorded_at < seconds:
            return
        self._version += 1
        position, version, id_ = self._place
        row: dict[str, Sequence[Any]] = {
            "name": [self._name],
            "position": [position],
            "change_version": [version],
            "change_id": [id_],
            "version": [self._version],
        }
        self._work.insert("outlets", row, f"outlets:{self._name}:{self._version}:{self._place}")
        self._recorded, self._recorded_at = self._place, now
