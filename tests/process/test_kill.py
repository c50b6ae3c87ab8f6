"""kill -9 at any moment, again and again: nothing accepted is lost or doubled, and the results hold."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest
import urllib3

from touchline.analysis.replay import replay
from touchline.collector.acceptance import accept_each
from touchline.config.rule_packs import load_rules
from touchline.engine.worker import Worker
from touchline.log.contract import Batch
from touchline.log.sqlite import SqliteLog
from touchline.simulation import Retailer
from touchline.store import Store, open_store
from touchline.store.server_file import find_server

NOW = 1_795_000_000_000
DAY = 86_400_000


WORKER = """
import sys
from pathlib import Path
from touchline.config.rule_packs import load_rules
from touchline.log.sqlite import SqliteLog
from touchline.store import open_store
from touchline.engine.worker import Worker

data, now = Path(sys.argv[1]), int(sys.argv[2])
log = SqliteLog(data / "log.sqlite")
with open_store(data / "store") as store:
    worker = Worker(log, store, load_rules())
    print("begun", flush=True)
    while records := worker.read()[:2]:
        worker.flush(records, now)
    while worker.flush([], now):
        pass
print("done", flush=True)
"""


@pytest.fixture
def killed() -> Iterator[Callable[[subprocess.Popen[str]], None]]:
    """Kills a process with no chance to tidy up; what a test leaves running is killed at its end."""
    running: list[subprocess.Popen[str]] = []

    def kill(process: subprocess.Popen[str]) -> None:
        running.append(process)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=20)

    yield kill
    for process in running:
        process.kill()


def _envelopes(seed: int) -> list[bytes]:
    retailer = Retailer(seed, NOW, history=4 * DAY, rate=0.02)
    return [orjson.dumps(touchpoint.envelope()) for touchpoint in retailer.until(NOW)]


def _assert_offline(store: Store, now: int) -> None:
    """The tables hold exactly what a replay of the stored events gives at `now`."""
    (rows,) = store.query("SELECT count(), uniqExact(id) FROM events").result_rows
    assert rows[0] == rows[1], "an event is stored twice"
    events = store.events_of(sorted({identifier for identifier, _ in store.identities()}))
    result = replay(events, load_rules(), now)
    signals = store.query(
        "SELECT id, rule, anchor, customer, toUnixTimestamp64Milli(opened_at) AS opened,"
        " toUnixTimestamp64Milli(resolved_at) AS resolved, evidence FROM current_frictions"
    ).result_rows
    journeys = store.query(
        "SELECT id, customer, first, toUnixTimestamp64Milli(start) AS started,"
        " toUnixTimestamp64Milli(last) AS ended, events, path, strikes FROM current_journeys"
    ).result_rows

    def number(value: object) -> object:
        return int(value) if isinstance(value, str) and value.isdigit() else value

    assert {orjson.dumps([*row[:3], str(row[3]), *map(number, row[4:])]) for row in signals} == {
        orjson.dumps(
            [one[k] for k in ("id", "rule", "anchor", "customer", "opened_at", "resolved_at", "evidence")]
        )
        for one in result["signals"]
    }
    assert {orjson.dumps([*row[:3], *map(number, row[3:6]), *row[6:]]) for row in journeys} == {
        orjson.dumps(
            [one[k] for k in ("id", "customer", "first", "start", "last", "events", "path", "strikes")]
        )
        for one in result["journeys"]
    }
    owner = dict(store.query("SELECT entity, customer FROM current_identities").result_rows)
    assert {event.id: owner[event.entity] for event in events} == result["customers"]


@pytest.mark.slow
def test_a_worker_killed_many_times_ends_with_the_offline_result(
    tmp_path: Path, killed: Callable[[subprocess.Popen[str]], None]
) -> None:
    """Whatever step of a flush a worker is killed in, the next one makes it good."""
    raws = _envelopes(3)
    log = SqliteLog(tmp_path / "log.sqlite")
    for start in range(0, len(raws), 100):
        batch = accept_each(raws[start : start + 100], received_at_ms=NOW, producer="t").batch
        log.append(Batch(batch.touchpoints, [], NOW))
    log.close()
    chance, longest = random.Random(7), 0.4
    for _ in range(12):
        process = subprocess.Popen(
            [sys.executable, "-c", WORKER, str(tmp_path), str(NOW)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        time.sleep(chance.uniform(0.0, longest))
        killed(process)
        log = SqliteLog(tmp_path / "log.sqlite")
        if not log.committed():  # a slow machine: without a commit, nothing would be tried
            longest *= 2
        log.close()

    log = SqliteLog(tmp_path / "log.sqlite")
    with open_store(tmp_path / "store") as store:
        assert log.committed() > 0, "every kill came before the first commit: nothing was tried"
        worker = Worker(log, store, load_rules())
        while worker.flush(worker.read(), NOW):
            pass
        _assert_offline(store, NOW)
        assert len(store.stored_ids([orjson.loads(raw)["id"] for raw in raws])) == len(raws)
    log.close()


def _up(data: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "touchline.cli", "up", "--data", str(data), "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )


def _post(address: str, raws: list[bytes]) -> list[str]:
    """The ids that a collector says it keeps; none where it does not answer."""
    try:
        answer = urllib3.request(
            "POST", f"{address}/v1/events", body=b"\n".join(raws), timeout=10, retries=False
        )
    except urllib3.exceptions.HTTPError:
        return []
    if answer.status != 200:
        return []
    results = orjson.loads(answer.data)["results"]
    assert {one["status"] for one in results} <= {"stored", "duplicate"}
    return [one["id"] for one in results]


@pytest.mark.slow
def test_what_a_killed_server_accepted_is_stored_once(
    tmp_path: Path, killed: Callable[[subprocess.Popen[str]], None], wait_for: Callable[..., Any]
) -> None:
    """Events posted while the whole process is killed again and again: acked ids are stored, each once."""
    raws = _envelopes(5)
    portions = [raws[start : start + 200] for start in range(0, len(raws), 200)]
    chance = random.Random(11)
    acked: set[str] = set()
    for life in range(5):
        process = _up(tmp_path)
        server = wait_for(lambda: find_server(tmp_path))
        doomed_at = time.monotonic() + chance.uniform(0.1, 1.0)
        while portions and (time.monotonic() < doomed_at or life == 4):
            answered = _post(server.url, portions[0])
            acked.update(answered)
            if answered:
                portions.pop(0)
                # What was sent once may come again: the producer may not have heard the answer.
                _post(server.url, raws[: chance.randint(1, 50)])
        if life < 4:
            killed(process)
            assert find_server(tmp_path) is None
        else:
            wait_for(partial(_all_stored, server.url, tmp_path, len(acked)))
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=30)
            assert process.returncode == 0
    assert acked == {orjson.loads(raw)["id"] for raw in raws}

    now = int(time.time() * 1000)
    log = SqliteLog(tmp_path / "log.sqlite")
    assert log.committed() == log.end()
    with open_store(tmp_path / "store") as store:
        worker = Worker(log, store, load_rules())
        while worker.flush([], now):
            pass
        _assert_offline(store, now)
        assert set(store.stored_ids(sorted(acked))) == acked
    log.close()


def _all_stored(address: str, data: Path, count: int) -> bool:
    token = (data / "token").read_text().strip()
    answer = urllib3.request(
        "POST",
        f"{address}/clickhouse/",
        body=b"SELECT uniqExact(id) FROM events FORMAT TSV",
        headers={"X-ClickHouse-Key": token},
        timeout=10,
    )
    return int(answer.data) >= count
