"""The live page while the store is empty, slow or unavailable, and while nobody looks."""

from collections.abc import Callable
from urllib.parse import quote

import pytest
from selenium.common.exceptions import TimeoutException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.live.browsing import Picture, Site, sees, until


@pytest.mark.slow
def test_an_empty_page_shows_how_to_send_an_event(empty: Site, browser: Chrome, picture: Picture) -> None:
    """Without events the page shows a command to send one; new events appear without a reload."""
    browser.get(empty.url)
    sees(browser, "Waiting for the first event")
    assert f"curl {empty.url}/v1/events" in browser.find_element(By.CSS_SELECTOR, "pre").text
    picture("empty")
    browser.execute_script("window.same = true")
    empty.do("history")
    sees(browser, "The newest event is from 1 Mar 1999", ".tl-note")
    sees(browser, "1 friction in the last 24 hours of data", "h1")
    picture("history")
    assert browser.execute_script("return window.same")


@pytest.mark.slow
def test_without_the_store_the_last_data_stay_with_their_age(
    site: Site, browser: Chrome, picture: Picture
) -> None:
    """While the store is unavailable the page keeps its data, shows the error, and recovers by itself."""
    browser.get(site.url)
    sees(browser, "in the last 24 hours", "h1")
    site.do("away")
    sees(browser, "The store cannot be read.", "[role=alert]")
    sees(browser, "The data shown are from", "[role=alert]")
    sees(browser, "connection refused by the store", "[role=alert]")
    sees(browser, "in the last 24 hours", "h1")
    picture("away")
    # Nobody looked at this address before, so no data of it are kept.
    browser.get(f"{site.url}/customer/{quote('customer4711@mail.example')}")
    sees(browser, "This page loads as soon as the store responds.")
    site.do("back")
    sees(browser, "account u-4711", "h1")
    until(browser, lambda _: not browser.find_elements(By.CSS_SELECTOR, ".tl-banner"))


@pytest.mark.slow
def test_without_the_server_the_page_is_not_live(toured: Site, browser: Chrome, picture: Picture) -> None:
    """After the server ended, the head and one banner say so, and nothing else does."""
    toured.do("history")
    browser.get(toured.url)
    sees(browser, "Live", ".tl-fresh")
    toured.do("end")
    sees(browser, "No connection to the server. The data shown are from", "[role=alert]")
    assert browser.find_element(By.CSS_SELECTOR, ".tl-fresh").text == "Not live"
    shown = browser.execute_script("return document.body.innerText")
    assert shown.lower().count("connect") == 1
    picture("ended")
    browser.get("about:blank")
    # The browser logs each attempt to connect again as an error.
    browser.get_log("browser")  # type: ignore[no-untyped-call]


@pytest.mark.slow
def test_the_page_is_live_again_after_a_lost_connection(site: Site, browser: Chrome) -> None:
    """The banner of a lost connection goes as soon as there is a connection again."""
    browser.get(site.url)
    sees(browser, "Live", ".tl-fresh")
    browser.execute_script("window.socket.disconnect()")
    sees(browser, "No connection to the server.", "[role=alert]")
    browser.execute_script("window.socket.connect()")
    sees(browser, "Live", ".tl-fresh")
    until(browser, lambda _: not browser.find_elements(By.CSS_SELECTOR, ".tl-banner"))


@pytest.mark.slow
def test_a_failing_panel_shows_its_error(site: Site, browser: Chrome) -> None:
    """If one query fails, its panel shows the error and what to do; the other panels are shown."""
    site.do("break")
    browser.get(site.url)
    broken = "[data-panel=friction_by_factor]"
    sees(browser, "This panel failed to load.", broken)
    sees(browser, "it took too long", broken)
    sees(browser, "choose a shorter period", broken)
    sees(browser, "Abandoned in queue", "[data-panel=friction_by_rule]")
    assert len(browser.find_elements(By.CSS_SELECTOR, ".tl-failed")) == 1
    site.do("repair")
    sees(browser, "Process", broken)


@pytest.mark.slow
def test_a_slow_store_shows_an_outline(site: Site, browser: Chrome, picture: Picture) -> None:
    """Until the first data arrive the page shows an outline and that it is loading."""
    site.do("hold")
    browser.get(f"{site.url}?span=30d")
    until(browser, lambda _: browser.find_elements(By.CSS_SELECTOR, "[role=status]"))
    sees(browser, "Loading", ".tl-fresh")
    picture("loading")
    site.do("release")
    sees(browser, "in the last 30 days", "h1")
    assert not browser.find_elements(By.CSS_SELECTOR, "[role=status]")


@pytest.mark.slow
def test_measures_of_an_empty_slow_or_unavailable_store(empty: Site, browser: Chrome) -> None:
    """Without events, and while the store is slow or unavailable, the page of measures says so."""
    empty.do("hold")
    browser.get(f"{empty.url}/measures")
    until(browser, lambda _: browser.find_elements(By.CSS_SELECTOR, "[role=status]"))
    empty.do("release")
    sees(browser, "No measures yet", "h1")
    empty.do("away")
    browser.get(f"{empty.url}/measures?span=30d")
    sees(browser, "This page loads as soon as the store responds.")
    sees(browser, "connection refused by the store", "[role=alert]")
    empty.do("back")
    sees(browser, "No measures yet", "h1")


@pytest.mark.slow
def test_a_page_that_nobody_sees_loads_nothing(site: Site, browser: Chrome) -> None:
    """The queries stop while the tab is behind others, and go on when it is in front again."""

    def turn(state: str) -> None:
        define = (
            f"Object.defineProperty(document, 'visibilityState', {{ value: '{state}', configurable: true }})"
        )
        browser.execute_script(f"{define}; document.dispatchEvent(new Event('visibilitychange'))")

    browser.get(f"{site.url}/impact")
    sees(browser, "24 hours", ".tl-spans")
    turn("hidden")
    until(browser, lambda _: is_quiet(site, browser))
    before = site.queries
    turn("visible")
    until(browser, lambda _: site.queries > before)


def is_quiet(site: Site, browser: Chrome) -> bool:
    """Whether nothing is queried for a while."""
    before = site.queries
    try:
        WebDriverWait(browser, 1.5).until(lambda _: site.queries != before)
    except TimeoutException:
        return True
    return False


@pytest.mark.slow
def test_pages_share_their_queries(site: Site, browser: Chrome) -> None:
    """Three open pages query no more than one, and without an open page the queries stop."""

    def read_at() -> str:
        return str(browser.execute_script("return document.querySelector('.tl-fresh').title"))

    def changes(value: Callable[[], object]) -> None:
        before = value()
        until(browser, lambda _: value() != before)

    def queries_in(refreshes: int) -> int:
        begin = site.queries
        for _ in range(refreshes):
            changes(read_at)
        return site.queries - begin

    page = f"{site.url}/impact"
    browser.get(page)
    sees(browser, "24 hours", ".tl-spans")
    alone = queries_in(2)
    first = browser.current_window_handle
    for _ in range(2):
        # A window of its own: a tab behind another one would load nothing.
        browser.switch_to.new_window("window")
        browser.get(page)
        sees(browser, "24 hours", ".tl-spans")
    assert queries_in(2) < 2 * alone
    for handle in browser.window_handles:
        browser.switch_to.window(handle)
        if handle != first:
            browser.close()
    browser.switch_to.window(first)
    browser.get("about:blank")
    until(browser, lambda _: is_quiet(site, browser))
