"""The live page as a person meets it: in a real browser, over the real store."""

from collections.abc import Callable
from typing import Protocol
from urllib.parse import quote

import pytest
from selenium.common.exceptions import TimeoutException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from touchline.panels import DASHBOARDS, PANELS

LIMIT = 30


class Site(Protocol):
    """What the `site` fixture gives."""

    url: str

    def get(self, path: str) -> tuple[int, str]: ...
    def do(self, deed: str) -> None: ...
    @property
    def asked(self) -> int: ...


HARM = '<img src=x onerror="window.harmed=1"><script>window.harmed=1</script>{{ 1+1 }}`${1}`'
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
def test_an_empty_page_says_how_to_begin_and_then_shows_even_old_history(
    empty: Site, browser: Chrome, picture: Picture
) -> None:
    """With no event the page says how to send one; when some of 1999 come it shows them without a reload."""
    browser.get(empty.url)
    sees(browser, "Waiting for the first touchpoint")
    assert f"curl {empty.url}/v1/events" in browser.find_element(By.CSS_SELECTOR, "pre").text
    picture("empty")
    browser.execute_script("window.same = true")
    empty.do("history")
    sees(browser, "No touchpoint is newer than 1 Mar 1999", ".tl-note")
    sees(browser, "1 friction in the newest 24 hours", "h1")
    picture("history")
    assert browser.execute_script("return window.same")


def test_the_first_page_says_what_is_wrong_where_and_who_is_at_risk(
    site: Site, browser: Chrome, look: Look, picture: Picture
) -> None:
    """It leads with what is alarming, then the worst rule and place, and fits narrow and dark screens."""
    browser.get(site.url)
    for said in ("CRITICAL", "Payments fail", "source shop", "25 minutes ago", "31 customers", "usually 2"):
        sees(browser, said, ".tl-alert")
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
def test_every_dashboard_is_drawn(
    site: Site, browser: Chrome, look: Look, picture: Picture, name: str
) -> None:
    """Each dashboard has its panels, all of them read, and fits a narrow screen."""
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


def test_a_figure_changes_in_place_while_a_person_reads(site: Site, browser: Chrome) -> None:
    """A refresh changes the figures and leaves the elements, and what has the focus, as they are."""
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
def test_a_choice_of_channel_is_kept_in_the_address_and_leads_on(site: Site, browser: Chrome) -> None:
    """Choosing a channel changes the figures in place; the address and a rule's link open what they name."""
    browser.get(site.url)
    sees(browser, "phone · call-centre", "[data-panel=friction_by_touchpoint]")
    Select(browser.find_element(By.NAME, "channel")).select_by_visible_text("web")
    sees(browser, "most of all at web · shop", ".tl-lead")
    assert browser.current_url.endswith("?span=24h&channel=web")
    browser.refresh()
    sees(browser, "most of all at web · shop", ".tl-lead")
    browser.find_element(By.LINK_TEXT, "Checkout left unfinished").click()
    sees(browser, "Checkout left unfinished", "[data-panel=journeys_of_a_rule] tbody")
    assert browser.current_url.endswith("/journeys?rule=checkout_abandoned")
    assert (
        Select(browser.find_element(By.NAME, "rule")).first_selected_option.text == "Checkout left unfinished"
    )


@pytest.mark.slow
def test_alerts_are_listed_with_what_is_over(
    site: Site, empty: Site, browser: Chrome, picture: Picture
) -> None:
    """Open alerts, and those that are over, with customers as evidence; without any the page says so."""
    browser.get(site.url)
    sees(browser, "Alerts1", ".tl-pages")
    browser.find_element(By.CSS_SELECTOR, ".tl-pages a[href='/alerts']").click()
    sees(browser, "1 alert open", "h1")
    sees(browser, "Orders fail", "section:last-of-type")
    sees(browser, "over after 1 hour", "section:last-of-type")
    picture("alerts")
    browser.find_element(By.LINK_TEXT, "account u-4711").click()
    sees(browser, "What went wrong")
    browser.get(f"{empty.url}/alerts")
    sees(browser, "No alert is open", "h1")
    sees(browser, "Nothing is wrong by the alert rules.")


@pytest.mark.slow
def test_the_span_of_time_is_chosen_and_kept_in_the_address(site: Site, browser: Chrome) -> None:
    """Choosing a span changes the figures in place; the address then opens the same span."""
    browser.get(site.url)
    sees(browser, "in the last 24 hours", "h1")
    for name, key, said in (("7 days", "7d", "in the last 7 days"), ("All", "all", "in all time")):
        browser.find_element(By.XPATH, f"//button[text()='{name}']").click()
        sees(browser, said, "h1")
        assert browser.current_url.endswith(f"?span={key}")
    browser.refresh()
    sees(browser, "in all time", "h1")


@pytest.mark.slow
def test_a_store_that_is_away_leaves_the_last_figures_with_their_age(
    site: Site, browser: Chrome, picture: Picture
) -> None:
    """While the store is away the page keeps what it had, says what fails, and goes on by itself."""
    browser.get(site.url)
    sees(browser, "in the last 24 hours", "h1")
    site.do("away")
    sees(browser, "The store cannot be read.", "[role=alert]")
    sees(browser, "These figures are from", "[role=alert]")
    sees(browser, "connection refused by the store", "[role=alert]")
    sees(browser, "in the last 24 hours", "h1")
    picture("away")
    browser.get(f"{site.url}/customer/account:u-4711")
    sees(browser, "The story appears here as soon as the store answers.")
    site.do("back")
    sees(browser, "account u-4711", "h1")
    WebDriverWait(browser, LIMIT).until_not(lambda _: browser.find_elements(By.CSS_SELECTOR, ".tl-banner"))


@pytest.mark.slow
def test_a_panel_that_cannot_be_read_says_so_in_its_place(site: Site, browser: Chrome) -> None:
    """Where one query fails its panel says with what and what to do; the others are there as before."""
    site.do("break")
    browser.get(site.url)
    broken = "[data-panel=friction_by_factor]"
    sees(browser, "This panel could not be read.", broken)
    sees(browser, "it took too long", broken)
    sees(browser, "choose a shorter span", broken)
    sees(browser, "Abandoned in queue", "[data-panel=friction_by_rule]")
    assert len(browser.find_elements(By.CSS_SELECTOR, ".tl-failed")) == 1
    site.do("mend")
    sees(browser, "process", broken)


@pytest.mark.slow
def test_a_slow_store_shows_an_outline_of_what_comes(site: Site, browser: Chrome, picture: Picture) -> None:
    """Until the first answer the page says that it loads; then the figures take the outline's place."""
    site.do("hold")
    browser.get(f"{site.url}?span=30d")
    WebDriverWait(browser, LIMIT).until(lambda _: browser.find_elements(By.CSS_SELECTOR, "[role=status]"))
    sees(browser, "Loading", ".tl-fresh")
    picture("loading")
    site.do("release")
    sees(browser, "in the last 30 days", "h1")
    assert not browser.find_elements(By.CSS_SELECTOR, "[role=status]")


@pytest.mark.slow
def test_every_rule_is_listed_on_demand(site: Site, browser: Chrome) -> None:
    """The most frequent rules are shown; a button shows the others too."""
    browser.get(site.url)
    table = "[data-panel=friction_by_rule]"
    sees(browser, "Show all", table)
    assert len(browser.find_elements(By.CSS_SELECTOR, f"{table} tbody tr")) == 8
    browser.find_element(By.CSS_SELECTOR, f"{table} button").click()
    sees(browser, "Three frictions in a week", table)


@pytest.mark.slow
def test_measures_are_shown_with_their_goals_and_the_distance(
    site: Site, browser: Chrome, look: Look, picture: Picture
) -> None:
    """What misses its goal comes first, with how far it is off; what is not measured is not judged."""
    browser.get(f"{site.url}/measures")
    sees(browser, "1 of 2 goals met in the last 7 days", "h1")
    sees(browser, "Missed: Service level 80.0 points short", ".tl-lead")
    first = browser.find_element(By.CSS_SELECTOR, ".tl-measures li:first-child")
    assert first.get_attribute("data-measure") == "service_level"
    for said in ("0.0 %", "missed, 80.0 points short", "goal 80.0 %"):
        assert said in first.text
    sees(browser, "met, ", "[data-measure=strikes]")
    sees(browser, "nothing measured", "[data-measure=nps]")
    sees(browser, "of 0", "[data-measure=ces]")
    browser.find_element(By.CSS_SELECTOR, "[data-measure=abandonment] summary").click()
    sees(browser, "5 to 8 %", "[data-measure=abandonment]")
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
def test_measures_of_an_empty_a_slow_and_an_absent_store(empty: Site, browser: Chrome) -> None:
    """Without events there is nothing to measure; a store that is slow or away is waited for, and said."""
    empty.do("hold")
    browser.get(f"{empty.url}/measures")
    WebDriverWait(browser, LIMIT).until(lambda _: browser.find_elements(By.CSS_SELECTOR, "[role=status]"))
    empty.do("release")
    sees(browser, "Nothing to measure yet", "h1")
    empty.do("away")
    browser.get(f"{empty.url}/measures?span=30d")
    sees(browser, "The measures appear here as soon as the store answers.")
    sees(browser, "connection refused by the store", "[role=alert]")
    empty.do("back")
    sees(browser, "Nothing to measure yet", "h1")


def test_a_search_leads_to_the_customers_story(
    site: Site, browser: Chrome, look: Look, picture: Picture
) -> None:
    """An e-mail address typed into the search opens the story: channels, strikes, evidence, what is open."""
    browser.get(site.url)
    sees(browser, "in the last 24 hours", "h1")
    browser.find_element(By.ID, "tl-find").send_keys("customer4711@mail.example" + Keys.ENTER)
    sees(browser, "account u-4711", "h1")
    sees(browser, "6 frictions, 5 still open in 17 touchpoints")
    sees(browser, "Page viewed \N{MULTIPLICATION SIGN} 4")
    strike = browser.find_element(By.ID, "strike-1")
    assert "Payment failed" in strike.text
    assert "resolved after" in strike.text
    assert strike.get_attribute("data-open") == "false"
    assert browser.find_elements(By.CSS_SELECTOR, ".tl-touchpoint a[href='#strike-3']")
    picture("story")
    look(420, 900, "dark")
    browser.refresh()
    sees(browser, "account u-4711", "h1")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 420
    picture("story-420-dark")


@pytest.mark.slow
def test_a_journey_at_risk_leads_to_its_story(site: Site, browser: Chrome) -> None:
    """A click on the worst journey opens that customer's story."""
    browser.get(site.url)
    sees(browser, "account u-4711", "[data-panel=journeys_at_risk]")
    browser.find_element(By.CSS_SELECTOR, "[data-panel=journeys_at_risk] a").click()
    sees(browser, "What went wrong")


@pytest.mark.slow
def test_an_unknown_customer_is_told_how_to_search(site: Site, browser: Chrome, picture: Picture) -> None:
    """A search that finds nobody says what was sought and what can be."""
    browser.get(f"{site.url}/customer/{quote('nobody/<b>?#', safe='')}")
    sees(browser, "No customer is known as “nobody/<b>?#”", "h1")
    picture("unknown")


@pytest.mark.slow
def test_values_that_mean_harm_are_only_text(site: Site, browser: Chrome) -> None:
    """Markup, templates and very long names from producers are shown as text, clipped, and do nothing."""
    site.do("hostile")
    browser.get(site.url)
    sees(browser, "<img src=x", "main")
    browser.get(f"{site.url}/customer/{quote(f'account:{HARM}', safe='')}")
    sees(browser, "{{ 1+1 }}", ".tl-story")
    assert not browser.find_elements(By.CSS_SELECTOR, "main img, main script")
    assert browser.execute_script("return window.harmed") is None
    longest = max(
        len(word.text) for word in browser.find_elements(By.CSS_SELECTOR, "dd, dt, li.tl-touchpoint b")
    )
    assert longest <= 130


@pytest.mark.slow
def test_pages_share_their_queries_and_none_is_asked_while_none_is_open(site: Site, browser: Chrome) -> None:
    """Three open pages ask no more than one; with the last one closed the questions stop."""

    def read_at() -> str | None:
        return browser.find_element(By.CSS_SELECTOR, ".tl-fresh").get_attribute("title")

    def changes(value: Callable[[], object]) -> None:
        before = value()
        WebDriverWait(browser, LIMIT).until(lambda _: value() != before)

    def asked_in(refreshes: int) -> int:
        begin = site.asked
        for _ in range(refreshes):
            changes(read_at)
        return site.asked - begin

    browser.get(site.url)
    sees(browser, "in the last 24 hours", "h1")
    alone = asked_in(2)
    first = browser.current_window_handle
    for _ in range(2):
        browser.switch_to.new_window("tab")
        browser.get(site.url)
        sees(browser, "in the last 24 hours", "h1")
    assert asked_in(2) < 2 * alone
    for handle in browser.window_handles:
        browser.switch_to.window(handle)
        if handle != first:
            browser.close()
    browser.switch_to.window(first)
    browser.get("about:blank")

    def quiet(_: Chrome) -> bool:
        before = site.asked
        try:
            WebDriverWait(browser, 1.5).until(lambda _: site.asked != before)
        except TimeoutException:
            return True
        return False

    WebDriverWait(browser, LIMIT).until(quiet)


def test_routes_that_were_there_keep_precedence(site: Site) -> None:
    """The app's own routes answer as before; what nobody serves is not found."""
    assert site.get("/healthz") == (200, "fine")
    assert site.get("/")[0] == 200
    assert site.get("/nothing/here")[0] == 404
