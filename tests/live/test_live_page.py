"""The live page in a real browser, over the real store."""

from collections.abc import Callable
from typing import Protocol
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from selenium.common.exceptions import TimeoutException
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

from tests.live.day import ODD
from touchline.panels import DASHBOARDS, PANELS

LIMIT = 30


class Site(Protocol):
    """The `site` fixture."""

    url: str

    def get(self, path: str) -> tuple[int, str]: ...
    def do(self, deed: str) -> None: ...
    @property
    def queries(self) -> int: ...


HOSTILE = '<img src=x onerror="window.harmed=1"><script>window.harmed=1</script>{{ 1+1 }}`${1}`'
DRAWN = """return document.querySelector('.tl-chart canvas').getContext('2d')
    .getImageData(0, 0, 900, 200).data.some(x => x)"""

Look = Callable[[int, int, str], None]
Picture = Callable[[str], None]


def sees(browser: Chrome, text: str, where: str = "body") -> None:
    """Wait until the page shows a text."""
    WebDriverWait(browser, LIMIT, ignored_exceptions=[Exception]).until(
        lambda _: text in browser.find_element(By.CSS_SELECTOR, where).text, f"no {text!r} in {where}"
    )


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


def test_the_first_page_leads_with_alerts_and_the_most_frequent_friction(
    site: Site, browser: Chrome, look: Look, picture: Picture
) -> None:
    """Open alerts come first, then the headline and the panels; the page fits narrow and dark screens."""
    browser.get(site.url)
    for text in ("CRITICAL", "Payments fail", "source shop", "25 minutes ago", "31 customers", "usually 2"):
        sees(browser, text, ".tl-alert")
    assert "Orders fail" not in browser.find_element(By.CSS_SELECTOR, ".tl-alerts").text
    sees(browser, "Abandoned in queue", ".tl-lead")
    sees(browser, "phone · call-centre", ".tl-lead")
    sees(browser, "account u-4711", "[data-panel=journeys_at_risk] tbody tr:first-child")
    sees(browser, "Live", ".tl-fresh")
    WebDriverWait(browser, LIMIT).until(lambda _: browser.execute_script(DRAWN))
    picture("friction")
    for width, scheme in ((1280, "dark"), (420, "light"), (420, "dark")):
        look(width, 900, scheme)
        browser.get(site.url)
        sees(browser, "account u-4711", "[data-panel=journeys_at_risk]")
        wide = browser.execute_script("return document.documentElement.scrollWidth")
        assert wide <= width
        picture(f"friction-{width}-{scheme}")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["contacts", "journeys", "health"])
def test_every_dashboard_shows_its_panels(
    site: Site, browser: Chrome, look: Look, picture: Picture, name: str
) -> None:
    """Each dashboard shows all its panels without an error, and fits a narrow screen."""
    [dashboard] = [one for one in DASHBOARDS if one.id == name]
    browser.get(f"{site.url}/{name}")
    sees(browser, dashboard.title, "h1")
    drawn = {
        one.get_attribute("data-panel") for one in browser.find_elements(By.CSS_SELECTOR, "[data-panel]")
    }
    assert drawn == {one.id for one in PANELS if one.dashboard == name}
    assert not browser.find_elements(By.CSS_SELECTOR, ".tl-failed")
    picture(name)
    look(420, 900, "dark")
    browser.refresh()
    sees(browser, dashboard.title, "h1")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 420
    picture(f"{name}-420-dark")


def test_figures_change_in_place(site: Site, browser: Chrome) -> None:
    """New data change the figures and keep the elements and the focus."""
    browser.get(site.url)
    sees(browser, "account u-4711", "[data-panel=journeys_at_risk]")
    before = browser.find_element(By.CSS_SELECTOR, "[data-panel=frictions] .tl-big")
    link = browser.find_element(By.CSS_SELECTOR, "[data-panel=journeys_at_risk] a")
    browser.execute_script("arguments[0].focus()", link)
    figure = int(before.text)
    site.do("hostile")
    WebDriverWait(browser, LIMIT).until(lambda _: int(before.text) == figure + 1)
    assert browser.switch_to.active_element == link


@pytest.mark.slow
def test_a_filter_is_kept_in_the_address(site: Site, browser: Chrome) -> None:
    """A filter changes the figures in place and is part of the address; a rule links to its journeys."""
    browser.get(site.url)
    sees(browser, "phone · call-centre", "[data-panel=friction_by_touchpoint]")
    Select(browser.find_element(By.NAME, "channel")).select_by_visible_text("web")
    sees(browser, "Most affected: web · shop", ".tl-lead")
    assert browser.current_url.endswith("?span=24h&channel=web")
    browser.refresh()
    sees(browser, "Most affected: web · shop", ".tl-lead")
    browser.find_element(By.LINK_TEXT, "Checkout left unfinished").click()
    sees(browser, "Checkout left unfinished", "[data-panel=journeys_of_a_rule] tbody")
    assert browser.current_url.endswith("/journeys?span=24h&channel=web&rule=checkout_abandoned")
    assert (
        Select(browser.find_element(By.NAME, "rule")).first_selected_option.text == "Checkout left unfinished"
    )


@pytest.mark.slow
def test_period_and_filters_stay_on_every_link(site: Site, browser: Chrome) -> None:
    """The period and the filters of a page stay on every link, also of pages that do not use them."""

    def follow(link: str, text: str) -> None:
        browser.find_element(By.CSS_SELECTOR, link).click()
        sees(browser, text, "h1")
        query = parse_qs(urlsplit(browser.current_url).query)
        assert query | {"rule": []} == {"span": ["30d"], "channel": ["phone"], "rule": []}, link

    browser.get(f"{site.url}/?channel=phone")
    sees(browser, "in the last 24 hours", "h1")
    browser.find_element(By.XPATH, "//button[text()='30 days']").click()
    sees(browser, "in the last 30 days", "h1")
    follow(".tl-alert a", "account u-4711")
    follow(".tl-crumb a", "in the last 30 days")
    follow(".tl-pages a[href^='/contacts']", "Contacts")
    follow(".tl-pages a[href^='/measures']", "in the last 30 days")
    follow(".tl-pages a[href^='/alerts']", "1 open alert")
    follow(".tl-pages a[href^='/journeys']", "Journeys")
    sees(browser, "account u-", "[data-panel=journeys_of_a_rule]")
    follow("[data-panel=journeys_of_a_rule] a", "account u-")
    follow(".tl-brand", "in the last 30 days")
    assert Select(browser.find_element(By.NAME, "channel")).first_selected_option.text == "phone"
    follow("[data-panel=friction_by_rule] a", "Journeys")
    assert "rule=" in browser.current_url
    browser.get(f"{site.url}/measures?span=1h&channel=phone")
    sees(browser, "in the last 7 days", "h1")
    browser.find_element(By.CSS_SELECTOR, ".tl-brand").click()
    sees(browser, "in the last hour", "h1")


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
    browser.find_element(By.LINK_TEXT, "account u-4711").click()
    sees(browser, "Frictions")
    browser.get(f"{empty.url}/alerts")
    sees(browser, "No open alerts", "h1")
    sees(browser, "No alert rule is firing.")


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
    browser.get(f"{site.url}/customer/account:u-4711")
    sees(browser, "This page loads as soon as the store responds.")
    site.do("back")
    sees(browser, "account u-4711", "h1")
    WebDriverWait(browser, LIMIT).until_not(lambda _: browser.find_elements(By.CSS_SELECTOR, ".tl-banner"))


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
    sees(browser, "process", broken)


@pytest.mark.slow
def test_a_slow_store_shows_an_outline(site: Site, browser: Chrome, picture: Picture) -> None:
    """Until the first data arrive the page shows an outline and that it is loading."""
    site.do("hold")
    browser.get(f"{site.url}?span=30d")
    WebDriverWait(browser, LIMIT).until(lambda _: browser.find_elements(By.CSS_SELECTOR, "[role=status]"))
    sees(browser, "Loading", ".tl-fresh")
    picture("loading")
    site.do("release")
    sees(browser, "in the last 30 days", "h1")
    assert not browser.find_elements(By.CSS_SELECTOR, "[role=status]")


@pytest.mark.slow
def test_all_rules_are_listed_on_demand(site: Site, browser: Chrome) -> None:
    """A table shows its first rows, and a button all of them."""
    browser.get(f"{site.url}?span=7d")
    table = "[data-panel=friction_by_rule]"
    sees(browser, "Show all", table)
    rows = browser.find_elements(By.CSS_SELECTOR, f"{table} tbody tr")
    assert [row.is_displayed() for row in rows] == [True] * 8 + [False] * (len(rows) - 8)
    browser.find_element(By.CSS_SELECTOR, f"{table} button").click()
    sees(browser, "Three frictions in a week", table)


@pytest.mark.slow
def test_a_narrow_screen_shows_every_column(site: Site, browser: Chrome, look: Look) -> None:
    """At 390 pixels the score and the grade of a journey are on the screen, with their names."""
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
    for page in ("", "contacts", "journeys", "health"):
        browser.get(f"{site.url}/{page}")
        sees(browser, "24 hours", ".tl-spans")
        cut = "return [...document.querySelectorAll('.tl-scroll')].filter(x => x.scrollWidth > x.clientWidth)"
        assert not browser.execute_script(cut), page


@pytest.mark.slow
def test_a_printed_page_is_whole(site: Site, browser: Chrome, look: Look, picture: Picture) -> None:
    """On paper a page is black on white, without navigation, and tables have all rows and columns."""
    look(718, 1000, "dark")
    browser.get(site.url)
    sees(browser, "Show all 50", "[data-panel=journeys_at_risk]")
    rows = browser.find_elements(By.CSS_SELECTOR, "[data-panel=journeys_at_risk] tbody tr")
    assert not rows[-1].is_displayed()
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert all(row.is_displayed() for row in rows)
        for hidden in (".tl-pages", ".tl-search", "[data-panel=journeys_at_risk] button"):
            assert not browser.find_element(By.CSS_SELECTOR, hidden).is_displayed()
        style = "const s = getComputedStyle(document.body); return [s.backgroundColor, s.color]"
        assert browser.execute_script(style) == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
        tables = browser.find_elements(By.TAG_NAME, "table")
        assert max(table.rect["x"] + table.rect["width"] for table in tables) <= 718
        assert browser.execute_script("return document.querySelector('.tl-chart canvas').clientHeight") > 100
        picture("friction-print")
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


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
def test_measures_of_an_empty_slow_or_unavailable_store(empty: Site, browser: Chrome) -> None:
    """Without events, and while the store is slow or unavailable, the page of measures says so."""
    empty.do("hold")
    browser.get(f"{empty.url}/measures")
    WebDriverWait(browser, LIMIT).until(lambda _: browser.find_elements(By.CSS_SELECTOR, "[role=status]"))
    empty.do("release")
    sees(browser, "No measures yet", "h1")
    empty.do("away")
    browser.get(f"{empty.url}/measures?span=30d")
    sees(browser, "This page loads as soon as the store responds.")
    sees(browser, "connection refused by the store", "[role=alert]")
    empty.do("back")
    sees(browser, "No measures yet", "h1")


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
def test_a_journey_at_risk_links_to_its_customer(site: Site, browser: Chrome) -> None:
    """The first journey at risk links to the history of its customer."""
    browser.get(site.url)
    sees(browser, "account u-4711", "[data-panel=journeys_at_risk]")
    browser.find_element(By.CSS_SELECTOR, "[data-panel=journeys_at_risk] a").click()
    sees(browser, "Frictions")


@pytest.mark.slow
def test_an_unknown_customer_shows_how_to_search(site: Site, browser: Chrome, picture: Picture) -> None:
    """A search that finds nobody shows the searched text and what to search for."""
    browser.get(f"{site.url}/customer/{quote('nobody/<b>?#', safe='')}")
    sees(browser, "No customer found for “nobody/<b>?#”", "h1")
    picture("unknown")


def tooltips(browser: Chrome, chart: WebElement) -> set[str]:
    """The tooltips of a chart, with the mouse on each place of a line across it."""
    shown = "return [...arguments[0].querySelectorAll('div')].map((part) => part.innerText)"
    found: set[str] = set()
    width = int(chart.size["width"])
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", chart)
    for x in range(-width // 2 + 20, width // 2 - 20, 3):
        ActionChains(browser, duration=0).move_to_element_with_offset(chart, x, 40).perform()
        found.update(browser.execute_script(shown, chart))
    return found


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
    shown = browser.find_elements(By.CSS_SELECTOR, "dd [aria-hidden], dt, li.tl-event b")
    assert max(len(word.text) for word in shown) <= 130
    full = {word.get_attribute("title") for word in browser.find_elements(By.CSS_SELECTOR, "dd span[title]")}
    assert HOSTILE in full


@pytest.mark.slow
def test_pages_share_their_queries(site: Site, browser: Chrome) -> None:
    """Three open pages query no more than one, and without an open page the queries stop."""

    def read_at() -> str | None:
        return browser.find_element(By.CSS_SELECTOR, ".tl-fresh").get_attribute("title")

    def changes(value: Callable[[], object]) -> None:
        before = value()
        WebDriverWait(browser, LIMIT).until(lambda _: value() != before)

    def queries_in(refreshes: int) -> int:
        begin = site.queries
        for _ in range(refreshes):
            changes(read_at)
        return site.queries - begin

    browser.get(site.url)
    sees(browser, "in the last 24 hours", "h1")
    alone = queries_in(2)
    first = browser.current_window_handle
    for _ in range(2):
        browser.switch_to.new_window("tab")
        browser.get(site.url)
        sees(browser, "in the last 24 hours", "h1")
    assert queries_in(2) < 2 * alone
    for handle in browser.window_handles:
        browser.switch_to.window(handle)
        if handle != first:
            browser.close()
    browser.switch_to.window(first)
    browser.get("about:blank")

    def quiet(_: Chrome) -> bool:
        before = site.queries
        try:
            WebDriverWait(browser, 1.5).until(lambda _: site.queries != before)
        except TimeoutException:
            return True
        return False

    WebDriverWait(browser, LIMIT).until(quiet)


def test_routes_of_the_app_take_precedence(site: Site) -> None:
    """The app's own routes answer as before; an unknown path gets a 404."""
    assert site.get("/healthz") == (200, "fine")
    assert site.get("/")[0] == 200
    assert site.get("/nothing/here")[0] == 404
