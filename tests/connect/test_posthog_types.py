"""Which type PostHog's events have, and where their properties are."""

import json

import pytest

from tests.connect.posthog_requests import event, stored
from touchline.collector.dialects.posthog.mapping import RULES

CLICKED = {
    "$lib": "web",
    "$pathname": "/cart",
    "$current_url": "https://shop.example/cart",
    "$event_type": "click",
    "$elements_chain": 'button.big.btn:attr__class="big btn"attr__id="pay"nth-child="1"text="Pay now"'
    ';form.f:attr__id="x"',
    "$el_text": "Pay now",
}


def test_page_views() -> None:
    """A page view has the page; what else its properties tell is its circumstances."""
    [line] = stored(
        event(
            "$pageview",
            **{
                "$lib": "web",
                "$lib_version": "1.449.2",
                "$pathname": "/cart",
                "$current_url": "https://shop.example/cart",
                "$referrer": "$direct",
                "title": "Cart",
                "$raw_user_agent": "Agent",
                "$browser_language": "de",
                "$session_id": "s-1",
                "utm_source": "news",
                "utm_term": None,
                "variant": "b",
            },
        ),
        "/e/",
    )
    assert (line["type"], line["channel"], line["source"]) == ("page.viewed", "web", "web-shop")
    assert line["data"] == {
        "page": "/cart",
        "url": "https://shop.example/cart",
        "title": "Cart",
        "variant": "b",
    }
    assert line["context"] == {
        "name": "$pageview",
        "library": "web",
        "library_version": "1.449.2",
        "page": "/cart",
        "url": "https://shop.example/cart",
        "referrer": "$direct",
        "user_agent": "Agent",
        "locale": "de",
        "session_id": "s-1",
        "utm_source": "news",
    }


@pytest.mark.parametrize(
    ("url", "page"),
    [("https://shop.example/cart?a=b#c", "/cart"), ("https://shop.example", "/"), ("/cart", "/cart")],
)
def test_pages_that_a_server_names_by_their_url(url: str, page: str) -> None:
    """The page is the path of the URL."""
    [line] = stored(event("$pageview", **{"$current_url": url}))
    assert (line["type"], line["data"]) == ("page.viewed", {"page": page, "url": url})


def test_screens() -> None:
    """A screen of an app is a page, and its app the source."""
    app = {"$lib": "posthog-ios", "$screen_name": "Cart", "$app_name": "Shop"}
    [line] = stored(event("$screen", **app))
    assert (line["type"], line["channel"], line["source"]) == ("page.viewed", "app", "Shop")
    assert line["data"] == {"page": "Cart"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("$autocapture", "element.clicked"),
        ("$rageclick", "element.rage_clicked"),
        ("$dead_click", "element.dead_clicked"),
    ],
)
def test_clicks(name: str, expected: str) -> None:
    """A click has the element and its text."""
    [line] = stored(event(name, **CLICKED, **{"$dead_click_absolute_delay_ms": 3004}))
    assert line["type"] == expected
    data = line["data"]
    assert (data["element"], data["text"], data["page"]) == ("button#pay", "Pay now", "/cart")
    assert data.get("waited_seconds") == (3.004 if name == "$dead_click" else None)


@pytest.mark.parametrize(
    ("chain", "element"),
    [
        ('a:href="#x;y"attr__name="n.1";b', "a[name=n.1]"),
        ("div.card.wide;body", "div.card"),
        ('span:text="a \\"b\\"; c"', "span"),
        ("my-tag", "my-tag"),
    ],
)
def test_elements_of_a_chain(chain: str, element: str) -> None:
    """The clicked element is the first, by its id, name or first class."""
    [line] = stored(event("$rageclick", **{**CLICKED, "$elements_chain": chain}))
    assert line["data"]["element"] == element


def test_elements_of_a_list() -> None:
    """Apps and old browsers send a list; one that repeats the chain is left out."""
    elements = [{"tag_name": "button", "attr__id": "pay", "$el_text": "Pay now"}, {"tag_name": "form"}]
    [line] = stored(event("$rageclick", **{"$elements": elements}))
    assert (line["data"]["element"], line["data"]["text"]) == ("button#pay", "Pay now")
    [line] = stored(event("$rageclick", **CLICKED, **{"$elements": elements}))
    assert "$elements" not in line["data"]


def test_errors() -> None:
    """An error in the customer's browser was shown to the customer; one on a server was not."""
    error = {
        "$exception_list": [{"type": "TypeError", "value": "x is null"}],
        "$exception_level": "error",
    }
    [line] = stored(event("$exception", **error, **{"$lib": "web", "$is_identified": True}))
    assert line["type"] == "error.shown"
    assert (line["data"]["message"], line["data"]["code"]) == ("x is null", "TypeError")
    [line] = stored(event("$exception", **error, **{"$lib": "posthog-python"}))
    assert line["type"] == "custom.exception"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Quiz Finished", "custom.quiz_finished"),
        ("$pageleave", "custom.pageleave"),
        ("$feature_flag_called", "custom.feature_flag_called"),
        ("order.placed", "custom.order_placed"),
        ("💥", "custom.unnamed"),
    ],
)
def test_other_events_have_a_type_of_their_own(name: str, expected: str) -> None:
    """The name that the client gave stays in the context."""
    [line] = stored(event(name, score=7, **{"$lib": "posthog-python", "$groups": {"company": "acme"}}))
    assert line["type"] == expected
    assert line["context"]["name"] == name
    assert line["data"] == {"score": 7, "$groups": {"company": "acme"}}


@pytest.mark.parametrize("name", RULES)
def test_an_event_that_lacks_what_its_type_needs_is_stored(name: str) -> None:
    """So is one with properties of its own that have the name of a field but not its type."""
    assert stored(event(name))
    own = {field: [1, {}] for field in ("page", "url", "title", "element", "text", "clicks", "message")}
    full = {**CLICKED, "$exception_list": [{"value": "x"}], "$screen_name": "Cart"}
    assert stored(event(name, **own, **full))
    assert stored(event(name, **dict.fromkeys(full, 5) | {"$lib": "web"}))


def test_long_names_are_cut_as_posthog_cuts_them() -> None:
    """A name has at most 200 characters."""
    [line] = stored(event("a" * 900))
    assert line["context"]["name"] == "a" * 200


def test_the_key_is_not_kept() -> None:
    """Browsers repeat the key in each event; another property of that name stays."""
    [line] = stored({"api_key": "tlb_secret", "batch": [event(token="tlb_secret")]})
    assert "tlb_secret" not in json.dumps(line)
    [line] = stored([event(token="tlb_secret")])
    assert "tlb_secret" not in json.dumps(line)
    [line] = stored({"api_key": "tlb_secret", "batch": [event(token="of the event")]})
    assert line["data"] == {"token": "of the event"}
