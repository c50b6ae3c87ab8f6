"""Fixtures that several folders of tests use."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from touchline.pipeline.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator["Store"]:
    """A fresh, empty store. A process has one store open at a time."""
    from touchline.pipeline.store import open_store

    with open_store(tmp_path / "store") as opened:
        yield opened
