"""Cases on the page, in a real browser: the list of frictions, and what staff say about one."""

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.live.browsing import Look, Picture, Site, sees, until

COMMENT = "Called <b>back</b> {{ 1+1 }} =1+1"


@pytest.mark.slow
def test_a_friction_is_taken_commented_and_closed(
    site: Site, browser: Chrome, picture: Picture, look: Look
) -> None:
    """What is said about a friction of the list shows there, in the list, and in the story."""
    browser.get(f"{site.url}/cases?which=unassigned&span=7d")
    sees(browser, ", unassigned", "h1")
    picture("cases")
    look(390, 844, "dark")
    picture("cases-phone-dark")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
    look(1280, 900, "light")
    link = browser.find_element(By.CSS_SELECTOR, "td a[href*='/case/']")
    title, address = link.text, link.get_attribute("href")
    assert address
    link.send_keys(Keys.ENTER)
    sees(browser, title, "h1")
    sees(browser, "open, assigned to nobody", ".tl-tag")
    browser.find_element(By.CSS_SELECTOR, "[autocomplete=name]").send_keys("Kim")
    browser.find_element(By.XPATH, "//button[text()='Assign to me']").click()
    sees(browser, "open, assigned to Kim", ".tl-tag")
    browser.find_element(By.CSS_SELECTOR, "textarea").send_keys(COMMENT)
    browser.find_element(By.XPATH, "//button[text()='Comment']").click()
    sees(browser, COMMENT, ".tl-steps")
    picture("case")
    look(390, 844, "light")
    picture("case-phone")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
    look(1280, 900, "light")
    browser.get(f"{site.url}/cases?which=mine&span=7d&assignee=Kim")
    sees(browser, "1 friction of yours", "h1")
    browser.find_element(By.CSS_SELECTOR, "td a[href*='/case/']").click()
    sees(browser, "Take care of it", "main")
    browser.find_element(By.XPATH, "//button[text()='Close']").click()
    sees(browser, "closed as solved by Kim", ".tl-tag")
    browser.find_element(By.CSS_SELECTOR, "h1 + p a").click()
    sees(browser, "closed as solved by Kim", ".tl-frictions")
    picture("case-in-story")
    browser.get(f"{site.url}/case/7c3f1d1e-5b0a-5e0e-9c55-0f3f5f1a2b11")
    sees(browser, "No such friction", "h1")
    until(browser, lambda _: not browser.find_elements(By.CSS_SELECTOR, "textarea"))
