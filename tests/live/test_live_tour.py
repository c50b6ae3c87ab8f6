"""The guided tour, in a real browser."""

from urllib.parse import urlsplit

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.live.browsing import Look, Picture, Site, sees
from tests.waiting import wait_for
from touchline.cli.run.demo_tour import TOUR


@pytest.mark.slow
def test_a_tour_leads_through_pages(toured: Site, browser: Chrome, look: Look, picture: Picture) -> None:
    """The tour opens the page of each step, can be closed and begun again, and fits on a phone."""
    browser.get(toured.url)
    sees(browser, "Step 1 of 2", ".tl-tour")
    browser.find_element(By.XPATH, "//aside//button[text()='Next']").click()
    sees(browser, "Step 2 of 2", ".tl-tour")
    assert browser.current_url.endswith("/contacts?span=7d")
    look(390, 844, "dark")
    picture("tour")
    assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    browser.find_element(By.CSS_SELECTOR, ".tl-tour aside").send_keys(Keys.ESCAPE)
    browser.get(f"{toured.url}/alerts")
    sees(browser, "Tour", ".tl-tour")
    opener = browser.find_element(By.CSS_SELECTOR, ".tl-tour button")
    assert opener.text == "Tour"
    opener.click()
    sees(browser, "Step 1 of 2", ".tl-tour")
    browser.find_element(By.LINK_TEXT, "Show me").click()
    wait_for(lambda: urlsplit(browser.current_url).path == "/")


@pytest.mark.slow
def test_the_pages_of_the_tour_of_the_demo_exist(site: Site) -> None:
    """Every step of the demo's tour leads to a page."""
    assert len(TOUR) == 6
    for title, text, link in TOUR:
        assert title
        assert text
        assert site.get(link)[0] == 200, link
