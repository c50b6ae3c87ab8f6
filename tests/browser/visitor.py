"""A person at a real browser: what they do, and which events of it reach the collector."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.browser.site import Shop
from tests.waiting import wait_for

QUIET_SECONDS = 1.3
"""Longer than the script waits before it sends."""

DEAD_SECONDS = 2.8
"""Longer than the script waits for the effect of a click."""

CLOCK = (Path(__file__).parent / "clock.js").read_text()
"""The clock and the timers of a page stand still, but for what a test lets pass."""

_IDLE = """return Object.keys(localStorage).filter(key => key.startsWith('touchline.queue.')).length === 0"""


class Visitor:
    """Acts on pages of the shop."""

    def __init__(self, shop: Shop, chromium: Chrome, source: str) -> None:
        self.shop = shop
        self.chromium = chromium
        self.source = source
        self.is_timed = False

    @contextmanager
    def timed(self) -> Iterator[None]:
        """Let time pass on the pages opened from now on only while the visitor rests."""
        command = "Page.addScriptToEvaluateOnNewDocument"
        script = self.chromium.execute_cdp_cmd(command, {"source": CLOCK})
        self.is_timed = True
        try:
            yield
        finally:
            self.is_timed = False
            self.chromium.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)

    def open(self, page: str = "page.html", host: str = "localhost", **attributes: str) -> None:
        """Open a page, and wait until the script has started."""
        self.chromium.get(self.shop.url(page, host=host, source=self.source, **attributes))
        self.started()

    def started(self) -> None:
        """Wait until the script has started."""
        wait_for(lambda: self.run("return !!window.touchline && !Array.isArray(window.touchline)"))

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script in the page."""
        return self.chromium.execute_script(script, *arguments)

    def find(self, selector: str) -> WebElement:
        """An element of the page; `host >>> inner` is one inside of a web component."""
        host, _, inner = selector.partition(" >>> ")
        element = self.chromium.find_element(By.CSS_SELECTOR, host)
        return element.shadow_root.find_element(By.CSS_SELECTOR, inner) if inner else element

    def click(self, selector: str, times: int = 1, every: float = 0.0, step: int = 0) -> None:
        """Click an element several times, with a pause between in seconds, each `step` pixels further."""
        element = self.find(selector)
        hand = ActionChains(self.chromium, duration=0)
        for number in range(times):
            hand.move_to_element_with_offset(element, number * step, 0).click()
            if every:
                hand.perform()
                hand.reset_actions()
                self.rest(every)
        hand.perform()

    def type(self, selector: str, text: str) -> None:
        """Type into a field."""
        self.find(selector).send_keys(text)

    def rest(self, seconds: float = DEAD_SECONDS) -> None:
        """Do nothing, for as long as the script waits."""
        if self.is_timed:
            self.chromium.execute_async_script("letPass(arguments[0]).then(arguments[1])", 1000 * seconds)
        else:
            time.sleep(seconds)

    def online(self, is_online: bool) -> None:
        """Cut the browser's network, or connect it again."""
        self.chromium.execute_cdp_cmd("Network.enable", {})
        conditions = {
            "offline": not is_online,
            "latency": 0,
            "downloadThroughput": -1,
            "uploadThroughput": -1,
        }
        self.chromium.execute_cdp_cmd("Network.emulateNetworkConditions", conditions)

    def forget_site(self) -> None:
        """Delete what all pages stored in this browser."""
        self.chromium.execute_cdp_cmd("Network.clearBrowserCookies", {})
        for host in ("localhost", "a.shop.localhost", "b.shop.localhost"):
            where = {"origin": f"http://{host}:{self.shop.port}", "storageTypes": "all"}
            self.chromium.execute_cdp_cmd("Storage.clearDataForOrigin", where)

    def sent(self) -> list[dict[str, Any]]:
        """The events that reached the collector, once the script has sent all it has."""
        self.rest(QUIET_SECONDS)
        wait_for(lambda: self.run(_IDLE))
        return self.arrived()

    def arrived(self) -> list[dict[str, Any]]:
        """The events that reached the collector so far."""
        return self.shop.events(self.source)

    def types(self) -> list[str]:
        """The types of `sent`, without the view of the first page."""
        types = [event["type"] for event in self.sent()]
        assert types[0] == "page.viewed"
        return types[1:]


def data_of(events: list[dict[str, Any]], event_type: str, *fields: str) -> list[tuple[Any, ...]]:
    """Fields of the data of all events of a type."""
    return [
        tuple(event["data"].get(name) for name in fields) for event in events if event["type"] == event_type
    ]
