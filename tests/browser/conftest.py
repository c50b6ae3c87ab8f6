"""A shop with the script, a real collector, and a real browser."""

from collections.abc import Iterator

import pytest
from selenium import webdriver

from tests.browser.site import Shop, Switch, open_shop
from tests.browser.visitor import Visitor
from tests.chromium import headless_chromium
from tests.collector.served import serving
from touchline.collector import Keys
from touchline.log.sqlite import SqliteLog


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop and its collector, shared by the tests: each reads the events of its own source."""
    folder = tmp_path_factory.mktemp("shop")
    switch = Switch()
    log = SqliteLog(folder / "log.sqlite")
    try:
        with (
            serving(log, log, Keys(folder / "keys.json"), around=switch.around) as served,
            open_shop(served, switch) as shop,
        ):
            yield shop
    finally:
        log.close()


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """Headless Chromium, shared by the tests."""
    with headless_chromium(tmp_path_factory.mktemp("chromium")) as chromium:
        chromium.set_window_size(1280, 1000)
        yield chromium


@pytest.fixture
def visitor(shop: Shop, chromium: webdriver.Chrome, request: pytest.FixtureRequest) -> Iterator[Visitor]:
    """A person at the browser, whose events have the test's name as their source."""
    visitor = Visitor(shop, chromium, request.node.name[:100])
    yield visitor
    shop.switch.away.clear()
    visitor.online(True)
    visitor.forget_site()
    chromium.get("about:blank")
