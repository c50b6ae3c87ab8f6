"""One collector for all guides."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from tests.chromium import headless_chromium
from tests.guides.guide import Guide
from tests.process.conftest import Running
from tests.waiting import wait_for
from touchline.collector import Keys

Open = Callable[..., Guide]


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A real `touchline up` on a free port."""
    folder = tmp_path_factory.mktemp("up")
    data = folder / "data"
    running = Running(["up", "--port", "0", "--data", str(data)], data, folder, (), wait_for)
    try:
        yield running.ready()
    finally:
        running.end()


@pytest.fixture(scope="module")
def key(up: Running) -> str:
    """The key of the guides' programs."""
    return Keys(up.data / "keys.json").create("guides")


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """Headless Chromium."""
    with headless_chromium(tmp_path_factory.mktemp("chromium")) as chromium:
        yield chromium


@pytest.fixture
def open_guide(up: Running, key: str, tmp_path: Path) -> Open:
    """Opens a guide by its name, with the collector or another address of it."""
    environment = {"TOUCHLINE_KEY": key, "TOUCHLINE_DATA": str(up.data)}

    def open_page(name: str, url: str | None = None) -> Guide:
        return Guide(name, tmp_path, url or up.server.url, environment)

    return open_page
