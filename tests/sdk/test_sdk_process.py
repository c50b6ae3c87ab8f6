"""The SDK at the exit of its process, and across a fork."""

import json
import os
import subprocess
import sys
import threading
from typing import Any

import pytest


def run(script: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", script, *arguments],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout


FORK_WHILE_CONNECTING = """
import os, sys, time
from touchline.sdk import Limits, Touchline
tl = Touchline(sys.argv[1], source="shop", limits=Limits(batch_events=1, retry_least=0.05))
tl.track("page.viewed", {"account": "u"})
time.sleep(float(sys.argv[2]))
child = os.fork()
if child == 0:
    tl.track("page.viewed", {"account": "u"})
    tl.flush(2)
    os._exit(1 - tl.stats.accepted)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""

TRACK_AND_END = """
import sys
from touchline.sdk import Touchline
def work():
    tl = Touchline(sys.argv[1], source="shop")
    for number in range(150):
        tl.track("page.viewed", {"account": "u"}, number=number)
work()
"""


def test_what_was_tracked_is_sent_before_the_process_ends(collector: Any) -> None:
    """A process that exits without `close`, and without a reference to its client, sends its events."""
    run(TRACK_AND_END, collector.url)
    assert [event["data"]["number"] for event in collector.events] == list(range(150))


def test_the_end_of_a_process_waits_no_longer_than_its_limit(collector: Any) -> None:
    """If the collector never responds, the process exits within one limit for all clients together."""
    release = threading.Event()
    for _ in range(3):
        collector.will_hang(release)
    took = run(
        """
import atexit, sys, time
from touchline.sdk import Limits, Touchline
began = []
atexit.register(lambda: print(time.monotonic() - began[0]))
from touchline.sdk.lifetime import close_all
atexit.unregister(close_all)
atexit.register(close_all)
for _ in range(3):
    tl = Touchline(sys.argv[1], source="shop", limits=Limits(exit_seconds=0.3))
    tl.track("page.viewed", {"account": "u"})
began.append(time.monotonic())
""",
        collector.url,
    )
    assert 0.25 < float(took) < 2
    release.set()


def test_tracking_while_the_process_ends_raises_nothing(collector: Any) -> None:
    """A first or a later `track` during the interpreter's exit does not raise."""
    out = run(
        """
import atexit, json, sys
tl = None
def late():
    tl.track("page.viewed", {"account": "u"})
    tl.track("page.viewed", {"account": "u"})
    print(json.dumps(tl.stats.lost))
atexit.register(late)
from touchline.sdk import Touchline
tl = Touchline(sys.argv[1], source="shop")
atexit.register(lambda: tl.track("page.viewed", {"account": "u"}))
""",
        collector.url,
    )
    assert json.loads(out)["closed"] == 2
    assert len(collector.events) + json.loads(out).get("undelivered", 0) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_child_can_connect_if_its_parent_was_about_to(collector: Any) -> None:
    """A fork while the parent's thread connects for the first time leaves a child that can connect, too."""
    delays = ("0", "0.0002", "0.0004", "0.0006")
    assert [run(FORK_WHILE_CONNECTING, collector.url, delay).strip() for delay in delays] == ["0"] * 4


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.parametrize("place", ["http", "embedded"])
def test_a_forked_child_sends_its_own_events(collector: Any, tmp_path: Any, place: str) -> None:
    """After a fork the parent keeps its queue, the child starts empty, and no event is sent twice."""
    out = run(
        """
import os, sys
from touchline.sdk import Limits, Touchline
tl = Touchline(sys.argv[1], source="shop", limits=Limits(batch_seconds=30))
tl.track("page.viewed", {"account": "u"}, who="before")
assert tl.flush(5)
tl.track("page.viewed", {"account": "u"}, who="parent")
children = []
for number in range(3):
    child = os.fork()
    if child == 0:
        assert tl.stats.emitted == 0
        tl.track("page.viewed", {"account": "u"}, who=f"child {number}")
        sent = tl.flush(5)
        tl.track("page.viewed", {"account": "u"}, who=f"end of child {number}")
        sys.exit(0 if sent and tl.stats.accepted == 1 else 1)
    children.append(child)
for child in children:
    assert os.waitpid(child, 0)[1] == 0
tl.track("page.viewed", {"account": "u"}, who="after")
assert tl.flush(5)
print(tl.stats.accepted)
""",
        {"http": collector.url, "embedded": f"embedded://{tmp_path}/data"}[place],
    )
    assert out.strip() == "3"
    if place == "embedded":
        out = run(
            """
import sqlite3, sys
for (body,) in sqlite3.connect(sys.argv[1]).execute("SELECT body FROM batches"):
    print(body.decode(), end="")
""",
            f"{tmp_path}/data/inbox.sqlite",
        )
        events = [json.loads(line) for line in out.splitlines()]
    else:
        events = collector.events
        assert collector.connections == 4, "the parent's connection outlives its children"
    assert len({event["id"] for event in events}) == len(events)
    assert sorted(event["data"]["who"] for event in events) == sorted(
        ["before", "parent", "after"]
        + [f"child {number}" for number in range(3)]
        + [f"end of child {number}" for number in range(3)]
    )


def test_importing_the_sdk_is_light() -> None:
    """Importing the SDK loads no server code, and two packages only."""
    out = run(
        """
import sys
before = set(sys.modules)
import touchline.sdk
print(*sorted({name.split(".")[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)))
print(*sorted(name for name in sys.modules if name.startswith("touchline.") and "sdk" not in name))
"""
    )
    assert out.splitlines() == ["orjson touchline uuid_utils", ""]


def test_an_idle_client_does_not_wake_up() -> None:
    """A client without events does not poll."""
    out = run(
        """
import resource, threading
from touchline.sdk import Limits, Touchline
tl = Touchline("memory://", source="shop", limits=Limits(batch_seconds=0.001))
tl.track("page.viewed", {"account": "u"})
tl.flush(5)
threading.Event().wait(0.05)
before = resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw
threading.Event().wait(0.3)
print(resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw - before)
"""
    )
    assert int(out) < 20
