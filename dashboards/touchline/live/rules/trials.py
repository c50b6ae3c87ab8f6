"""Runs trials of rules one at a time; pages request them, wait for their turn, and follow the progress."""

import asyncio
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Annotated, Generic, Literal, TypeVar

from msgspec import Meta, Struct

from touchline.live.connection.requests import on_request
from touchline.live.desk.documents import Id
from touchline.live.elements import PageElement
from touchline.live.rules.workshop import TrialFailed

R = TypeVar("R")
Run = Callable[[str, Mapping[str, int], int, Callable[[float], None], Callable[[], bool]], R]
"""Tries a rule, as `Workshop.run`."""

MOST_WAITING = 5
"""Trials that wait while one runs."""

REPORT_SECONDS = 0.5
TRIAL_DAYS = (7, 30)
_MOST_SLIDERS = 20


@dataclass(frozen=True)
class TrialState(Generic[R]):
    """How far a trial is: `ahead` others run before it, `done` is the share of the data that was read."""

    ticket: int
    stage: Literal["waiting", "running", "done", "failed"]
    ahead: int = 0
    done: float = 0.0
    result: R | None = None
    error: str = ""


class Trials(Generic[R]):
    """The trials of all pages of a process. Used on one event loop.

    Args:
        run: Runs a trial, in a thread.
    """

    def __init__(self, run: Run[R]) -> None:
        self._run = run
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="touchline-trial")
        self._turns: list[object] = []
        self._closing = threading.Event()

    async def run(
        self,
        ticket: int,
        rule: str,
        positions: Mapping[str, int],
        days: int,
        cancelled: threading.Event,
        report: Callable[[TrialState[R]], None],
    ) -> None:
        """Run a trial when its turn comes; `report` gets its state until it is done, failed or cancelled."""
        if len(self._turns) > MOST_WAITING:
            busy = f"{len(self._turns)} trials wait already: try again in a few minutes"
            report(TrialState(ticket, "failed", error=busy))
            return
        turn, done = object(), 0.0

        def progress(share: float) -> None:
            nonlocal done
            done = share

        def is_cancelled() -> bool:
            return cancelled.is_set() or self._closing.is_set()

        self._turns.append(turn)
        running = asyncio.get_running_loop().run_in_executor(
            self._pool, self._run, rule, positions, days, progress, is_cancelled
        )
        try:
            while not running.done():
                ahead = self._turns.index(turn)
                report(TrialState(ticket, "waiting" if ahead else "running", ahead, done))
                await asyncio.wait([running], timeout=REPORT_SECONDS)
            report(TrialState(ticket, "done", done=1.0, result=running.result()))
        except TrialFailed as failed:
            report(TrialState(ticket, "failed", error=str(failed)))
        except Exception as error:  # any error of the store
            why = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
            report(TrialState(ticket, "failed", error=f"The trial has no result: {why}"))
        finally:
            self._turns.remove(turn)

    async def close(self) -> None:
        """End the running trial soon, and run no other."""
        self._closing.set()
        await asyncio.to_thread(self._pool.shutdown, cancel_futures=True)


class TrialRequest(Struct, forbid_unknown_fields=True):
    """Other numbers of a rule, as positions of its sliders by name, over the last days."""

    ticket: Annotated[int, Meta(ge=0, lt=2**31)]
    rule: Id
    positions: Annotated[dict[str, Annotated[int, Meta(ge=0, lt=1_000)]], Meta(max_length=_MOST_SLIDERS)]
    days: Annotated[int, Meta(ge=1, le=max(TRIAL_DAYS))]


class CancelRequest(Struct, forbid_unknown_fields=True):
    """The end of the trial of this page."""


def take_trials(page: PageElement, trials: Trials[R]) -> None:
    """Run the trials of one page, one at a time: a new one ends the one before."""
    cancelled = threading.Event()

    def cancel() -> None:
        cancelled.set()

    async def run(request: TrialRequest) -> None:
        nonlocal cancelled
        cancel()
        cancelled = threading.Event()
        await trials.run(
            request.ticket,
            request.rule,
            request.positions,
            request.days,
            cancelled,
            lambda state: page.set_prop("trial", state),
        )

    on_request(page, "try", TrialRequest, run)
    on_request(page, "cancel", CancelRequest, lambda _: cancel())
    page.client.on_disconnect(cancel)
    page.client.on_delete(cancel)
