"""Fixtures that several folders of tests use, and how many cases a law is tried on.

`HYPOTHESIS_PROFILE` chooses: `dev` (the default: quick), `ci` (the default where CI is set: at least 2,000
cases a law) or `long` (on demand).
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

settings.register_profile("dev", max_examples=100, deadline=None)
settings.register_profile("ci", max_examples=2_000, deadline=None)
settings.register_profile("long", max_examples=50_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))

if TYPE_CHECKING:
    from touchline.cli.broker import Broker
    from touchline.pipeline.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator["Store"]:
    """A fresh, empty store. A process has one store open at a time."""
    from touchline.pipeline.store import open_store

    with open_store(tmp_path / "store") as opened:
        yield opened


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Broker"]:
    """A real broker, the same for all tests: each uses topics of its own, and starts again what it kills."""
    from touchline.cli.broker import Broker, ToolMissing

    broker = Broker(tmp_path_factory.mktemp("kafka"))
    try:
        broker.start()
    except ToolMissing as missing:
        pytest.skip(str(missing))
    yield broker
    broker.stop()
