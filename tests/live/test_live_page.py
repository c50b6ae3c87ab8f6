"""What the live page shows in a real browser, over the real store."""

from urllib.parse import quote

import pytest
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from tests.live.browsing import Look, Picture, Site, sees, until

HOSTILE = '<img src=x onerror="window.harmed=1"><script>window.harmed=1</script>{{ 1+1 }}`${1}`'
DRAWN = """return document.querySelector('.tl-chart canvas').getContext('2d')
    .getImageData(0, 0, 900, 200).data.some(x => x)"""


def tooltips(browser: Chrome, chart: WebElement) -> set[str]:
    """The tooltips of a chart, with the mouse on each place of a line across it."""
    shown = "return [...arguments[0].querySelectorAll('div')].map((part) => part.innerText)"
    found: set[str] = set()
    width = int(chart.size["width"])
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", chart)
    for x in range(-width // 2 + 20, width // 2 - 20, 6):
        ActionChains(browser, duration=0).move_to_element_with_offset(chart, x, 40).perform()
        found.update(browser.execute_script(shown, chart))
    return found


def test_the_first_page_leads_with_alerts_and_the_most_frequent_friction(
    site: Site, browser: Chrome, look: Look, picture: Picture
) -> None:
    """Open alerts come first, then the headline and the panels; the page fits narrow and dark screens.

    The first journey at risk links to the history of its customer.
    """
    browser.get(site.url)
    for text in ("CRITICAL", "Payments fail", "source shop", " minutes ago", "31 customers", "usually 2"):
        sees(browser, text, ".tl-alert")
    assert "Orders fail" not in browser.find_element(By.CSS_SELECTOR, ".tl-alerts").text
    sees(browser, "Abandoned in queue", ".tl-lead")
    sees(browser, "Phone · call-centre", ".tl-lead")
    sees(browser, "account u-4711", "[data-panel=journeys_at_risk] tbody tr:first-child")
    sees(browser, "Live", ".tl-fresh")
    until(browser, lambda _: browser.execute_script(DRAWN))
    picture("friction")
    for width, scheme in ((1280, "dark"), (420, "light"), (420, "dark")):
        look(width, 900, scheme)
        browser.get(site.url)
        sees(browser, "account u-4711", "[data-panel=journeys_at_risk]")
        wide = browser.execute_script("return document.documentElement.scrollWidth")
        assert wide <= width
        picture(f"friction-{width}-{scheme}")
    browser.find_element(By.CSS_SELECTOR, "[data-panel=journeys_at_risk] td a").click()
    sees(browser, "account u-4711", "h1")


def test_figures_change_in_place(site: Site, browser: Chrome) -> None:
    """New data change the figures and keep the elements and the focus."""
    browser.get(site.url)
    sees(browser, "account u-4711", "[data-panel=journeys_at_risk]")
    before = browser.find_element(By.CSS_SELECTOR, "[data-panel=frictions] .tl-big")
    link = browser.find_element(By.CSS_SELECTOR, "[data-panel=journeys_at_risk] td a")
    browser.execute_script("arguments[0].focus()", link)
    figure = int(before.text)
    site.do("hostile")
    until(browser, lambda _: int(before.text) == figure + 1)
    assert browser.switch_to.active_element == link


@pytest.mark.slow
def test_open_and_resolved_alerts_are_listed(
    site: Site, empty: Site, browser: Chrome, picture: Picture
) -> None:
    """Open and resolved alerts name customers as examples; without alerts the page says so."""
    browser.get(site.url)
    sees(browser, "Alerts1", ".tl-pages")
    browser.find_element(By.CSS_SELECTOR, ".tl-pages a[href^='/alerts']").click()
    sees(browser, "1 open alert", "h1")
    sees(browser, "Orders fail", "section:nth-of-type(2)")
    sees(browser, "resolved after 1 hour", "section:nth-of-type(2)")
    picture("alerts")
    browser.find_element(By.XPATH, "//button[text()='Acknowledge']").click()
    sees(browser, "Write your name", ".tl-fault")
    browser.find_element(By.CSS_SELECTOR, "[autocomplete=name]").send_keys("Kim")
    browser.find_element(By.XPATH, "//button[text()='Acknowledge']").click()
    sees(browser, "Acknowledged by Kim", ".tl-alert")
    browser.find_element(By.XPATH, "//button[text()='Take acknowledgement back']").click()
    sees(browser, "Acknowledge", ".tl-alert .tl-acts")
    browser.find_element(By.CSS_SELECTOR, ".tl-alert .tl-more summary").click()
    browser.find_element(By.XPATH, "//button[text()='Mute']").click()
    sees(browser, "End mute", ".tl-alert .tl-more")
    browser.find_element(By.XPATH, "//button[text()='End mute']").click()
    until(browser, lambda _: browser.find_elements(By.XPATH, "//button[text()='Mute']"))
    browser.find_element(By.CSS_SELECTOR, ".tl-alert .tl-more input").send_keys("release-481")
    browser.find_element(By.XPATH, "//button[text()='Should end it']").click()
    sees(browser, "The change release-481 should end it", ".tl-alert")
    rule = "[data-rule=payment_outage]"
    browser.find_element(By.CSS_SELECTOR, f"{rule} summary").click()
    browser.find_element(By.CSS_SELECTOR, f"{rule} input[type=range]").send_keys(Keys.ARROW_RIGHT)
    sees(browser, "Customers, at least 12 instead of 10", rule)
    browser.find_element(By.CSS_SELECTOR, f"{rule} .tl-main").click()
    sees(browser, "Would have opened", rule)
    sees(browser, "change:\n  payment_outage:\n    customers: 12", f"{rule} pre")
    picture("alerts-tried")
    browser.find_element(By.LINK_TEXT, "account u-4711").click()
    sees(browser, "Frictions")
    browser.get(f"{empty.url}/alerts")
    sees(browser, "No open alerts", "h1")
    sees(browser, "No alert rule is firing.")


@pytest.mark.slow
def test_all_rules_are_listed_on_demand(site: Site, browser: Chrome) -> None:
    """A table shows its first rows, and a button all of them."""
    browser.get(f"{site.url}?span=7d")
    table = "[data-panel=friction_by_rule]"
    sees(browser, "Show all", table)
    rows = browser.find_elements(By.CSS_SELECTOR, f"{table} tbody tr")
    assert [row.is_displayed() for row in rows] == [True] * 8 + [False] * (len(rows) - 8)
    panel = browser.find_element(By.CSS_SELECTOR, table)
    panel.find_element(By.XPATH, ".//button[starts-with(normalize-space(), 'Show all')]").click()
    sees(browser, "Three frictions in a week", table)


@pytest.mark.slow
def test_a_narrow_screen_shows_every_column(site: Site, browser: Chrome, look: Look) -> None:
    """At 390 pixels journeys have score and grade, with their names; the data's age is beside the name."""
    look(390, 844, "light")
    browser.get(site.url)
    first = "[data-panel=journeys_at_risk] tbody tr:first-child"
    sees(browser, "account u-4711", first)
    row = browser.find_element(By.CSS_SELECTOR, first)
    for name, value in (("Score", "5"), ("Grade", "F")):
        cell = row.find_element(By.CSS_SELECTOR, f"[data-title={name}]")
        assert cell.text == value
        assert 0 <= cell.rect["x"] < cell.rect["x"] + cell.rect["width"] <= 390
        label = "return getComputedStyle(arguments[0], '::before').content"
        assert name in browser.execute_script(label, cell)
    brand, age, areas = (
        browser.find_element(By.CSS_SELECTOR, part).rect for part in (".tl-brand", ".tl-fresh", ".tl-areas")
    )
    assert age["y"] < brand["y"] + brand["height"] <= areas["y"]


@pytest.mark.slow
def test_measures_show_their_goals_and_distances(
    site: Site, browser: Chrome, look: Look, picture: Picture
) -> None:
    """Missed goals come first, with their distance; a measure without data is not judged."""
    browser.get(f"{site.url}/measures")
    sees(browser, "1 of 2 goals met in the last 7 days", "h1")
    sees(browser, "Missed: Service level (80.0 percentage points under goal)", ".tl-lead")
    first = browser.find_element(By.CSS_SELECTOR, ".tl-measures li:first-child")
    assert first.get_attribute("data-measure") == "service_level"
    for text in ("0.0 %", "missed: 80.0 percentage points under goal", "Goal: at least 80.0 %"):
        assert text in first.text
    sees(browser, "met: ", "[data-measure=strikes]")
    sees(browser, "no data", "[data-measure=nps]")
    sees(browser, "n = 0", "[data-measure=ces]")
    browser.find_element(By.CSS_SELECTOR, "[data-measure=abandonment] summary").click()
    sees(browser, "Industry range: 5–8 %", "[data-measure=abandonment]")
    picture("measures")
    browser.find_element(By.XPATH, "//button[text()='24 hours']").click()
    sees(browser, "in the last 24 hours", "h1")
    assert browser.current_url.endswith("/measures?span=24h")
    look(420, 900, "dark")
    browser.refresh()
    sees(browser, "in the last 24 hours", "h1")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 420
    picture("measures-420-dark")


@pytest.mark.slow
def test_hostile_values_are_shown_as_text(site: Site, browser: Chrome) -> None:
    """Markup, templates and very long values from producers are shown as clipped text, in tooltips whole."""
    site.do("hostile")
    browser.get(f"{site.url}?span=1h")
    sees(browser, "<img src=x", "main")
    sees(browser, "<img src=x", ".tl-changes")
    [change] = browser.find_elements(By.CSS_SELECTOR, ".tl-changes span[title]")[:1]
    assert change.get_attribute("title") == f"{HOSTILE}: {HOSTILE}"
    chart = browser.find_element(By.CSS_SELECTOR, "[data-panel=friction_rate] .tl-chart")
    assert f"{HOSTILE}: {HOSTILE}" in (chart.get_attribute("aria-label") or "")
    assert any(f" · {HOSTILE}" in tip for tip in tooltips(browser, chart))
    browser.get(f"{site.url}/customer/{quote(f'account:{HOSTILE}', safe='')}")
    sees(browser, "{{ 1+1 }}", ".tl-journey")
    assert not browser.find_elements(By.CSS_SELECTOR, "main img, main script")
    assert browser.execute_script("return window.harmed") is None
    words = "dd [aria-hidden], dd:not(:has([aria-hidden])), dt, li.tl-event b"
    shown = browser.find_elements(By.CSS_SELECTOR, words)
    assert max(len(word.text) for word in shown) <= 130
    full = {word.get_attribute("title") for word in browser.find_elements(By.CSS_SELECTOR, "dd span[title]")}
    assert HOSTILE in full
