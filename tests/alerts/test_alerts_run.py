"""`touchline alerts run`: several processes beside one store, of which one tells."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import urllib3

from tests.waiting import wait_for
from touchline.runtime.alerting.lease import LEASE_SECONDS, RENEW_SECONDS, Lease
from touchline.runtime.alerting.outbox import outbox_rows
from touchline.runtime.alerting.queries import Insert, Query, query_of
from touchline.store import Store, connect_store
from touchline.vocabulary.event import Event

if TYPE_CHECKING:
    from tests.store_process import StoreProcess

T = 1_795_000_000_000

Process = tuple[subprocess.Popen[bytes], Callable[[str], urllib3.BaseHTTPResponse]]
"""One that runs, and what asks for its health."""

Fold = Callable[[Store, Sequence[Sequence[Event]], int], Iterator[None]]


@pytest.fixture
def lease(store: Store) -> Callable[..., Lease]:
    """Makes the lease of one more process, over the same store; `clock` is the time by which it goes."""

    def make(clock: list[float], insert: Insert = store.insert, query: Query | None = None) -> Lease:
        return Lease(query or query_of(store), insert, "alerts", 8.0, lambda: clock[0])

    return make


def test_one_holds_the_lease_until_it_lapses_or_is_given_back(lease: Callable[..., Lease]) -> None:
    """The second gets it once the first has not renewed it for as long as it lasts, or gives it back."""
    now = [0.0]
    first, second = lease(now), lease(now)
    turn = first.renew()
    assert turn is not None
    assert second.renew() is None
    for now[0] in (7.0, 14.0):
        assert first.renew() == turn
        assert second.renew() is None
    now[0] = 21.9
    assert second.renew() is None
    assert first.held()
    now[0] = 22.1
    assert not first.held()
    assert second.renew() is not None
    assert first.renew() is None
    second.release()
    assert not second.held()
    again = first.renew()
    assert again is not None
    assert again != turn


def test_whoever_slept_holds_nothing_when_it_wakes(lease: Callable[..., Lease]) -> None:
    """A process that stood still for longer than the lease lasts knows by its clock that it may not tell."""
    own, others = [0.0], [100.0]
    first, second = lease(own), lease(others)
    assert first.renew()
    assert second.renew() is None
    own[0], others[0] = own[0] + 9.0, others[0] + 9.0
    assert second.renew()
    assert not first.held()
    assert first.renew() is None


def test_of_two_that_claim_at_once_one_gets_it(store: Store, lease: Callable[..., Lease]) -> None:
    """Both saw that nobody holds it; the one whose row is second adds nothing, and learns that it lost."""
    now = [0.0]
    other = lease(now)
    won: list[int | None] = []

    def late(table: str, columns: dict[str, Sequence[Any]], token: str) -> None:
        won.append(other.renew())
        store.insert(table, columns, token)

    loser = lease(now, late)
    assert loser.renew() is None
    assert not loser.held()
    assert won[0] is not None
    assert other.held()


def test_an_answer_that_was_lost_loses_nothing(store: Store, lease: Callable[..., Lease]) -> None:
    """Where a renewal was written and nobody heard of it, the next goes on with the same turn."""
    now, broken = [0.0], threading.Event()

    def insert(table: str, columns: dict[str, Sequence[Any]], token: str) -> None:
        store.insert(table, columns, token)
        if broken.is_set():
            raise ConnectionError("the answer is lost")

    one = lease(now, insert)
    turn = one.renew()
    broken.set()
    with pytest.raises(ConnectionError):
        one.renew()
    assert one.held()
    broken.clear()
    assert one.renew() == turn is not None


@pytest.fixture
def run(serve_store: Callable[..., "StoreProcess"], tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Starts `touchline alerts run` beside one store."""
    running: list[subprocess.Popen[bytes]] = []
    served = serve_store()

    def begin(file: Path) -> Process:
        said = tmp_path / f"said-{len(running)}"
        address = served.address("writer")
        environment = {
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "TOUCHLINE_STORE": address.url,
            "TOUCHLINE_STORE_USER": address.user,
            "TOUCHLINE_STORE_PASSWORD": address.password,
        }
        command = [sys.executable, "-m", "touchline.cli", "alerts", "run", "--alerts", str(file)]
        with said.open("wb") as output:
            process = subprocess.Popen(
                [*command, "--health", "0"], cwd=tmp_path, env=environment, stdout=output, stderr=output
            )
        running.append(process)

        def ask(path: str) -> urllib3.BaseHTTPResponse:
            wait_for(lambda: "Health at" in said.read_text() or process.poll() is not None)
            found = re.search(r"Health at (\S+)", said.read_text())
            assert found, said.read_text()
            return urllib3.request("GET", found[1] + path, timeout=10, retries=False)

        return process, ask

    begin.store = lambda: connect_store(served.address("writer"))  # type: ignore[attr-defined]
    yield begin
    for one in running:
        one.kill()
        one.wait(30)


@pytest.mark.slow
def test_of_two_processes_one_notifies_and_the_other_takes_over(
    run: Any, receiver: Any, tmp_path: Path, fold: Fold, failed: Callable[..., Event]
) -> None:
    """After the leader is killed the other leads within the lease, and each incident is sent once."""
    file = tmp_path / "alerts.yaml"
    file.write_text(
        "rules: [{id: pay, kind: threshold, title: Pay, events: payment.failed, by: source, customers: 3, "
        "within: 2m, wait: 0s}]\n"
        f"channels: {{hook: {{kind: webhook, url: '{receiver.url}'}}}}\n"
    )
    with run.store() as store:
        both = [run(file), run(file)]
        for _, ask in both:
            wait_for(lambda: ask("/readyz").status == 200)  # noqa: B023
        # The leader first.
        both.sort(key=_leads, reverse=True)
        assert [_leads(process) for process in both] == [True, False]
        (first, _), (second, _) = both

        now = int(time.time() * 1000)
        portions = [
            [failed(f"c{number}", now, source=source) for number in range(3)] for source in ("web", "app")
        ]
        folding = fold(store, portions, now)
        next(folding)
        wait_for(lambda: len(receiver.got) == 1)
        # A process that is killed before it has recorded a delivery leaves the next one to repeat it.
        wait_for(lambda: [row.told for row in outbox_rows(query_of(store))] == ["firing"])

        first.kill()
        killed_at = time.monotonic()
        next(folding)
        wait_for(lambda: _leads(both[1]))
        assert time.monotonic() - killed_at < LEASE_SECONDS + 2 * RENEW_SECONDS + 5
        wait_for(lambda: len(receiver.got) == 2)
    sent = [(body["status"], body["labels"]["source"], body["customers"]) for body in receiver.bodies]
    assert sent == [("firing", "web", 3), ("firing", "app", 3)]
    second.terminate()
    assert second.wait(30) == 0


def _leads(process: Process) -> bool:
    return "touchline_alerts_on_duty 1.0" in process[1]("/metrics").data.decode()
