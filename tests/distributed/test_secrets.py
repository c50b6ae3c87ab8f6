"""What other users of a machine can read about the processes."""

from pathlib import Path
from typing import Any

import pytest


def _arguments() -> dict[int, str]:
    """The command lines of all processes, by process id."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            found[int(process.name)] = (process / "cmdline").read_text(errors="replace")
        except OSError:
            continue
    return found


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc")
def test_no_command_line_holds_a_password(deployment: Any, wait_for: Any) -> None:
    """A supervisor passes passwords to the processes that it starts by the environment alone."""
    secrets = {deployment.environment["TOUCHLINE_STORE_PASSWORD"], "t0p-s3cret-of-pushes"}
    deployment.environment["TOUCHLINE_GRAFANA_TOKEN"] = "t0p-s3cret-of-pushes"
    deployment.start("supervisor", "worker", "--processes", "2")
    wait_for(lambda: deployment.output("supervisor").count("is up") == 3)
    lines = _arguments()
    assert sum("touchline.cli" in line and "\0worker" in line for line in lines.values()) >= 3
    assert not [pid for pid, line in lines.items() if any(secret in line for secret in secrets)]
    assert not any(secret in deployment.output("supervisor") for secret in secrets)
