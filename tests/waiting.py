"""Waiting for a condition, in tests of processes and threads."""

import asyncio
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def wait_for(condition: Callable[[], Any], seconds: float = 90) -> Any:
    """Wait until a condition returns something true, and return that; fail after `seconds`.

    It looks again after a tenth of the time so far, at most 0.3 s: what is waited for needs the processor.
    """
    began = time.monotonic()
    while not (found := condition()):
        waited = time.monotonic() - began
        assert waited < seconds, f"not within {seconds:.0f} s"
        time.sleep(min(0.3, max(0.01, waited / 10)))
    return found


def wait_for_url(process: "subprocess.Popen[Any]", output: Path, seconds: float = 90) -> str:
    """Wait until a process has written `is up: URL` to its output file, and return the URL."""

    def find() -> str | None:
        text = output.read_text()
        if found := re.search(r"is up: (https?://[^\s/;]+)", text):
            return found[1]
        assert process.poll() is None, text
        return None

    url: str = wait_for(find, seconds)
    return url


async def until(condition: Callable[[], bool], limit: float = 5.0) -> None:
    """Wait for a condition while other tasks run, at most `limit` seconds."""
    async with asyncio.timeout(limit):
        while not condition():
            await asyncio.sleep(0.005)
