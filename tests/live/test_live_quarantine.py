"""The page of refused events, in a real browser."""

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from tests.live.browsing import Look, Picture, Site, sees


@pytest.mark.slow
def test_refused_events_say_why_and_how_to_mend_them(
    site: Site, browser: Chrome, picture: Picture, look: Look
) -> None:
    """They are grouped by reason, with message, field, body as text, and the commands that show them."""
    site.do("refuse")
    browser.get(f"{site.url}/quarantine?span=24h")
    sees(browser, "Unknown type", "[data-reason=unknown_type] h2")
    sees(browser, "--reason unknown_type", "[data-reason=unknown_type]")
    command = browser.find_element(By.CSS_SELECTOR, "[data-reason=unknown_type] summary code")
    assert command.text == "touchline schema list"
    group = browser.find_element(By.CSS_SELECTOR, "[data-reason=invalid_data]")
    group.find_element(By.CSS_SELECTOR, "summary").click()
    sees(browser, "<img src=x onerror=alert(1)> {{ 1+1 }} \ufffd[31m", "[data-reason=invalid_data] pre")
    sees(browser, "touchline quarantine show 'q-1 $(rm)'", "[data-reason=invalid_data]")
    assert not browser.find_elements(By.CSS_SELECTOR, "main img")
    picture("quarantine")
    look(390, 844, "dark")
    picture("quarantine-phone-dark")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
    browser.get(f"{site.url}/quarantine?span=24h&producer=till")
    sees(browser, "Unknown type", "main")
    assert not browser.find_elements(By.CSS_SELECTOR, "[data-reason=invalid_data]")
