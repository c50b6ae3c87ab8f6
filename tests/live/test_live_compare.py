"""The page that compares two periods, in a real browser."""

from datetime import UTC, date, datetime, timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from tests.live.browsing import Picture, Site, sees, until
from touchline.live.comparison.page import question_of


def test_an_address_is_a_question() -> None:
    """A change comes first; two periods have both their days; what is no date is left out."""
    assert question_of("c-1", "2026-11-01..2026-11-02", "", "UTC").change == "c-1"
    question = question_of("", "2026-11-01..2026-11-02", "2026-11-03..2026-11-04", "Europe/Paris")
    assert question.is_complete
    assert question.before
    assert question.before[1] - question.before[0] == 2 * 86_400_000
    assert question.before[0] == datetime(2026, 10, 31, 23, tzinfo=UTC).timestamp() * 1000
    assert not question_of("", "7d", "'; DROP", "UTC").is_complete


def _evening(now: datetime) -> tuple[date, str]:
    """A zone where it is 20 o'clock at `now`, and its date: a day with events, whenever the test runs."""
    hours = (32 - now.hour) % 24 - 12
    return (now + timedelta(hours=hours)).date(), f"Etc/GMT{-hours:+d}"


@pytest.mark.parametrize("hour", range(24))
def test_somewhere_it_is_evening(hour: int) -> None:
    """At every hour there is a zone where it is 20 o'clock."""
    now = datetime(2026, 12, 1, hour, 30, tzinfo=UTC)
    day, zone = _evening(now)
    there = now.astimezone(ZoneInfo(zone))
    assert (there.hour, there.date()) == (20, day)


@pytest.mark.slow
def test_two_periods_are_compared_on_the_page(site: Site, browser: Chrome, picture: Picture) -> None:
    """The result is a sentence for each rule, the address opens it again, and what cannot be says why."""
    today, zone = _evening(datetime.fromtimestamp(site.do("hostile") / 1000, UTC))
    yesterday, zone = today - timedelta(days=1), quote(zone)
    browser.get(f"{site.url}/compare")
    sees(browser, "Did it help?", "h1")
    until(browser, lambda _: len(browser.find_elements(By.CSS_SELECTOR, "option")) > 1)
    browser.get(f"{site.url}/compare?before={yesterday}..{yesterday}@{zone}&after={today}..{today}@{zone}")
    sees(browser, " at Phone · call-centre", ".tl-compared")
    sees(browser, "clear change", "section h2")
    assert browser.find_element(By.CSS_SELECTOR, "[type=date]").get_attribute("value") == str(yesterday)
    picture("compare")
    browser.get(f"{site.url}/compare?before=1999-01-01..1999-01-02&after=1999-01-03..1999-01-04")
    sees(browser, "lies outside the data", ".tl-fault[role=alert]")
    browser.get(f"{site.url}/compare?change=nothing")
    sees(browser, "No change.deployed event has the change_id 'nothing'", "[role=alert].tl-fault")
    assert browser.execute_script("return window.harmed") is None
