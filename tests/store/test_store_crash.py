"""What is left of the store when its process dies, or its disk is full."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from touchline.store import StoreUnavailable, open_store

WRITER = """
import itertools, sys
from touchline.store import open_store
store = open_store(sys.argv[1])
for number in itertools.count(int(sys.argv[2])):
    ids = [f"{number}-{each}" for each in range(200)]
    rows = {"id": ids, "entity": ids, "time": [number] * 200, "log_offset": [number] * 200}
    store.insert("events", rows, f"batch-{number}")
    print(number, flush=True)
"""

FULL_DISK = """
import resource, sys
from touchline.store import StoreUnavailable, open_store
store = open_store(sys.argv[1])
ids = [f"{number:010}" for number in range(20_000)]
rows = {"id": ids, "entity": ids, "data": [f'{{"a": "{hash(one)}"}}' for one in ids]}
store.insert("events", {"id": ["before"], "entity": ["x"]}, "before")
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.RLIM_INFINITY))
try:
    store.insert("events", rows, "t")
except StoreUnavailable as error:
    print("refused")
print(store.query("SELECT count() FROM events").result_rows[0][0])
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
store.insert("events", rows, "t")
print(store.query("SELECT count() FROM events").result_rows[0][0])
"""


@pytest.mark.slow
def test_a_killed_writer_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """After `kill -9` all acknowledged inserts are there, whole and once, also those repeated."""
    acknowledged = 0
    for _ in range(3):
        # The batch that was last acknowledged comes again, as after a crash before the log's commit.
        command = [sys.executable, "-c", WRITER, str(tmp_path), str(max(1, acknowledged))]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            for line in writer.stdout:
                acknowledged = int(line)
                if acknowledged % 7 == 0:
                    writer.send_signal(signal.SIGKILL)
                    break
            acknowledged = max([acknowledged, *map(int, writer.stdout)])
        assert writer.returncode == -signal.SIGKILL
        with open_store(tmp_path) as store:
            answer = store.query(
                "SELECT log_offset, count() FROM events GROUP BY log_offset ORDER BY log_offset"
            )
        assert [row[1] for row in answer.result_rows] == [200] * len(answer.result_rows)
        offsets = [row[0] for row in answer.result_rows]
        assert offsets in ([*range(1, acknowledged + 1)], [*range(1, acknowledged + 2)])


def test_a_full_disk_is_an_error_that_passes(tmp_path: Path) -> None:
    """An insert that finds no room says so, leaves nothing, and succeeds once there is room."""
    said = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)], capture_output=True, text=True, timeout=60
    )
    assert said.stdout.split() == ["refused", "1", "20001"], said.stderr


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=60m", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        pytest.skip("this user may not mount file systems")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("room", [50_000, 1_000_000])
def test_an_insert_that_the_engine_has_no_room_for_is_refused(disk: Path, room: int) -> None:
    """No insert is reported as stored while the disk is full, and the repeated one is stored once."""
    ids = [f"{number:010}" for number in range(20_000)]
    rows = {"id": ids, "entity": ids}
    with open_store(disk / "store") as store:
        filling = disk / "filling"
        free = os.statvfs(disk)
        filling.write_bytes(bytes(free.f_bavail * free.f_frsize - room))
        with pytest.raises(StoreUnavailable):
            store.insert("events", rows, "t")
        filling.unlink()
        for _ in range(2):
            store.insert("events", rows, "t")
        assert store.query("SELECT count() FROM events").result_rows == [[20_000]]
