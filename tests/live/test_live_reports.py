"""The pages of the audit and of the digest, in a browser."""

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from tests.live.browsing import Look, Picture, Site, sees


@pytest.mark.slow
def test_reports_are_shown_on_the_page(site: Site, browser: Chrome, look: Look, picture: Picture) -> None:
    """Before the first report the page says when it comes; then it shows it, with text that stays text."""
    browser.get(f"{site.url}/digest")
    sees(browser, "No digest of this week yet", "h1")
    sees(browser, "touchline report weekly")
    assert browser.find_element(By.TAG_NAME, "h1").value_of_css_property("font-size") == "27px"
    site.do("reports")
    browser.get(f"{site.url}/audit?span=7d")
    sees(browser, "Where customers struggle", "h1")
    sees(browser, "Associated loss (EUR)")
    picture("audit")
    assert "harmed" not in browser.execute_script("return Object.keys(window).join()")
    assert browser.find_elements(By.CSS_SELECTOR, "article img, article script") == []
    assert '<img src=x onerror="window.harmed=1">' in browser.find_element(By.TAG_NAME, "article").text
    story = browser.find_element(By.PARTIAL_LINK_TEXT, "2026-11-02").get_attribute("href")
    assert story == f"{site.url}/customer/6f1c2d5e-0000-5000-8000-000000000001"
    browser.find_element(By.LINK_TEXT, "Last week").click()
    browser.get(f"{site.url}/digest?week=2026-W48")
    sees(browser, "Week 48: 1 worse and 1 better", "h1")
    sees(browser, "Loops closed within 48 hours")
    assert "In customers' words" not in browser.find_element(By.TAG_NAME, "article").text
    assert len(browser.find_elements(By.CSS_SELECTOR, "article svg")) == 1
    picture("digest")
    look(390, 844, "dark")
    sees(browser, "Week 48", "h1")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
    assert browser.find_element(By.CSS_SELECTOR, "article svg").size["width"] >= 600
    picture("digest-phone-dark")
    browser.get(f"{site.url}/audit")
    sees(browser, "Where customers struggle", "h1")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
    picture("audit-phone-dark")
