"""Rage and dead clicks in a real browser, and the clicks that are neither."""

from collections.abc import Iterator

import pytest

from tests.browser.visitor import DEAD_SECONDS, Visitor, data_of

pytestmark = pytest.mark.slow

DEAD = "element.dead_clicked"
RAGE = "element.rage_clicked"


@pytest.fixture
def timed(visitor: Visitor) -> Iterator[Visitor]:
    """A person whose pace does not depend on the machine."""
    with visitor.timed():
        yield visitor


def test_a_rage_click_is_one_event_with_its_clicks(timed: Visitor) -> None:
    """Five quick clicks on a dead button are one rage click, and one dead click."""
    timed.open("clicks.html")
    timed.click("#pay", times=5, every=0.1)
    timed.rest()
    sent = timed.sent()
    assert data_of(sent, RAGE, "element", "text", "clicks", "page") == [
        ("button#pay", "Pay now", 5, "/clicks.html")
    ]
    assert data_of(sent, DEAD, "element", "clicks") == [("button#pay", 5)]
    assert [event["type"] for event in sent] == ["page.viewed", DEAD, RAGE]


def test_clicks_on_what_only_looks_like_a_button_can_be_rage(timed: Visitor) -> None:
    """A card with a pointer, and a button inside of a web component."""
    timed.open("clicks.html")
    timed.click("#card", times=3)
    timed.rest(1.2)
    timed.click("#component >>> #inner", times=3)
    timed.rest(1.2)
    assert data_of(timed.sent(), RAGE, "element", "clicks") == [
        ("div#card", 3),
        ("button#inner", 3),
    ]


def test_repeated_clicks_on_purpose_are_no_rage(timed: Visitor) -> None:
    """Steppers, calendars, what answers each click, double clicks, selecting text, slow or far clicks."""
    timed.open("clicks.html")
    for name in ("add", "more", "less", "quantity", "month", "forward", "inside", "box", "amount"):
        timed.click(f"#{name}", times=4)
    timed.click("#text", times=3)
    timed.click("#pay", times=2)
    timed.rest(1.2)
    timed.click("#pay", times=3, every=1.1)
    timed.click("#wide", times=4, step=31)
    timed.rest()
    assert [kind for kind in timed.types() if kind == RAGE] == []


@pytest.mark.parametrize(
    ("selector", "element"),
    [
        ("#pay", "button#pay"),
        ("#script", "a#script"),
        ("#routed", "a#routed"),
        ("#card", "div#card"),
        ("#component >>> #inner", "button#inner"),
        ("#submit", "button#submit"),
        ("#later", "button#counted"),
        ("#prestyled", "button#prestyled"),
        ("#named", "coupon"),
    ],
)
def test_a_click_without_effect_is_dead(timed: Visitor, selector: str, element: str) -> None:
    """Nothing on the page changes for 2.5 seconds: on a button, a link, and what looks like one."""
    timed.open("clicks.html")
    timed.click(selector)
    timed.rest()
    [event] = [event for event in timed.sent() if event["type"] != "page.viewed"]
    assert (event["type"], event["data"]["element"], event["data"]["clicks"]) == (DEAD, element, 1)
    assert event["data"]["waited_seconds"] >= 2.5


def test_a_double_click_is_one_dead_click(timed: Visitor) -> None:
    """Clicks on one element within the wait are one event."""
    timed.open("clicks.html")
    timed.click("#pay", times=2)
    timed.rest()
    assert data_of(timed.sent(), DEAD, "clicks") == [(2,)]


@pytest.mark.parametrize(
    "selectors",
    [
        ["#menu", "#pressed", "#summary", "#scroller"],
        ["#focuser", "#pushing", "#check", "#box"],
        ["#download", "#attached", "#export", "#copy"],
        ["#mail", "#anchor", "#ignored", "#inside"],
        ["#field", "#choice", "#text", "#less"],
    ],
    ids=lambda selectors: selectors[0].strip("#"),
)
def test_a_click_with_an_effect_is_not_dead(timed: Visitor, selectors: list[str]) -> None:
    """A click on what changes the page, acts elsewhere, is no button, or is left out by the page."""
    timed.open("clicks.html")
    for selector in selectors:
        timed.click(selector)
        timed.rest()
    assert [kind for kind in timed.types() if kind == DEAD] == []


def test_selecting_words_in_something_clickable_is_not_dead(timed: Visitor) -> None:
    """A double click that selects a word has an effect."""
    timed.open("clicks.html")
    timed.click("#clickable", times=2)
    timed.rest()
    assert timed.types() == []


def test_a_dialog_of_the_browser_is_an_effect(visitor: Visitor) -> None:
    """While a dialog is open, the page cannot change."""
    visitor.open("clicks.html")
    visitor.run("document.getElementById('asking').addEventListener('click', () => alert('Sure?'))")
    visitor.click("#asking")
    visitor.rest(1.2)
    visitor.chromium.switch_to.alert.accept()
    visitor.rest()
    assert visitor.types() == []


def test_a_new_tab_is_an_effect(visitor: Visitor) -> None:
    """A link that opens another tab changes nothing on its page."""
    visitor.open("clicks.html")
    page = visitor.chromium.current_window_handle
    visitor.click("#tab")
    visitor.rest(1)
    for handle in visitor.chromium.window_handles:
        if handle != page:
            visitor.chromium.switch_to.window(handle)
            visitor.chromium.close()
    visitor.chromium.switch_to.window(page)
    visitor.rest(DEAD_SECONDS)
    assert visitor.types() == []


def test_of_a_click_before_another_nobody_can_tell(timed: Visitor) -> None:
    """What changes after a second click may come of either, so the first is not reported."""
    timed.open("clicks.html")
    timed.click("#pay")
    timed.click("#card")
    timed.rest()
    assert data_of(timed.sent(), DEAD, "element") == [("div#card",)]
