"""`touchline accounts`, on a folder and on one that a server has open."""

import json
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from touchline.cli.main import app
from touchline.collector.acceptance import accept
from touchline.collector.accounts import ClientCounters, with_account
from touchline.collector.dialects.dialect import Received
from touchline.config.rule_packs import load_rules
from touchline.engine.worker import Worker
from touchline.log.sqlite import SqliteLog
from touchline.store import open_store

Folder = Callable[[Path], Path]

HOUR = 3_600_000

Leave = Callable[..., None]


def _events(*ids: str) -> bytes:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 7_200))
    return b"\n".join(
        json.dumps(
            {
                "id": one,
                "type": "identity.linked" if one != "bad" else "no.such",
                "time": at,
                "channel": "web",
                "source": "shop",
                "identifiers": {"account": "u-1"},
            }
        ).encode()
        for one in ids
    )


@pytest.fixture
def leave(tmp_path: Path, with_store: Folder) -> Leave:
    """Leaves requests of `shop` in the log, and has a worker take in the first `worked` records."""
    with_store(tmp_path)

    def put(
        requests: Sequence[tuple[bytes, ClientCounters | None]], at: int, worked: int | None = None
    ) -> None:
        with closing(SqliteLog(tmp_path / "log.sqlite")) as log:
            for body, counters in requests:
                acceptance = accept(Received(body, at, "shop"))
                log.append(with_account(acceptance, "shop", counters))
            with open_store(tmp_path / "store") as store:
                worker = Worker(log, store, load_rules())
                if records := worker.read()[:worked]:
                    worker.flush(records)

    return put


def _ask(data: Path, *options: str) -> tuple[int, dict[str, Any]]:
    result = CliRunner().invoke(app, ["accounts", "--data", str(data), "--json", *options])
    return result.exit_code, json.loads(result.stdout)


def _now() -> int:
    return int(time.time() * 1000)


def test_what_adds_up_is_shown_and_succeeds(tmp_path: Path, leave: Leave) -> None:
    """Stored, duplicate and quarantined events, drops and a repeated batch: all explained, exit code 0."""
    first = (_events("a", "b", "bad"), ClientCounters("c-1", 1, 0, 5, 4, {"queue_full": 1}))
    leave(
        [
            first,
            first,
            (_events("a"), ClientCounters("c-1", 2, 3, 5, 4, {"queue_full": 1})),
            (_events("z"), None),
        ],
        _now(),
    )
    code, said = _ask(tmp_path)
    (shop,) = said["producers"]
    assert (code, said["at_rest"]) == (0, True)
    assert shop.pop("heard_at") <= said["at"]
    assert shop == {
        "producer": "shop",
        "clients": 1,
        "emitted": 6,
        "stored": 3,
        "duplicate": 1,
        "conflicting": 0,
        "quarantined": 1,
        "suppressed": 0,
        "dropped": {"queue_full": 1},
        "in_flight": {"memory": 0, "log": 0},
        "unexplained": 0,
        "resent": 2,
        "findings": [],
    }


def test_a_gap_is_named_and_fails(tmp_path: Path, leave: Leave) -> None:
    """Events that never came, and those a silent client held, are named by client and batch: exit code 1."""
    counters = [ClientCounters("c-1", 1, 0, 9, 9), ClientCounters("c-1", 4, 3, 12, 12)]
    leave([(_events("a"), counters[0]), (_events("b"), counters[1])], _now() - HOUR)
    code, said = _ask(tmp_path)
    assert code == 1
    (shop,) = said["producers"]
    assert (shop["emitted"], shop["stored"], shop["unexplained"]) == (12, 2, 10)
    assert [(one["kind"], one["client"], one["events"]) for one in shop["findings"]] == [
        ("missing", "c-1", 2),
        ("memory", "c-1", 8),
    ]
    assert "between batch 1 and batch 4" in shop["findings"][0]["text"]
    code, said = _ask(tmp_path, "--silent", "2h")
    assert (code, said["producers"][0]["in_flight"]["memory"]) == (1, 8)
    shown = CliRunner().invoke(app, ["accounts", "--data", str(tmp_path)])
    assert shown.exit_code == 1
    assert "client c-1: 2 events never arrived" in shown.stdout


def test_used_ids_are_named_and_do_not_fail(tmp_path: Path, leave: Leave) -> None:
    """Duplicates with other content, in one request or several, are counted apart; the sum still holds."""
    other = _events("a").replace(b"u-1", b"u-2")
    leave([(_events("a", "a") + b"\n" + other, None), (other, None)], _now())
    code, said = _ask(tmp_path)
    (shop,) = said["producers"]
    assert (code, shop["emitted"], shop["stored"], shop["duplicate"], shop["conflicting"]) == (0, 4, 1, 3, 2)
    shown = CliRunner().invoke(app, ["accounts", "--data", str(tmp_path)])
    assert "shop: 2 duplicates with other content than the first event" in shown.stdout


def test_what_waits_in_the_log_is_in_flight(tmp_path: Path, leave: Leave) -> None:
    """A record that the worker has not read yet is no gap."""
    leave([(_events("a", "b"), ClientCounters("c-1", 1, 0, 2, 2))], _now(), worked=1)
    code, said = _ask(tmp_path)
    (shop,) = said["producers"]
    assert (code, said["at_rest"]) == (0, False)
    assert (shop["emitted"], shop["stored"], shop["in_flight"]["log"]) == (2, 0, 2)


def test_producers_that_were_not_heard_of_can_be_left_out(tmp_path: Path, leave: Leave) -> None:
    """--since leaves out who was silent since; nothing is left to fail about."""
    leave([(_events("a"), ClientCounters("c-1", 1, 0, 9, 9))], _now() - HOUR)
    assert _ask(tmp_path)[0] == 1
    code, said = _ask(tmp_path, "--since", "10m")
    assert (code, said["producers"]) == (0, [])


@pytest.mark.parametrize("options", [["--silent", "soon"], ["--since", "soon"]])
def test_a_time_that_is_none_is_refused(tmp_path: Path, options: list[str]) -> None:
    """A span that cannot be read is a mistake of usage."""
    assert CliRunner().invoke(app, ["accounts", "--data", str(tmp_path), *options]).exit_code == 2
