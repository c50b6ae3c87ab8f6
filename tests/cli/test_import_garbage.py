"""An import searches for cyclic garbage seldom: from the check of its files on."""

import gc
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from touchline.config.rule_packs import load_rules
from touchline.config.settings import load_settings
from touchline.services.importing.files import Job, import_files
from touchline.services.importing.rehearsal import rehearse
from touchline.vocabulary.validation import Validator

OFTEN = (700, 10, 10)


@pytest.fixture(autouse=True)
def often() -> Iterator[None]:
    """Python's own thresholds, during a test."""
    before = gc.get_threshold()
    gc.set_threshold(*OFTEN)
    yield
    gc.set_threshold(*before)


@pytest.fixture
def events(tmp_path: Path) -> Path:
    """A file with one event."""
    file = tmp_path / "events.ndjson"
    event = {"id": "e1", "type": "contact.started", "time": "2025-10-01T10:00:00Z", "channel": "phone"}
    given = {"source": "callcentre", "identifiers": {"account": "u-1"}, "data": {"contact_id": "c-1"}}
    file.write_bytes(orjson.dumps({**event, **given}))
    return file


def test_files_are_checked_with_a_seldom_search(events: Path, tmp_path: Path) -> None:
    """While an import checks its files, Python searches for garbage less often than by itself."""
    found: list[int] = []

    def progress(what: str, path: Path, done: int) -> None:
        if what == "checking":
            found.append(gc.get_threshold()[0])

    import_files(Job([events], None), load_settings(data=tmp_path / "data"), load_rules(None), progress)
    assert min(found) > OFTEN[0]


def test_rehearsals_search_seldom(events: Path) -> None:
    """While a rehearsal maps its file, Python searches for garbage less often than by itself."""
    found: list[int] = []
    rehearse(events, None, Validator(), lambda *_: found.append(gc.get_threshold()[0]))
    assert min(found) > OFTEN[0]
