"""Files and folders of the data folder: for the process's user alone."""

import json
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.store_process import StoreProcess
from touchline.sdk import Touchline

Start = Callable[..., Any]
EVENT = {
    "id": "e-1",
    "time": "2026-11-01T10:00:00Z",
    "type": "page.viewed",
    "channel": "web",
    "source": "shop",
    "identifiers": {"account": "u-1"},
    "data": {"page": "/"},
}


def open_to_others(folder: Path) -> list[str]:
    """Each path in a folder, and the folder itself, that others than its user may use in any way."""
    return [
        f"{stat.filemode(path.stat().st_mode)} {path}"
        for path in (folder, *folder.rglob("*"))
        if path.stat().st_mode & 0o077
    ]


def run(folder: Path, *command: str) -> None:
    """Run a command in a folder."""
    subprocess.run([sys.executable, "-m", "touchline.cli", *command], cwd=folder, check=True, timeout=60)


@pytest.mark.slow
def test_up_keeps_its_folder_to_its_user(start: Start, wait_for: Callable[..., Any]) -> None:
    """After events over HTTP and through an inbox: log, store, token, keys and inbox."""
    up = start("up", new=True).ready()
    assert up.post(json.dumps(EVENT).encode())[0] == 200
    with Touchline(f"embedded://{up.data}", source="test") as client:
        client.track("page.viewed", {"account": "u-2"}, channel="web", page="/")
    wait_for(lambda: len(up.rows("SELECT id FROM events")) == 2)
    assert open_to_others(up.data) == []


def test_commands_keep_the_folder_to_its_user(tmp_path: Path) -> None:
    """Creating a key and importing a file, each in a new folder."""
    run(tmp_path, "keys", "create", "shop", "--data", "of-keys")
    (tmp_path / "events.jsonl").write_text(json.dumps(EVENT) + "\n")
    run(tmp_path, "import", "events.jsonl", "--data", "below/of-import")
    assert open_to_others(tmp_path / "of-keys") == []
    assert open_to_others(tmp_path / "below") == []


def test_a_served_store_keeps_its_folder_to_its_user(serve_store: Callable[..., StoreProcess]) -> None:
    """The store, and the passwords of its users."""
    served = serve_store(new=True)
    assert open_to_others(served._folder / "data") == []


def test_an_inbox_is_its_users_alone(tmp_path: Path) -> None:
    """A client makes folder and inbox, whatever the process's mask."""
    folder = tmp_path / "inbox"
    with Touchline(f"embedded://{folder}", source="test") as client:
        client.track("page.viewed", {"account": "u-2"}, channel="web", page="/")
    assert (folder / "inbox.sqlite").exists()
    assert open_to_others(folder) == []
