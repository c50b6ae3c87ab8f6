"""What tests of the live page in a browser share."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from selenium.common.exceptions import TimeoutException
from selenium.webdriver import Chrome
from selenium.webdriver.support.ui import WebDriverWait

LIMIT = 90.0
POLL = 0.2

Look = Callable[[int, int, str], None]
Picture = Callable[[str], None]


class Site:
    """A server with the live page, and the controls of its store."""

    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, path: str) -> tuple[int, str]:
        """Status and body of a GET."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=LIMIT) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def do(self, action: str) -> int:
        """Run an action of `live_server`, such as `fill` or `away`; return its time (ms since 1970)."""
        request = urllib.request.Request(f"{self.url}/test/{action}", method="POST")
        with urllib.request.urlopen(request, timeout=LIMIT) as answer:
            return int(json.load(answer)["now"])

    @property
    def queries(self) -> int:
        """The number of queries so far."""
        return int(json.loads(self.get("/test/queries")[1]))


def until(browser: Chrome, condition: Callable[[Chrome], Any]) -> Any:
    """Wait until a condition holds; return what it returns."""
    return WebDriverWait(browser, LIMIT, POLL).until(condition)


def sees(browser: Chrome, text: str, where: str = "body") -> None:
    """Wait until the page shows a text."""
    shown = ""

    def is_there(_: Chrome) -> bool:
        nonlocal shown
        # The text as the browser shows it. `WebElement.text` gives nearly the same by a script of its own,
        # which takes fifty times as long on a page of a thousand elements.
        shown = browser.execute_script("return document.querySelector(arguments[0]).innerText", where)
        return text in shown

    try:
        WebDriverWait(browser, LIMIT, POLL, ignored_exceptions=[Exception]).until(is_there)
    except TimeoutException:
        raise AssertionError(f"no {text!r} in {where}, but {shown!r}") from None
