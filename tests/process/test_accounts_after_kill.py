"""kill -9 of a producer and of the server: the account adds up, or names what is missing."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

PRODUCER = """
import sys
from touchline.sdk import Limits, Touchline
limits = Limits(queue_events=400, batch_events=50, batch_seconds=0.02, retry_least=0.02, retry_most=0.1)
tl = Touchline(sys.argv[1], source="shop", limits=limits)
number = 0
for line in sys.stdin:
    for _ in range(int(line)):
        number += 1
        tl.track("identity.linked", {"account": f"u-{number % 7}"})
    tl.flush(0.05)
    print(number, flush=True)
tl.close(30)
stats = tl.stats
print(stats.emitted, stats.accepted, sum(stats.lost.values()), flush=True)
"""


class Producer:
    """A program with the SDK that tracks events on command."""

    def __init__(self, url: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", PRODUCER, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tracks(self, count: int) -> None:
        """Let it track so many events; it has done so when this returns."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{count}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline()

    def ends(self) -> tuple[int, int, int]:
        """Let it end in order; what it emitted, what was accepted, what it lost."""
        out, _ = self.process.communicate(timeout=60)
        emitted, accepted, lost = map(int, out.split()[-3:])
        return emitted, accepted, lost

    def dies(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.communicate(timeout=30)


@pytest.fixture
def producer() -> Iterator[Callable[[str], Producer]]:
    """Starts producers; they are dead after the test."""
    with ExitStack() as ends:

        def begin(url: str) -> Producer:
            one = Producer(url)
            ends.enter_context(one.process)
            ends.callback(one.process.kill)
            return one

        yield begin


def _account(running: Any, *options: str) -> tuple[int, dict[str, Any]]:
    said = subprocess.run(
        [sys.executable, "-m", "touchline.cli", "accounts", "--data", str(running.data), "--json", *options],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert said.stdout, said.stderr
    found = json.loads(said.stdout)
    (local,) = found["producers"] or [{}]
    return said.returncode, {**local, "at_rest": found["at_rest"]}


@pytest.mark.slow
def test_the_account_adds_up_after_kills(
    start: Callable[..., Any], wait_for: Callable[..., Any], producer: Callable[[str], Producer]
) -> None:
    """A killed server costs nothing that its producer does not report; a killed producer's gap is named."""
    running = start("up").ready()
    url = running.server.url
    doomed, steady = producer(url), producer(url)
    for _ in range(3):
        doomed.tracks(40)
        steady.tracks(60)
    running.process.kill()
    running.process.wait(30)
    # The server is away: batches wait, are tried again, and what the queue cannot hold is dropped.
    steady.tracks(700)
    running = start("up", port=url.rpartition(":")[2]).ready()
    # Of the killed one the last batch says that others wait behind it.
    doomed.tracks(250)
    doomed.dies()
    steady.tracks(20)
    emitted, accepted, lost = steady.ends()
    assert lost > 0, "nothing was dropped: the queue was never full"

    def rested() -> dict[str, Any] | None:
        code, found = _account(running)
        return found if code == 0 and found["at_rest"] else None

    found = wait_for(rested)
    assert found["clients"] == 2
    waited = found["in_flight"]["memory"]
    assert found["in_flight"]["log"] == 0
    assert found["dropped"] == {"queue_full": lost}
    # Of the killed producer what it had said by then is known.
    assert found["emitted"] == emitted + (found["stored"] - accepted) + waited
    assert found["emitted"] == found["stored"] + found["quarantined"] + found["duplicate"] + lost + waited
    (row,) = running.rows("SELECT uniqExact(id) AS n, count() AS all FROM events")
    assert [int(row["n"]), int(row["all"])] == [found["stored"]] * 2

    code, later = _account(running, "--silent", "1s")
    assert (code, later["unexplained"]) == ((1, waited) if waited else (0, 0))
    assert [one["kind"] for one in later["findings"]] == (["memory"] if waited else [])
