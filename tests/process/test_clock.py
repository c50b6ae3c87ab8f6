"""A clock that is set back and forth while the process runs."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

DAY = 86_400

PROGRAM = """
import sys, time
from pathlib import Path
changed, real = Path(sys.argv[1]), time.time
time.time = lambda: real() + float(changed.read_text())
# What follows is the interpreter and its `-m touchline.cli`.
sys.argv[1:] = sys.argv[5:]
from touchline.cli.main import run
run()
"""

RULES = "rules: [{id: late, kind: expect, after: contact.queued, then: contact.answered, within: 1h}]"


def _event(number: int, seconds: float) -> dict[str, Any]:
    return {
        "id": f"e-{number}",
        "type": "contact.queued",
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds)),
        "channel": "phone",
        "source": "pbx",
        "identifiers": {"account": f"u-{number}"},
        "data": {"contact_id": str(number)},
    }


@pytest.mark.slow
def test_a_changed_clock_loses_and_holds_up_nothing(
    start: Any, tmp_path: Path, wait_for: Callable[..., Any]
) -> None:
    """Whatever the clock, events are stored or refused with a reason, deadlines found, and the process ends.

    An event of the present is in the future of a clock that is behind, so it is in quarantine.
    """
    program, clock, rules = tmp_path / "program.py", tmp_path / "clock", tmp_path / "rules.yaml"
    program.write_text(PROGRAM)
    rules.write_text(RULES)

    def put(seconds: float) -> None:
        fresh = clock.with_suffix(".new")
        fresh.write_text(str(seconds))
        fresh.replace(clock)

    def count(table: str) -> int:
        return int(up.rows(f"SELECT count() AS n FROM {table}")[0]["n"])

    put(0)
    up = start("up", "--rules", str(rules), before=(sys.executable, str(program), str(clock))).ready()
    sent = stored = 0
    for behind in (0, -2 * DAY, 3 * DAY, -30 * DAY, 0.5, -1, 400 * DAY, 0):
        put(behind)
        for seconds in (behind, behind - 120):
            began = time.monotonic()
            status, answer = up.post(orjson.dumps(_event(sent, seconds)))
            assert (status, answer["results"][0]["status"]) == (200, "stored"), answer
            assert time.monotonic() - began < 20
            sent += 1
        stored = sent
        wait_for(lambda wanted=stored: count("events") == wanted)
        assert up.ask("GET", "/readyz").status == 200
    put(-2 * DAY)
    _, answer = up.post(orjson.dumps(_event(sent, 0)))
    assert answer["results"][0]["reason"] == "time_in_future"
    wait_for(lambda: count("quarantine") == 1)
    # All deadlines have passed by now, also those of the events that a clock far ahead gave.
    put(401 * DAY)
    wait_for(lambda: count("current_frictions") == stored)
    put(0)
    assert up.ask("GET", "/").status == 200
    assert count("events") == stored
    began = time.monotonic()
    assert up.end() == 0
    assert time.monotonic() - began < 15
    again = start("up", "--rules", str(rules)).ready()
    assert int(again.rows("SELECT count() AS n FROM events")[0]["n"]) == stored
