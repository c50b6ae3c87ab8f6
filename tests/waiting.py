"""Waiting for a condition, in tests of processes and threads."""

import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def wait_for(condition: Callable[[], Any], seconds: float = 90) -> Any:
    """Wait until a condition returns something true, and return that; fail after `seconds`."""
    give_up_at = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < give_up_at, f"not within {seconds:.0f} s"
        time.sleep(0.01)
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
