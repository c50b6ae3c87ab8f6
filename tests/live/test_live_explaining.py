"""What distinguishes those affected, in a real browser."""

import pytest
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.live.browsing import Look, Picture, Site, sees, until

DIALOG = "dialog[open]"
NAMED = " times as frequent ("


def _press(browser: Chrome, button: str) -> None:
    """Press a button with the keyboard."""
    found = until(browser, lambda _: browser.find_elements(By.CSS_SELECTOR, button))[0]
    browser.execute_script("arguments[0].focus()", found)
    found.send_keys(Keys.ENTER)


def _close(browser: Chrome) -> None:
    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    until(browser, lambda _: not browser.find_elements(By.CSS_SELECTOR, DIALOG))


@pytest.mark.slow
def test_the_page_explains_an_alert_a_rule_and_a_point(
    empty: Site, browser: Chrome, look: Look, picture: Picture
) -> None:
    """Buttons and a click on a chart open the findings in words; the keyboard reaches all but the click."""
    empty.do("cause")
    browser.get(f"{empty.url}/?span=24h")
    sees(browser, "Likely cause: 20.0 times as frequent", ".tl-alert")
    _press(browser, ".tl-alert button")
    sees(browser, "More friction than usual · Abandoned in queue", DIALOG)
    sees(browser, NAMED, DIALOG)
    said = browser.find_element(By.CSS_SELECTOR, DIALOG).text
    assert "with queue bills" in said or "with menu" in said
    assert '<img src=x onerror="window.harmed=1">{{ 1+1 }}' in said
    assert " of the affected, " in said
    picture("explain-alert")
    opener = browser.find_element(By.CSS_SELECTOR, ".tl-alert button")
    _close(browser)
    assert browser.switch_to.active_element == opener

    _press(browser, "[data-panel=friction_by_rule] td button")
    sees(browser, "Abandoned in queue · The last 28 days of data", DIALOG)
    sees(browser, NAMED, DIALOG)
    _close(browser)

    _press(browser, "[data-panel=rules_over_time] .tl-why-button button")
    sees(browser, "Frictions by rule", DIALOG)
    until(browser, lambda _: not browser.find_elements(By.CSS_SELECTOR, f"{DIALOG} [aria-busy=true]"))
    points = browser.find_elements(By.CSS_SELECTOR, f"{DIALOG} option")
    assert len(points) >= 2
    look(390, 800, "dark")
    picture("explain-point-phone-dark")
    [dialog] = browser.find_elements(By.CSS_SELECTOR, DIALOG)
    assert dialog.size["width"] <= 390
    look(1280, 900, "light")
    _close(browser)

    chart = browser.find_element(By.CSS_SELECTOR, "[data-panel=rules_over_time] canvas")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", chart)
    height = chart.size["height"]
    ActionChains(browser).move_to_element_with_offset(chart, 8, height // 2 - 36).click().perform()
    sees(browser, "Frictions that opened from", DIALOG)
    assert browser.execute_script("return window.harmed") is None


@pytest.mark.slow
def test_touchpoints_and_factors_are_drawn(site: Site, browser: Chrome, look: Look, picture: Picture) -> None:
    """The heat map has a cell for each hour with friction; factors over time can be explained."""
    browser.get(f"{site.url}/touchpoints?span=7d")
    sees(browser, "Phone · call-centre", "[data-panel=weakest_touchpoints]")
    cells = "[data-panel=touchpoint_hours] svg path"
    until(browser, lambda _: len(browser.find_elements(By.CSS_SELECTOR, cells)) > 5)
    picture("touchpoints")
    look(390, 800, "dark")
    picture("touchpoints-phone-dark")
    look(1280, 900, "light")
    browser.get(f"{site.url}/factors?span=7d")
    sees(browser, "Process", "[data-panel=factor_totals]")
    until(browser, lambda _: browser.find_elements(By.CSS_SELECTOR, "[data-panel=factors_over_time] button"))
    picture("factors")


@pytest.mark.slow
def test_what_cannot_be_explained_says_so(empty: Site, browser: Chrome) -> None:
    """While the store is slow the dialog is loading; without the store, or with few affected, it says why."""
    empty.do("cause")
    browser.get(f"{empty.url}/alerts")
    sees(browser, "More friction than usual", ".tl-alert")
    empty.do("hold")
    _press(browser, ".tl-alert button")
    sees(browser, "Comparing those affected", DIALOG)
    empty.do("away")
    empty.do("release")
    sees(browser, "This could not be explained: connection refused by the store", DIALOG)
    _close(browser)
