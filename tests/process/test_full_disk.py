"""A data folder on a full disk, and one that cannot be written: one line says so."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.test_forgotten_files import event

SERVERS = (("up", "--port", "0"), ("store", "--port", "0"), ("demo", "--port", "0"))


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 100 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not mount("-t", "tmpfs", "-o", "size=100m", "tmpfs", str(folder)):
        pytest.skip("this user may not mount file systems")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def mount(*options: str) -> bool:
    """Whether a mount succeeds."""
    try:
        return subprocess.run(["mount", *options], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def fill(disk: Path) -> Path:
    """Fill a disk with a file."""
    path = disk / "fill"
    with path.open("wb") as file:
        try:
            while True:
                file.write(bytes(1 << 16))
                file.flush()
        except OSError:
            pass
    return path


def run(data: Path, *command: str) -> tuple[int, str]:
    """Exit code and last line on standard error of a command on a data folder."""
    done = subprocess.run(
        [sys.executable, "-m", "touchline.cli", *command, "--data", str(data)],
        cwd=data.parent.parent,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, (done.stderr.strip().splitlines() or [""])[-1]


@pytest.mark.slow
def test_a_full_disk_is_refused_at_the_start(disk: Path) -> None:
    """No process begins on a full disk or leaves an incomplete store; with space, all works."""
    full = fill(disk)
    for command in SERVERS:
        code, line = run(disk / "data", *command)
        assert (code, "free space" in line) == (1, True), line
    code, line = run(disk / "data", "keys", "create", "shop")
    assert (code, "No space left" in line) == (1, True), line
    (disk.parent / "events.jsonl").write_bytes(event(1, {"account": "u-1"}) + b"\n")
    code, line = run(disk / "data", "import", "events.jsonl")
    assert (code, "space" in line) == (1, True), line
    full.unlink()
    assert run(disk / "data", "import", "events.jsonl")[0] == 0
    fill(disk)
    assert run(disk / "data", "query", "SELECT 1")[0] == 0
    code, line = run(disk / "data", "up", "--port", "0")
    assert (code, "free space" in line) == (1, True), line


@pytest.mark.slow
def test_a_read_only_folder_is_refused_at_the_start(disk: Path) -> None:
    """Every command names the folder or the file that cannot be written."""
    (disk.parent / "events.jsonl").write_bytes(event(1, {"account": "u-1"}) + b"\n")
    assert run(disk / "data", "import", "events.jsonl")[0] == 0
    assert mount("-o", "remount,ro", str(disk))
    others = (("keys", "create", "shop"), ("query", "SELECT 1"), ("accounts",), ("import", "events.jsonl"))
    for command in (*SERVERS, *others):
        code, line = run(disk / "data", *command)
        assert (code, str(disk) in line) == (1, True), (command, line)
