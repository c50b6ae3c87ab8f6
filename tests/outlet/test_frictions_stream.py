"""The stream of `touchline up`, read by a real client: cut off, resumed, restarted, killed."""

import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from tests.outlet.conftest import RULES, STREAM, Program, Shop, last_states
from tests.process.conftest import Running, Start
from touchline.identity import customer_id
from touchline.services.web.frictions_stream import MOST_CLIENTS

WaitFor = Callable[..., Any]


@pytest.mark.slow
def test_a_program_is_told_of_every_change_and_resumes_where_it_was_cut_off(
    start: Start, wait_for: WaitFor
) -> None:
    """Opened, changed, resolved and retracted come in order, and nothing is missing after a cut."""
    running = start("up", "--rules", str(RULES)).ready()
    shop = Shop(running)
    program = Program(running.server.url + STREAM)
    wait_for(lambda: program.listens)
    shop.send(("search.performed", "u-1", 9), ("search.performed", "u-1", 8))
    wait_for(lambda: program.kinds == ["opened"])
    shop.send(("search.performed", "u-1", 7))
    wait_for(lambda: program.kinds == ["opened", "changed"])
    program.close()
    # While nobody listens: missed, answered late, and answered in time after all.
    shop.send(("cart.updated", "u-2", 60), ("cart.updated", "u-3", 60))
    wait_for(lambda: len(running.rows("SELECT id FROM current_frictions")) == 3)
    shop.send(("order.placed", "u-2", 0), ("order.placed", "u-3", 59.5))
    wait_for(lambda: len(running.rows("SELECT id FROM current_frictions")) == 2)
    assert running.end() == 0
    running = start("up", "--rules", str(RULES)).ready()
    program = Program(running.server.url + STREAM, program.last)
    wait_for(lambda: len(program.events) == 4)
    by_customer = defaultdict(list)
    for event in program.events:
        by_customer[event["data"]["identifier"]].append(event)
    kinds = {name: [event["type"] for event in events] for name, events in by_customer.items()}
    assert kinds == {
        "account:u-2": ["touchline.friction.opened", "touchline.friction.resolved"],
        "account:u-3": ["touchline.friction.opened", "touchline.friction.retracted"],
    }
    resolved = by_customer["account:u-2"][1]
    assert resolved["specversion"] == "1.0"
    assert resolved["partitionkey"] == resolved["data"]["customer"] == str(customer_id("account:u-2"))
    assert resolved["data"]["status"] == "resolved"
    assert resolved["data"]["resolved_at"] > resolved["data"]["opened_at"]
    for events in by_customer.values():
        assert events[0]["sequence"] < events[1]["sequence"]
        assert events[0]["subject"] == events[1]["subject"]
    again = Program(running.server.url + STREAM + "?after=0")
    wait_for(lambda: len(again.events) == 6)
    assert again.kinds[:2] == ["opened", "changed"]
    one = Program(running.server.url + STREAM + "?after=0&rule=abandoned&customer=account:u-3")
    wait_for(lambda: one.kinds == ["opened", "retracted"])
    _forget(running, shop, wait_for)


def _forget(running: Any, shop: Shop, wait_for: WaitFor) -> None:
    """A forgotten customer's friction is retracted, and nothing says whose it was."""
    program = Program(running.server.url + STREAM)
    wait_for(lambda: program.listens)
    shop.send(("payment.failed", "u-4", 1))
    wait_for(lambda: program.kinds == ["opened"])
    command = ["customer", "forget", "account:u-4", "--data", str(running.data), "--yes"]
    done = subprocess.run([sys.executable, "-m", "touchline.cli", *command], capture_output=True, timeout=90)
    assert done.returncode == 0, done.stderr
    wait_for(lambda: program.kinds == ["opened", "retracted"])
    opened, retracted = program.events
    assert retracted["subject"] == opened["subject"]
    assert retracted["data"] == {"rule": "failed", "status": "retracted", "forgotten": True}
    assert "partitionkey" not in retracted
    named = f"SELECT id FROM friction_changes WHERE customer = '{customer_id('account:u-4')}'"
    assert running.rows(named) == []


@pytest.mark.slow
def test_no_change_is_lost_when_the_process_is_killed(start: Start, wait_for: WaitFor) -> None:
    """`kill -9` again and again while frictions come and go: the stream leads to what the store holds."""
    events: list[dict[str, Any]] = []
    last: str | None = "0"
    for turn in range(3):
        running = start("up", "--rules", str(RULES)).ready()
        shop = Shop(running)
        program = Program(running.server.url + STREAM, last)
        wait_for(lambda program=program: program.listens)
        for number in range(8):
            accounts = [f"k{turn}-{number}-{n}" for n in range(20)]
            shop.send(*(("cart.updated", account, 60) for account in accounts))
            shop.send(
                *(("order.placed", account, 59.5 if n % 2 else 0) for n, account in enumerate(accounts))
            )
            shop.send(*(("payment.failed", account, 1) for account in accounts))
        time.sleep(0.1 * turn)
        running.end(signal.SIGKILL)
        program.close()
        events += program.events
        last = program.last
    running = start("up", "--rules", str(RULES)).ready()
    wait_for(lambda: _processed(running))
    program = Program(running.server.url + STREAM, last)
    expected = {
        (row["rule"], row["identifier"]): row["status"]
        for row in running.rows(
            "SELECT rule, entity AS identifier, status FROM current_frictions AS f "
            "JOIN current_identities AS i ON i.customer = f.customer"
        )
    }
    assert len(expected) >= 3 * 8 * 20

    def known() -> bool:
        heard = events + program.events  # more may come meanwhile
        subjects = {e["subject"]: e["data"]["identifier"] for e in heard}
        return {
            (rule, subjects[subject]): status for subject, (rule, status) in last_states(heard).items()
        } == expected

    wait_for(known)
    by_id: dict[str, dict[str, Any]] = {}
    for event in events + program.events:
        assert by_id.setdefault(event["id"], event) == event


def _processed(running: Any) -> bool:
    rows = running.rows("SELECT count() AS events FROM events FINAL")
    time.sleep(1)
    return bool(rows == running.rows("SELECT count() AS events FROM events FINAL"))


@pytest.mark.slow
def test_the_stream_is_bounded(start: Start, wait_for: WaitFor) -> None:
    """Requests that make no sense get a reason, too many programs wait, and none delays the end."""
    running = start("up", "--rules", str(RULES)).ready()
    for query, code in (
        ("?after=yesterday", "unknown_position"),
        ("?customer=anna", "unknown_customer"),
        ("?rules=failed", "unknown_parameter"),
    ):
        answer = running.ask("GET", STREAM + query)
        assert (answer.status, answer.json()["error"]["code"]) == (400, code)
    for method in ("HEAD", "POST", "OPTIONS"):
        assert (answer := running.ask(method, STREAM)).status == 405
        assert answer.headers["Allow"] == "GET"
    programs = [Program(running.server.url + STREAM) for _ in range(MOST_CLIENTS)]
    wait_for(lambda: all(program.listens for program in programs))
    answer = running.ask("GET", STREAM)
    assert (answer.status, answer.json()["error"]["code"]) == (503, "too_many_streams")
    assert answer.headers["Retry-After"]
    programs[0].close()
    wait_for(lambda: _has_room(running))
    began = time.monotonic()
    assert running.end() == 0
    assert time.monotonic() - began < 9, "open streams do not delay the end"


def _has_room(running: Running) -> bool:
    answer = running.ask("GET", STREAM, preload_content=False)
    answer.close()
    return answer.status == 200
