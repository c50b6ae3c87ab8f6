"""What people write on the page, in a real browser."""

import time

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.live.browsing import Picture, Site, sees, until

NOTE = "Sale <b>begins</b> {{ 1+1 }}"


@pytest.mark.slow
def test_a_note_is_written_changed_and_deleted_on_a_dashboard(
    site: Site, browser: Chrome, picture: Picture
) -> None:
    """A reader adds a note with the keyboard; charts and the list show it; the name is kept for the next."""
    browser.get(f"{site.url}/?span=24h")
    sees(browser, "No notes in this period", ".tl-notes-card")
    add = browser.find_element(By.XPATH, "//button[text()='Add a note']")
    browser.execute_script("arguments[0].focus()", add)
    add.send_keys(Keys.ENTER)
    assert browser.switch_to.active_element.tag_name == "textarea"
    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    until(browser, lambda _: not browser.find_elements(By.CSS_SELECTOR, "dialog[open]"))
    assert browser.switch_to.active_element == add
    add.send_keys(Keys.ENTER)
    browser.switch_to.active_element.send_keys(NOTE)
    [name] = browser.find_elements(By.CSS_SELECTOR, "dialog [autocomplete=name]")
    name.send_keys("Ann" + Keys.ENTER)
    sees(browser, NOTE, ".tl-notes-card li")
    sees(browser, "Ann · ", ".tl-notes-card li")
    chart = browser.find_element(By.CSS_SELECTOR, "[data-panel=friction_rate] .tl-chart")
    until(browser, lambda _: NOTE in (chart.get_attribute("aria-label") or ""))
    picture("notes")
    browser.find_element(By.XPATH, "//button[text()='Edit']").click()
    browser.switch_to.active_element.send_keys(" now" + Keys.CONTROL + Keys.ENTER)
    picture("note-dialog")
    sees(browser, f"{NOTE} now", ".tl-notes-card li")
    browser.find_element(By.XPATH, "//button[text()='Delete']").click()
    browser.find_element(By.XPATH, "//button[text()='Really delete?']").click()
    sees(browser, "No notes in this period", ".tl-notes-card")


@pytest.mark.slow
def test_a_goal_is_set_and_removed_on_the_page(site: Site, browser: Chrome, picture: Picture) -> None:
    """A goal is checked by its unit, says who set it, and gives way to that of the file once removed."""
    browser.get(f"{site.url}/measures")
    rule = "[data-measure=service_level]"
    sees(browser, "Goal: at least 80.0 %", rule)

    def edit(value: str) -> None:
        details = browser.find_element(By.CSS_SELECTOR, f"{rule} details")
        if not details.get_attribute("open"):
            details.find_element(By.TAG_NAME, "summary").click()
        browser.find_element(By.CSS_SELECTOR, f"{rule} details button").click()
        until(browser, lambda _: browser.find_elements(By.CSS_SELECTOR, "dialog[open]"))
        field = browser.switch_to.active_element
        field.send_keys(Keys.CONTROL + "a" + Keys.NULL + value)

    edit("120")
    assert browser.execute_script("return !document.querySelector('dialog form').checkValidity()")
    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    edit("65.5")
    [name] = browser.find_elements(By.CSS_SELECTOR, "dialog [autocomplete=name]")
    name.send_keys(Keys.CONTROL + "a" + Keys.NULL + "Ann")
    picture("goal-dialog")
    name.send_keys(Keys.ENTER)
    sees(browser, "Goal: at least 65.5 %", rule)
    sees(browser, "set on this page by Ann, instead of at least 80.0 % in touchline.toml", rule)
    edit("")
    browser.find_element(By.XPATH, "//button[text()='Use the goal of touchline.toml']").click()
    sees(browser, "Goal: at least 80.0 %", rule)
    browser.execute_script("localStorage.clear()")


@pytest.mark.slow
def test_a_read_only_page_says_so(empty: Site, browser: Chrome) -> None:
    """Where the store's user may not write, the page says how to change that, and offers no form."""
    empty.do("seal")
    empty.do("fill")
    browser.get(f"{empty.url}/impact")
    sees(browser, "This page is read-only", ".tl-notes-card")
    sees(browser, "touchline migrate --roles", ".tl-notes-card")
    assert not browser.find_elements(By.XPATH, "//button[text()='Add a note']")


@pytest.mark.slow
def test_a_chosen_zone_holds_for_all_times(site: Site, browser: Chrome) -> None:
    """Times are in the zone of the settings until the reader chooses another; forms take times in it."""
    browser.get(f"{site.url}/alerts")
    sees(browser, "Times are in the time zone", ".tl-zone")
    opened = "time[datetime]"
    sees(browser, ":", opened)
    before = browser.find_element(By.CSS_SELECTOR, opened).text
    browser.execute_script("window.touchline.chooseZone('Asia/Kolkata')")
    until(browser, lambda _: browser.execute_script("return window.touchline.zone") == "Asia/Kolkata")
    sees(browser, ":", opened)
    assert browser.find_element(By.CSS_SELECTOR, opened).text != before
    for zone in ("Asia/Kolkata", "America/New_York", "Australia/Lord_Howe", "UTC"):
        browser.execute_script("localStorage.setItem('touchline-zone', arguments[0])", zone)
        browser.refresh()
        now = int(time.time()) // 60 * 60_000
        there = "return window.touchline.fromMinute(window.touchline.minute(arguments[0]))"
        for months in range(12):
            moment = now + months * 30 * 86_400_000
            assert browser.execute_script(there, moment) == moment
    browser.execute_script("localStorage.clear()")
