"""A server with the live page, and a real browser."""

import os
import socket
import subprocess
import sys
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium import webdriver

from tests.chromium import headless_chromium
from tests.live.browsing import LIMIT, Site
from tests.waiting import wait_for

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server over a store with a plausible day, shared by the tests."""
    with _served(tmp_path_factory.mktemp("site")) as site:
        site.do("fill")
        yield site


@pytest.fixture(scope="session")
def other_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A second server, whose store each of its tests fills itself."""
    with _served(tmp_path_factory.mktemp("other")) as site:
        yield site


@pytest.fixture
def empty(other_site: Site) -> Site:
    """A server over an empty store."""
    other_site.do("clear")
    return other_site


@pytest.fixture
def toured(tmp_path: Path) -> Iterator[Site]:
    """A server over an empty store, with a tour of two steps."""
    with _served(tmp_path, 2) as site:
        yield site


@contextmanager
def _served(folder: Path, tour: int = 0) -> Iterator[Site]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tests.live.live_server", str(folder), str(port), str(tour)]
    with (folder / "stderr").open("w+") as stderr:
        server = subprocess.Popen(command, cwd=ROOT, stderr=stderr)
        try:
            wait_for(lambda: server.poll() is not None or _serves(port))
            yield Site(f"http://127.0.0.1:{port}")
        finally:
            server.terminate()
            server.wait(timeout=LIMIT)
            stderr.seek(0)
            errors = stderr.read()
    assert "Traceback" not in errors, errors


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """Headless Chromium, shared by the tests."""
    with headless_chromium(tmp_path_factory.mktemp("chromium")) as chromium:
        yield chromium


@pytest.fixture
def browser(chromium: webdriver.Chrome) -> Iterator[webdriver.Chrome]:
    """The browser, 1280 by 900, light, without what pages kept. An error in its console fails the test."""
    _look(chromium, 1280, 900, "light")
    chromium.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": "*", "storageTypes": "local_storage"})
    yield chromium
    errors = [entry for entry in chromium.get_log("browser") if entry["level"] == "SEVERE"]  # type: ignore[no-untyped-call]
    chromium.get("about:blank")
    assert not errors


@pytest.fixture
def look(browser: webdriver.Chrome) -> Callable[[int, int, str], None]:
    """Change the size of the window (CSS pixels) and the colour scheme."""
    return lambda width, height, scheme: _look(browser, width, height, scheme)


@pytest.fixture
def picture(browser: webdriver.Chrome) -> Callable[[str], None]:
    """Save a screenshot of the whole page in the folder TOUCHLINE_SCREENSHOTS, if it is set."""

    def save(name: str) -> None:
        if folder := os.environ.get("TOUCHLINE_SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            whole = browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
            (Path(folder) / f"{name}.png").write_bytes(b64decode(whole["data"]))

    return save


def _look(browser: webdriver.Chrome, width: int, height: int, scheme: str) -> None:
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)


def _serves(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0
