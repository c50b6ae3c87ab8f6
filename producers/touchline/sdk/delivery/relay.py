"""The relay between memory and disk: it writes what cannot be sent to the spool, and sends what is in it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from touchline.sdk.delivery.account import Account
from touchline.sdk.delivery.ledger import Ledger, Part
from touchline.sdk.delivery.loss import Loss
from touchline.sdk.delivery.pace import Pace, Timing
from touchline.sdk.delivery.problem import Problem, Problems
from touchline.sdk.delivery.spool import Damaged, Spool, Spooled, SpoolError
from touchline.sdk.limits import Limits
from touchline.sdk.transport import Accepted, Batch, Outcome, Refused, Retry, TooLarge

LOOK_SECONDS = 5.0
"""How often a process looks for batches that another one left on disk, and tries a spool that failed."""


class Relay:
    """Moves batches between one client and its spool. It never raises because of the spool."""

    def __init__(
        self, spool: Spool, ledger: Ledger, problems: Problems, pace: Pace, limits: Limits, timing: Timing
    ) -> None:
        self._spool = spool
        self._ledger = ledger
        self._problems = problems
        self._pace = pace
        self._limits = limits
        self._timing = timing
        self._look_at = self._spill_at = float("-inf")

    @property
    def due_in(self) -> float:
        """Seconds until the next look at the disk; 0 or less: now."""
        return max(self._look_at, self._pace.down_until) - self._timing.now()

    @property
    def may_spill(self) -> bool:
        """Whether a thread that tracks should try to write to disk: not just after the spool failed."""
        return self._timing.now() >= self._spill_at

    def keep(self, parts: Sequence[Part], lost: Mapping[Loss, int] | None = None) -> bool:
        """Write parts to disk, all or none, with the losses to report. Returns whether it did."""
        batches = [
            Batch(part.lines, lost or {}, self._ledger.account(part.first, part.number)) for part in parts
        ]
        try:
            self._spool.add(batches, self._wall_ms())
        except SpoolError as error:
            self._failed(error)
            return False
        self._look_at = min(self._look_at, self._timing.now())
        return True

    def forward(self, send: Callable[[Batch], Outcome]) -> None:
        """Send the oldest batch on disk, if it is time to look and the collector is not down."""
        if self.due_in > 0:
            return
        try:
            spooled = self._spool.claim(self._wall_ms())
            if spooled is None:
                self._look_at = self._timing.now() + LOOK_SECONDS
            elif isinstance(spooled, Damaged):
                self._spool.remove(spooled)
                self._ledger.note_lost_on_disk("", spooled.events, "damaged")
            elif self._wall_ms() - spooled.spooled_at > self._limits.spool_seconds * 1_000:
                self._lose(spooled, "expired")
            else:
                self._settle(spooled, send(spooled.batch))
        except SpoolError as error:
            self._failed(error)
            self._look_at = self._timing.now() + LOOK_SECONDS

    def close(self) -> None:
        """Close the spool's file."""
        self._spool.close()

    def _settle(self, spooled: Spooled, outcome: Outcome) -> None:
        batch = spooled.batch
        match outcome:
            case Accepted() as accepted:
                self._spool.remove(spooled)
                self._ledger.note_quarantined(accepted)
                self._ledger.note_forwarded(len(batch.lines) - accepted.rejected)
                if accepted.rejected:
                    self._note_lost(batch, accepted.rejected, "rejected", accepted.why)
            case Retry(reason) as retry:
                self._pace.back_off(retry)
                self._problems.note_waiting(reason, "on disk", self._timing.now())
                self._spool.release(spooled)
            case TooLarge() if len(batch.lines) > 1 and batch.account is not None:
                self._spool.replace(spooled, _halves(batch, batch.account))
            case TooLarge():
                self._lose(spooled, "too_large")
            case Refused(reason):
                self._lose(spooled, "refused", reason)

    def _lose(self, spooled: Spooled, reason: Loss, detail: str = "") -> None:
        self._spool.remove(spooled)
        self._note_lost(spooled.batch, len(spooled.batch.lines), reason, detail)

    def _note_lost(self, batch: Batch, events: int, reason: Loss, detail: str) -> None:
        client = batch.account.client if batch.account else ""
        self._ledger.note_lost_on_disk(client, events, reason, detail)

    def _failed(self, error: SpoolError) -> None:
        message = f"the spool {self._spool.path} cannot be used now ({error}): events stay in memory"
        self._problems.add(Problem("waiting", "spool", 1, message=message))
        self._spill_at = self._timing.now() + LOOK_SECONDS

    def _wall_ms(self) -> int:
        return int(self._timing.wall() * 1_000)


def _halves(batch: Batch, account: Account) -> list[Batch]:
    halves = Part(account.first, account.batch, batch.lines).halves()
    return [
        Batch(half.lines, account=replace(account, first=half.first, batch=half.number)) for half in halves
    ]
