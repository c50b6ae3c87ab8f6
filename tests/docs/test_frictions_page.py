"""The program of docs/connect/frictions.md, run as it is written."""

import json
import os
import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import urllib3

from tests.docs.test_readme_example import ROOT, up

__all__ = ["up"]

LIMIT = 60.0


@pytest.mark.slow
def test_the_program_offers_a_call_back(up: tuple[Path, str]) -> None:
    """It prints whom to call once payments fail again."""
    _, url = up
    page = (ROOT / "docs" / "connect" / "frictions.md").read_text(encoding="utf-8")
    block = re.search(r"```python\n(.+?)```", page, re.DOTALL)
    assert block is not None
    environment = {**os.environ, "TOUCHLINE_URL": url}
    with subprocess.Popen(
        [sys.executable, "-c", block[1]], env=environment, stdout=subprocess.PIPE, text=True
    ) as program:
        try:
            # It hears of what happens from its start on.
            give_up_at = time.monotonic() + LIMIT
            for number in range(1_000):
                _fail(url, f"u-{number}")
                os.set_blocking(program.stdout.fileno(), False)  # type: ignore[union-attr]
                time.sleep(0.5)
                if line := program.stdout.readline():  # type: ignore[union-attr]
                    break
                assert time.monotonic() < give_up_at
        finally:
            program.kill()
    assert re.fullmatch(r"offer a call back to account:u-\d+\n", line)


def _fail(url: str, account: str) -> None:
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    event = {"type": "payment.failed", "time": at, "channel": "web", "source": "shop"}
    events = [
        {
            **event,
            "id": f"{account}-{number}",
            "identifiers": {"account": account},
            "data": {"reason": "declined", "order_id": "o-1"},
        }
        for number in range(3)
    ]
    answer = urllib3.request("POST", f"{url}/v1/events", body=json.dumps(events).encode(), timeout=10)
    assert answer.status == 200, answer.data
