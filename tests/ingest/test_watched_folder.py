"""`touchline import --watch` imports each new file of a folder once."""

import gzip
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from touchline.config.folders import locked
from touchline.services.importing.watching import Arrivals

if TYPE_CHECKING:
    from typer.testing import Result

MAPPING = """
events:
  - type: page.viewed
    time: {column: at, zone: UTC}
    channel: {value: web}
    identifiers: {account: customer}
    data: {page: page}
"""
ROWS = "at,customer,page\n2026-11-21 10:00:00,u-1,/\n2026-11-21 10:00:01,u-2,/cart\n"


class Folder:
    """A folder, and what settled in it as of a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now = 0.0
        self.arrivals = Arrivals(path, 5.0, lambda: self.now)

    def settled(self, seconds: float) -> list[str]:
        """The names of the files to read after that many more seconds."""
        self.now += seconds
        return [path.name for path in self.arrivals.settled()]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_a_file_is_read_once_it_stayed_as_it_is(folder: Folder) -> None:
    """Each change begins the wait again."""
    file = folder.path / "a.csv"
    file.write_text("a")
    assert folder.settled(0) == []
    assert folder.settled(4) == []
    file.write_text("ab")
    assert folder.settled(2) == []
    assert folder.settled(4) == []
    assert folder.settled(1) == ["a.csv"]
    folder.arrivals.done(file)
    assert folder.settled(9) == []
    file.write_text("abc")
    assert folder.settled(1) == []
    assert folder.settled(5) == ["a.csv"]


def test_files_are_read_in_the_order_in_which_they_were_written(folder: Folder) -> None:
    """And by name where that is the same."""
    for name, written in (("c.csv", 1), ("b.csv", 2), ("a.csv", 2)):
        (folder.path / name).write_text("x")
        os.utime(folder.path / name, (written, written))
    folder.settled(0)
    assert folder.settled(5) == ["c.csv", "a.csv", "b.csv"]


@pytest.mark.parametrize("name", [".a.csv", "~a.csv", "a.csv.part", "a.txt", "a.gz", "csv", "a.csv.tmp"])
def test_other_files_are_left_alone(folder: Folder, name: str) -> None:
    """Those without the extension of a format, and those that a program has not finished."""
    (folder.path / name).write_text("x")
    (folder.path / "empty.csv").touch()
    (folder.path / "folder.csv").mkdir()
    folder.settled(0)
    assert folder.settled(9) == []


def test_a_file_that_is_renamed_in_is_read(folder: Folder) -> None:
    """And one that replaces another of its name."""
    (folder.path / "a.part").write_text("one")
    folder.settled(9)
    (folder.path / "a.part").rename(folder.path / "a.csv")
    folder.settled(0)
    assert folder.settled(5) == ["a.csv"]
    folder.arrivals.done(folder.path / "a.csv")
    (folder.path / "a.part").write_text("two")
    os.utime(folder.path / "a.part", (1, 1))
    (folder.path / "a.part").rename(folder.path / "a.csv")
    folder.settled(0)
    assert folder.settled(5) == ["a.csv"]


class Watching:
    """`touchline import --watch` in a process of its own."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._output = folder / "output"
        with self._output.open("ab") as output:
            self.process = subprocess.Popen(
                [
                    *(
                        sys.executable,
                        "-m",
                        "touchline.cli",
                        "import",
                        "--watch",
                        "in",
                        "--map",
                        "pages.yaml",
                    ),
                    *("--settle", "1s", "--json", *options),
                ],
                cwd=folder,
                stdout=output,
                stderr=subprocess.DEVNULL,
            )

    def reports(self) -> list[dict[str, Any]]:
        """What it said so far, and the processes before it."""
        assert self.process.poll() is None, self._output.read_text()
        return [json.loads(line) for line in self._output.read_text().splitlines()]

    def end(self) -> int:
        """End it by a signal; returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[Callable[..., Watching]]:
    """Starts a watch of the folder `in`; it ends with the test."""
    (tmp_path / "in").mkdir()
    (tmp_path / "pages.yaml").write_text(MAPPING)
    started: list[Watching] = []

    def start(*options: str) -> Watching:
        started.append(Watching(tmp_path, *options))
        return started[-1]

    yield start
    for running in started:
        running.process.kill()
        running.process.wait(10)


@pytest.mark.slow
def test_each_file_of_a_watched_folder_is_imported_once(
    watching: Callable[..., Watching],
    wait_for: Callable[..., Any],
    touchline: "Callable[..., Result]",
    tmp_path: Path,
) -> None:
    """Also when it is renamed, and after a restart; a bad file stops no other."""
    folder = tmp_path / "in"

    def status(name: str) -> list[str]:
        return [one["status"] for one in running.reports() if one["file"].endswith(name)]

    (folder / "first.csv").write_text(ROWS)
    (folder / "bad.csv.gz").write_bytes(gzip.compress(ROWS.encode())[:-20])
    running = watching()
    wait_for(lambda: len(running.reports()) == 2)
    (folder / "second.csv").write_text(ROWS.replace("u-1", "u-3"))
    wait_for(lambda: status("second.csv") == ["imported"])
    [first] = [one for one in running.reports() if one["file"].endswith("first.csv")]
    assert (first["status"], first["rows"], first["events"], first["stored"]) == ("imported", 2, 2, 2)
    assert status("bad.csv.gz") == ["refused"]
    assert running.end() == 0
    (folder / "first.csv").rename(folder / "renamed.csv")
    (folder / "bad.csv.gz").write_bytes(gzip.compress(ROWS.replace("/cart", "/help").encode()))
    running = watching()
    wait_for(lambda: status("renamed.csv") == ["already"] and status("bad.csv.gz") == ["refused", "imported"])
    assert running.end() == 0
    counted = touchline("query", "SELECT count(), uniqExact(id) FROM events", "--csv")
    # The second rows of two files, and the first of two, are the same.
    assert counted.stdout.splitlines()[1:] == ["4,4"], counted.output


@pytest.mark.slow
def test_a_watch_waits_for_another_import_and_replaces_what_changed(
    watching: Callable[..., Watching], wait_for: Callable[..., Any], tmp_path: Path
) -> None:
    """With --again, a file whose contents changed replaces what it gave before."""
    file = tmp_path / "in" / "a.csv"
    file.write_text(ROWS)
    (tmp_path / "touchline-data").mkdir(mode=0o700)
    with locked(tmp_path / "touchline-data" / "imports.lock", "imports"):
        running = watching("--again")
        wait_for(lambda: [one["status"] for one in running.reports()] == ["waiting"])
    wait_for(lambda: len(running.reports()) == 2)
    file.write_text(ROWS.replace("/cart", "/help"))
    wait_for(lambda: len(running.reports()) == 3)
    assert [one["stored"] for one in running.reports()[1:]] == [2, 2]


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ((), "name files, or a folder with --watch"),
        (("a.csv", "--watch", "in"), "name files, or a folder with --watch"),
        (("a.csv", "--settle", "2s"), "--settle belongs to --watch"),
        (("--watch", "in", "--dry-run"), "leave --suggest, --dry-run and --preview out"),
        (("--watch", "in", "--settle", "soon"), "--settle soon: 'soon' is not a duration"),
        (("--watch", "none"), "--watch none: there is no such folder"),
    ],
)
def test_a_watch_that_cannot_begin_says_what_to_write(
    touchline: "Callable[..., Result]", options: tuple[str, ...], why: str
) -> None:
    """In one line."""
    done = touchline("import", *options)
    assert done.exit_code in (1, 2)
    assert why in done.stderr
