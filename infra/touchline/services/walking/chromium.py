"""Chromium as the browser of a walk. The only module that imports Selenium.

The browser identifies itself, and blocks the site's own telemetry to Touchline: a walk is no customer.
"""

import re
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import orjson
from selenium import webdriver
from selenium.common.exceptions import (
    ElementNotInteractableException,
    InvalidArgumentException,
    InvalidElementStateException,
    InvalidSelectorException,
    InvalidSessionIdException,
    NoSuchElementException,
    NoSuchWindowException,
    StaleElementReferenceException,
    TimeoutException,
    WebDriverException,
)
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait
from urllib3.exceptions import HTTPError

from touchline.vocabulary.errors import TouchlineError
from touchline.vocabulary.wording import word_list
from touchline.walks import Link, Page, PageFailed, Walk

NAMES: Final = ("chromium", "chromium-browser")
"""The programs that are taken. Chrome of Google's own brand loads no extension, so it cannot block."""

TELEMETRY: Final = ("/touchline.js", "/touchline.mjs", "/v1/events")
"""What no walk loads: the browser script, and where it sends events. Otherwise walks would be customers."""

AGENT: Final = "TouchlineWalk/1.0"
"""The end of the browser's User-Agent, by which a site's own programs can leave walks out."""

BLOCKED_SECONDS = 10.0
"""How long the browser may take until it blocks telemetry."""

_PROBE = "http://127.0.0.1:9/v1/events"
"""An address that is blocked; Chromium connects to no port 9 if it is not."""

_BLOCKED = "ERR_BLOCKED_BY_CLIENT"

_RESOURCES = [
    *("main_frame", "sub_frame", "stylesheet", "script", "image", "font", "object", "xmlhttprequest"),
    *("ping", "csp_report", "media", "websocket", "webtransport", "other"),
]

LEAST_SECONDS = 0.05
MOST_LINKS = 1_000

_FLAGS = (
    "--headless=new",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,1000",
)

_STATUS = "const n = performance.getEntriesByType('navigation')[0]; return n ? n.responseStatus || 0 : 0;"

_LINKS = """
const found = [];
for (const one of document.querySelectorAll('a[href], area[href], button, [role=button], [role=link]')) {
  if (found.length >= arguments[0]) break;
  if (!one.getClientRects().length || getComputedStyle(one).visibility !== 'visible') continue;
  const images = [...one.querySelectorAll('img[alt]')].map(image => image.alt);
  const texts = [one.innerText, one.getAttribute('aria-label'), one.title, ...images];
  const text = texts.filter(Boolean).join(' ');
  found.push([text.slice(0, 300), one.matches('a[href], area[href]') ? String(one.href).slice(0, 2000) : '']);
}
return found;
"""

_FAULT = re.compile(r"net::(ERR_[A-Z0-9_]+)")


class BrowserFailed(TouchlineError):
    """The browser is missing or ended: that says nothing about the site, and no step is reported."""


@contextmanager
def chromium(walk: Walk, *, sandbox: bool = True) -> Iterator["Chromium"]:
    """A fresh browser for a walk: without cookies, and closed at the end.

    Raises:
        BrowserFailed: there is no Chromium or chromedriver, or it does not start.
    """
    binary = next(filter(None, map(shutil.which, NAMES)), None)
    driver = shutil.which("chromedriver")
    if binary is None or driver is None:
        missing = " and ".join(
            name for name, found in (("Chromium", binary), ("chromedriver", driver)) if found is None
        )
        raise BrowserFailed(
            f"{missing} not found: install both (Debian: apt install chromium chromium-driver), and have"
            f" {word_list(NAMES)} and chromedriver on the PATH"
        )
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    options.unhandled_prompt_behavior = "dismiss"
    options.add_experimental_option("excludeSwitches", ["disable-extensions"])
    for flag in _FLAGS if sandbox else (*_FLAGS, "--no-sandbox"):
        options.add_argument(flag)
    with TemporaryDirectory(prefix="touchline-walk-") as folder:
        for name, content in _blocker((*TELEMETRY, *walk.block)).items():
            (Path(folder) / name).write_bytes(orjson.dumps(content))
        options.add_argument(f"--load-extension={folder}")
        options.add_argument(f"--disable-extensions-except={folder}")
        try:
            chrome = webdriver.Chrome(options=options, service=Service(driver))
        except (WebDriverException, HTTPError) as error:
            hint = "; as root or in a container, try --no-sandbox" if sandbox else ""
            raise BrowserFailed(f"Chromium does not start: {_first_line(error)}{hint}") from None
        try:
            _prepare(chrome)
            yield Chromium(chrome)
        finally:
            with _quietly():
                chrome.quit()


def _blocker(patterns: Sequence[str]) -> dict[str, Any]:
    """The files of an extension that blocks addresses, whatever loads them.

    What the DevTools protocol blocks leaves out workers, and what is sent while a page is left.
    """
    rules = [
        {
            "id": number,
            "action": {"type": "block"},
            "condition": {"urlFilter": pattern, "resourceTypes": _RESOURCES},
        }
        for number, pattern in enumerate(patterns, 1)
    ]
    resource = {"id": "walk", "enabled": True, "path": "rules.json"}
    manifest = {
        "manifest_version": 3,
        "name": "walk",
        "version": "1",
        "permissions": ["declarativeNetRequest"],
        "declarative_net_request": {"rule_resources": [resource]},
    }
    return {"manifest.json": manifest, "rules.json": rules}


def _prepare(chrome: webdriver.Chrome) -> None:
    """Wait until telemetry is blocked, and name the browser."""
    agent = chrome.execute_cdp_cmd("Browser.getVersion", {})["userAgent"]
    chrome.execute_cdp_cmd("Network.setUserAgentOverride", {"userAgent": f"{agent} {AGENT}"})
    give_up_at = time.monotonic() + BLOCKED_SECONDS
    while not _blocks(chrome):
        if time.monotonic() > give_up_at:
            raise BrowserFailed(
                "the browser does not block the site's events, so the walk would count as a customer: use"
                " Chromium, and check the patterns under 'block'"
            )
        time.sleep(0.1)


def _blocks(chrome: webdriver.Chrome) -> bool:
    try:
        chrome.get(_PROBE)
        return _BLOCKED in chrome.find_element(By.TAG_NAME, "body").text
    except WebDriverException as error:
        return _BLOCKED in (error.msg or "")


class Chromium:
    """A `touchline.walks.Browser` by Selenium."""

    def __init__(self, chrome: webdriver.Chrome) -> None:
        self._chrome = chrome

    def load(self, address: str, seconds: float) -> Page:
        """Load a page. Raises PageFailed if it does not load."""
        with _translated("the page"):
            self._chrome.set_page_load_timeout(max(seconds, LEAST_SECONDS))
            self._chrome.get(address)
        return self.page()

    def page(self) -> Page:
        """The page that is shown."""
        with _translated("the page"):
            return Page(self._chrome.current_url, int(self._chrome.execute_script(_STATUS)))

    def links(self) -> Sequence[Link]:
        """Visible links and buttons, in the order of the page; at most `MOST_LINKS`."""
        with _translated("the page"):
            return [Link(text, address) for text, address in self._chrome.execute_script(_LINKS, MOST_LINKS)]

    def fill(self, selector: str, value: str) -> None:
        """Fill in a field, choose an option, or check a box or radio button."""
        with _translated(f"the field '{selector}'"):
            field = self._chrome.find_element(By.CSS_SELECTOR, selector)
            if field.tag_name == "select":
                _choose(Select(field), selector, value)
            elif field.get_attribute("type") in ("checkbox", "radio"):
                if not field.is_selected():
                    field.click()
            else:
                _write(field, value)

    def press(self, selector: str, seconds: float) -> None:
        """Press a button, and wait for the page that follows, if one does."""
        with _translated(f"the button '{selector}'"):
            self._chrome.set_page_load_timeout(max(seconds, LEAST_SECONDS))
            self._chrome.find_element(By.CSS_SELECTOR, selector).click()

    def shows(self, text: str, seconds: float) -> bool:
        """Whether the page shows a text, now or within a time."""

        def seen(_: Any) -> bool:
            return text in self._chrome.find_element(By.TAG_NAME, "body").text

        ignored = [NoSuchElementException, StaleElementReferenceException]
        with _translated("the page"):
            try:
                return WebDriverWait(self._chrome, seconds, 0.1, ignored_exceptions=ignored).until(seen)
            except TimeoutException:
                return False


def _choose(select: Select, selector: str, value: str) -> None:
    for option in select.options:
        if value in (option.get_attribute("value"), option.text):
            option.click()
            return
    raise PageFailed(f"the field '{selector}' has no such option")


def _write(field: WebElement, value: str) -> None:
    if field.get_attribute("type") != "file":
        field.clear()
    field.send_keys(value)


@contextmanager
def _translated(what: str) -> Iterator[None]:
    """Faults of the site as PageFailed, and those of the browser as BrowserFailed. Repeats no value."""
    try:
        yield
    except TimeoutException:
        raise PageFailed(f"{what} did not load in time") from None
    except (InvalidSessionIdException, NoSuchWindowException, HTTPError, OSError) as error:
        raise BrowserFailed(f"the browser ended: {_first_line(error)}") from None
    except (InvalidSelectorException, InvalidArgumentException):
        raise PageFailed(f"{what} cannot be used: check the selector and the value") from None
    except NoSuchElementException:
        raise PageFailed(f"{what} is not on the page") from None
    except (ElementNotInteractableException, InvalidElementStateException):
        raise PageFailed(f"{what} cannot be used by a visitor: it is hidden, covered or disabled") from None
    except StaleElementReferenceException:
        raise PageFailed(f"{what} went away while it was used") from None
    except WebDriverException as error:
        if fault := _FAULT.search(error.msg or ""):
            raise PageFailed(f"{what} did not load: {fault[1]}") from None
        raise BrowserFailed(f"the browser failed: {_first_line(error)}") from None


@contextmanager
def _quietly() -> Iterator[None]:
    """End a browser that may have ended by itself."""
    try:
        yield
    except (WebDriverException, HTTPError, OSError):
        return


def _first_line(error: Exception) -> str:
    text = (error.msg or "") if isinstance(error, WebDriverException) else str(error)
    return (text.strip() or type(error).__name__).splitlines()[0][:300]
