"""A store with files that the engine cannot read says which rows are missing."""

from collections.abc import Callable
from pathlib import Path

import pytest
import structlog

from touchline.services.web.probes import store_warning
from touchline.store import Store, open_store

Folder = Callable[[Path], Path]


def fill(store: Store) -> Path:
    """Insert three batches of ten events, and return the folder of the first part."""
    for batch in range(3):
        ids = [f"{batch}-{each}" for each in range(10)]
        store.insert("events", {"id": ids, "entity": ids, "log_offset": [batch] * 10}, f"batch-{batch}")
    sql = "SELECT path FROM system.parts WHERE table = 'events' AND active ORDER BY name"
    return Path(store.query(sql).result_rows[0][0])


@pytest.mark.parametrize("damage", ["cut short", "removed"])
def test_a_damaged_part_is_reported(tmp_path: Path, damage: str, with_store: Folder) -> None:
    """The store opens with the other rows; log and readiness name the part, and say what to do."""
    with open_store(with_store(tmp_path) / "store") as store:
        part = fill(store)
        assert store.damaged == ()
        assert store_warning(store) is None
    file = max(part.glob("*.bin"), key=lambda path: path.stat().st_size)
    if damage == "removed":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with structlog.testing.capture_logs() as logged, open_store(tmp_path / "store") as store:
        rows = store.query("SELECT count() FROM events").result_rows[0][0]
        assert rows < 30
        (path,) = store.damaged
        assert Path(path).is_dir()
        assert path in (store_warning(store) or "")
    (entry,) = [entry for entry in logged if entry["event"] == "store.part_damaged"]
    assert (entry["log_level"], entry["table"], entry["path"]) == ("error", "events", path)
    assert "backup" in entry["what"]
