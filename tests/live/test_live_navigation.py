"""Addresses, links, filters and the search of the live page, in a real browser."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.expected_conditions import presence_of_element_located
from selenium.webdriver.support.ui import Select

from tests.live.browsing import Look, Picture, Site, sees, until
from tests.live.day import ODD

FILTER = """
touchline.setView(arguments[0]);
const done = arguments[1];
requestAnimationFrame(() => setTimeout(done));
"""
"""Changes the filters in the address, as the page does, and waits until the links have followed."""


@pytest.mark.slow
def test_a_filter_is_kept_in_the_address(site: Site, browser: Chrome) -> None:
    """A filter changes the figures in place and is part of the address; a rule links to its journeys."""
    browser.get(site.url)
    sees(browser, "Phone · call-centre", "[data-panel=friction_by_touchpoint]")
    Select(browser.find_element(By.NAME, "channel")).select_by_visible_text("Web")
    sees(browser, "Most affected: Web · shop", ".tl-lead")
    assert browser.current_url.endswith("?span=24h&channel=web")
    browser.refresh()
    sees(browser, "Most affected: Web · shop", ".tl-lead")
    browser.find_element(By.LINK_TEXT, "Checkout left unfinished").click()
    sees(browser, "Checkout left unfinished", "[data-panel=journeys_of_a_rule] tbody")
    assert browser.current_url.endswith("/journeys?span=24h&channel=web&rule=checkout_abandoned")
    assert (
        Select(browser.find_element(By.NAME, "rule")).first_selected_option.text == "Checkout left unfinished"
    )


@pytest.mark.slow
def test_period_and_filters_stay_on_every_link(site: Site, browser: Chrome) -> None:
    """Each link of each page has the period and the filters, also of pages that do not use them."""
    day = datetime.now(UTC).date()
    view = {
        "span": f"{day - timedelta(days=3)}..{day}",
        **dict.fromkeys(("channel", "queue", "reason", "team", "store"), "phone"),
        "source": "call-centre",
    }
    view["queue"], view["reason"] = "tier 1", "delivery & more"
    followed = set()
    for path, shown in (
        ("/", "[data-panel=friction_by_rule]"),
        ("/contacts", "[data-panel=queues]"),
        ("/journeys", "[data-panel=journeys_of_a_rule]"),
        ("/health", "[data-panel=producers]"),
        ("/measures", ".tl-measures"),
        ("/alerts", ".tl-alert"),
        ("/customer/account:u-4711", "#friction-1"),
    ):
        only = {"span": view["span"], "channel": "phone"}
        browser.get(f"{site.url}{path}?{urlencode(only)}")
        until(browser, presence_of_element_located((By.CSS_SELECTOR, shown)))
        for query in (only, view):
            browser.execute_async_script(FILTER, query)
            links = browser.execute_script(
                "return [...document.querySelectorAll('a')].map((a) => a.href)"
                ".filter((href) => new URL(href).origin === location.origin)"
            )
            assert len(links) >= 7, path
            for link in links:
                parts = urlsplit(link)
                kept = dict(parse_qsl(parts.query))
                assert {name: kept.get(name) for name in query} == query, link
                followed.add(parts.path.split("/")[1])
    assert {"", "contacts", "journeys", "health", "measures", "alerts", "customer"} <= followed


@pytest.mark.slow
def test_dates_are_picked_and_kept_in_the_address(site: Site, browser: Chrome, picture: Picture) -> None:
    """Two dates select a period; it is in the address, shown in words, and loaded once if it is past."""
    day = datetime.now(UTC).date() - timedelta(days=1)
    browser.get(site.url)
    sees(browser, "in the last 24 hours", "h1")
    browser.find_element(By.XPATH, "//button[text()='Dates']").click()
    for name in ("from", "to"):
        field = browser.find_element(By.NAME, name)
        browser.execute_script(
            "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input'))",
            field,
            str(day),
        )
    picture("dates")
    browser.find_element(By.CSS_SELECTOR, ".tl-dates button").click()
    shown = f"from {day.day} {day:%b} {day.year} to"
    sees(browser, shown, "h1")
    assert browser.current_url.endswith(f"?span={day}..{day}")
    sees(browser, "Past period", ".tl-fresh")
    browser.refresh()
    sees(browser, shown, "h1")
    browser.find_element(By.LINK_TEXT, "Decisions").click()
    sees(browser, "Measures", ".tl-pages")
    browser.find_element(By.CSS_SELECTOR, ".tl-pages a[href^='/measures']").click()
    sees(browser, shown, "h1")


@pytest.mark.slow
def test_the_period_is_kept_in_the_address(site: Site, browser: Chrome) -> None:
    """Selecting a period changes the figures in place; the address opens the same period."""
    browser.get(site.url)
    sees(browser, "in the last 24 hours", "h1")
    for name, key, said in (("7 days", "7d", "in the last 7 days"), ("All", "all", "in total")):
        browser.find_element(By.XPATH, f"//button[text()='{name}']").click()
        sees(browser, said, "h1")
        assert browser.current_url.endswith(f"?span={key}")
    browser.refresh()
    sees(browser, "in total", "h1")


@pytest.mark.slow
def test_a_customer_of_any_identifier_has_a_page(site: Site, browser: Chrome) -> None:
    """An identifier with line breaks, slashes or other signs opens its customer, by address and search."""
    site.do("odd")
    for number, identifier in enumerate(ODD):
        browser.get(f"{site.url}/customer/{quote(identifier, safe='')}")
        sees(browser, f"odd{number}", "h1")
        sees(browser, "No friction in 1 event", ".tl-lead")
    browser.find_element(By.ID, "tl-find").send_keys(Keys.CONTROL + "a" + Keys.NULL + ODD[1] + Keys.ENTER)
    sees(browser, "odd1", "h1")


def test_a_search_shows_the_customers_history(
    site: Site, browser: Chrome, look: Look, picture: Picture
) -> None:
    """Searching an e-mail address shows the customer's journeys, frictions and evidence."""
    browser.get(site.url)
    sees(browser, "in the last 24 hours", "h1")
    browser.find_element(By.ID, "tl-find").send_keys("customer4711@mail.example" + Keys.ENTER)
    sees(browser, "account u-4711", "h1")
    sees(browser, "6 frictions (5 open) in 17 events")
    sees(browser, "Page viewed \N{MULTIPLICATION SIGN} 4")
    friction = browser.find_element(By.ID, "friction-1")
    assert "Payment failed" in friction.text
    assert "resolved after" in friction.text
    assert friction.get_attribute("data-open") == "false"
    assert browser.find_elements(By.CSS_SELECTOR, ".tl-event a[href='#friction-3']")
    picture("history-of-customer")
    look(420, 900, "dark")
    browser.refresh()
    sees(browser, "account u-4711", "h1")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 420
    picture("history-of-customer-420-dark")


@pytest.mark.slow
def test_an_unknown_customer_shows_how_to_search(site: Site, browser: Chrome, picture: Picture) -> None:
    """A search that finds nobody shows the searched text and what to search for."""
    browser.get(f"{site.url}/customer/{quote('nobody/<b>?#', safe='')}")
    sees(browser, "No customer found for “nobody/<b>?#”", "h1")
    picture("unknown")


def test_routes_of_the_app_take_precedence(site: Site) -> None:
    """The app's own routes answer as before; an unknown path gets a 404."""
    assert site.get("/healthz") == (200, "fine")
    assert site.get("/")[0] == 200
    assert site.get("/nothing/here")[0] == 404
