"""What tests of the live page in a browser share."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

LIMIT = 30.0
POLL = 0.1

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

    def do(self, action: str) -> None:
        """Run an action of `live_server`, such as `fill` or `away`."""
        request = urllib.request.Request(f"{self.url}/test/{action}", method="POST")
        with urllib.request.urlopen(request, timeout=LIMIT):
            pass

    @property
    def queries(self) -> int:
        """The number of queries so far."""
        return int(json.loads(self.get("/test/queries")[1]))


def until(browser: Chrome, condition: Callable[[Chrome], Any]) -> Any:
    """Wait until a condition holds; return what it returns."""
    return WebDriverWait(browser, LIMIT, POLL).until(condition)


def sees(browser: Chrome, text: str, where: str = "body") -> None:
    """Wait until the page shows a text."""
    WebDriverWait(browser, LIMIT, POLL, ignored_exceptions=[Exception]).until(
        lambda _: text in browser.find_element(By.CSS_SELECTOR, where).text, f"no {text!r} in {where}"
    )
