"""A customer who is forgotten while the process runs leaves nothing in its files."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.cli.test_forgotten_files import IDENTIFIERS, SECRET, event, events, traces
from touchline.sdk import Touchline


@pytest.mark.slow
def test_nothing_is_left_while_the_process_runs(
    start: Callable[..., Any], wait_for: Callable[..., Any]
) -> None:
    """Events came over HTTP and through the inbox; afterwards the process goes on, and stops as usual."""
    up = start("up").ready()
    for _ in range(3):
        assert up.post(events(), **{"Content-Type": "application/x-ndjson"})[0] == 200
    with Touchline(f"embedded://{up.data}", source="shop") as client:
        for _ in range(50):
            client.track("page.viewed", IDENTIFIERS, channel="web", page="/")
    wait_for(lambda: len(up.rows("SELECT id FROM events")) == 310)
    forget = ["customer", "forget", f"account:{IDENTIFIERS['account']}", "--yes", "--data", str(up.data)]
    done = subprocess.run(
        [sys.executable, "-m", "touchline.cli", *forget],
        capture_output=True,
        check=False,
        timeout=60,
        env=os.environ,
    )
    assert done.returncode == 0, done.stderr
    wait_for(lambda: traces(up.data) == [])
    assert up.post(event(900, {"account": "u-new"}))[0] == 200
    wait_for(lambda: up.rows("SELECT id FROM events WHERE id = 'e-900'"))
    assert up.ask("GET", "/readyz").status == 200
    assert SECRET not in json.dumps(up.rows("SELECT * FROM system.mutations"))
    assert up.end() == 0
    assert traces(up.data) == []
