"""Files to import: written by the test, or the real sets where they lie beside the repository."""

import gzip
import importlib.util
import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from touchline.imports import ImportItem, load_mapping, read_events
from touchline.vocabulary.envelope import Envelope, to_event
from touchline.vocabulary.registry import EVENT_TYPES

SETS = Path(__file__).parents[2].parent / "shared" / "data"

Write = Callable[[str, str | bytes], Path]
Map = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file by its name; what ends in .gz is packed."""

    def _write(name: str, content: str | bytes) -> Path:
        data = content.encode() if isinstance(content, str) else content
        path = tmp_path / name
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return path

    return _write


@pytest.fixture
def mapped(write: Write) -> Map:
    """The events of CSV text by a shipped mapping; fails on a bad row."""

    def _mapped(mapping: str, text: str, name: str = "rows.csv") -> list[dict[str, Any]]:
        items = list(read_events(write(name, text), load_mapping(mapping)))
        assert [item.bad for item in items if item.bad] == []
        return [event for item in items for event in item.events]

    return _mapped


@pytest.fixture(scope="session")
def real() -> Callable[[str], Path]:
    """A file of the real sets; where there is none the test is skipped, in CI it fails."""

    def _real(name: str) -> Path:
        path = SETS / name
        if not path.exists():
            reason = f"the real data is not here: ../shared/data/{name}"
            if os.environ.get("CI") == "true":
                pytest.fail(reason)
            pytest.skip(reason)
        return path

    return _real


@pytest.fixture(scope="session")
def crosscheck() -> ModuleType:
    """The counts by plain SQL."""
    path = Path(__file__).with_name("crosscheck") / "load.py"
    spec = importlib.util.spec_from_file_location("crosscheck", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def valid() -> Callable[[ImportItem], None]:
    """Assert that every event of an item is one of the vocabulary, strictly, and has a customer."""
    import orjson

    def _valid(item: ImportItem) -> None:
        for event in item.events:
            envelope = Envelope.model_validate_json(orjson.dumps(event))
            EVENT_TYPES[envelope.type].model.model_validate_json(orjson.dumps(envelope.data))
            assert to_event(envelope) is not None

    return _valid
