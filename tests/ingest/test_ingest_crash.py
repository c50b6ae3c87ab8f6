"""A topic is stored exactly once, however often its reader is killed.

`TOUCHLINE_TEST_INGEST` sets the number of records and of kills, such as `1000000x10`.
"""

import json
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from touchline.config.settings import load_settings
from touchline.config.validator_in_force import load_validator
from touchline.devbroker.broker import Broker
from touchline.friction import RuleSet
from touchline.services.importing.history import open_history
from touchline.store.answers import parse_answer

RECORDS, KILLS = map(int, os.environ.get("TOUCHLINE_TEST_INGEST", "20000x3").split("x"))
POISON_EVERY = 1_000
LIMIT = 300 + RECORDS / 200

MAPPING = """
events:
  - type: page.viewed
    time: {column: at, format: unix_ms}
    channel: {value: web}
    identifiers: {account: customer}
    data: {page: page}
"""


def messages() -> Any:
    for number in range(RECORDS):
        if number % POISON_EVERY == 7:
            yield b"{broken"
        else:
            content = {
                "at": 1_795_255_200_000 + number,
                "customer": f"u-{number % 5_000}",
                "page": f"/{number}",
            }
            yield json.dumps(content).encode()


def log_end(data: Path) -> int:
    """The number of records in the log."""
    if not (data / "log.sqlite").exists():
        return 0
    log = sqlite3.connect(data / "log.sqlite", timeout=30)
    try:
        found = log.execute('SELECT max("offset") FROM records').fetchone()[0]
    except sqlite3.OperationalError:
        # Its tables are not made yet.
        found = None
    log.close()
    return found or 0


@pytest.mark.slow
def test_a_topic_whose_reader_is_killed_again_and_again_is_stored_once(
    produce: Callable[..., None], kafka: Broker, topic: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each record is one event or one entry of quarantine, and the accounts say the same."""
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "data"
    (tmp_path / "pages.yaml").write_text(MAPPING)
    produce(topic, messages())
    command = [
        *(sys.executable, "-m", "touchline.cli", "ingest", f"kafka://{kafka.bootstrap}/{topic}"),
        *("--map", "pages.yaml", "--data", str(data), "--once", "--json"),
    ]
    chance = random.Random(RECORDS)
    # A batch has at most 2,000 records, and two lines or three in the log.
    batches = max(1, RECORDS // 2_000 // (KILLS + 2))
    said = tmp_path / "said"
    for _ in range(KILLS):
        end = log_end(data) + 2 * chance.randint(1, batches)
        with said.open("ab") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output)
        give_up_at = time.monotonic() + LIMIT
        while process.poll() is None and log_end(data) < end:
            assert time.monotonic() < give_up_at, said.read_text()
            time.sleep(0.02)
        time.sleep(chance.random() * 0.2)
        process.kill()
        process.wait(10)
    done = subprocess.run(command, capture_output=True, timeout=LIMIT, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["finished"]
    assert report["records"] < RECORDS

    poison = len(range(7, RECORDS, POISON_EVERY))
    settings = load_settings(data=data)
    with open_history(settings, RuleSet([]), load_validator(settings)) as history:

        def ask(sql: str) -> list[int]:
            row = parse_answer(history.reader.reply(sql, "JSONCompact").body).result_rows[0]
            return [int(value) for value in row]

        assert (
            ask("SELECT count(), uniqExact(id), uniqExact(JSONExtractString(data, 'page')) FROM events")
            == [RECORDS - poison] * 3
        )
        assert ask("SELECT count() FROM quarantine FINAL") == [poison]
        [received, stored, duplicates, quarantined] = ask(
            "SELECT sum(events), sum(stored), sum(duplicates), sum(quarantined) FROM accounts FINAL"
        )
    assert stored == RECORDS - poison
    assert received == stored + duplicates + quarantined
