"""Page views, forms, errors and requests in a real browser."""

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser.visitor import Visitor, data_of
from tests.waiting import wait_for

pytestmark = pytest.mark.slow

SECRETS = ("ada@mail.example", "s3cr3t-w0rd", "12345", "Ada Q. Sample", "t0k3n")


def test_each_page_of_an_application_is_viewed_once(visitor: Visitor) -> None:
    """New paths, going back and routes in the fragment are views; new queries and fragments are not."""
    visitor.open("app.html")
    visitor.rest(0.2)
    for path, title, how in (
        ("/cart?coupon=SECRET", "Cart", "pushState"),
        ("/cart?coupon=OTHER#top", "Cart", "replaceState"),
        ("/login", "Log in", "replaceState"),
        ("/app.html#/orders?page=2", "Orders", "pushState"),
        ("/app.html#/orders?page=3", "Orders", "pushState"),
        ("/app.html#/help", "Help", "pushState"),
    ):
        visitor.run("go(...arguments)", path, title, how)
        visitor.rest(0.2)
    visitor.run("history.back()")
    visitor.rest(0.3)
    sent = visitor.sent()
    at = f"http://localhost:{visitor.shop.port}"
    assert data_of(sent, "page.viewed", "page", "title", "referrer") == [
        ("/app.html", "Start", None),
        ("/cart", "Cart", f"{at}/app.html"),
        ("/login", "Log in", f"{at}/cart"),
        ("/app.html#/orders", "Orders", f"{at}/login"),
        ("/app.html#/help", "Help", f"{at}/app.html"),
        ("/app.html#/orders", "Help", f"{at}/app.html"),
    ]
    assert len(sent) == 6


def test_a_form_is_started_refused_and_submitted(visitor: Visitor) -> None:
    """A form starts at the first input, a refused field has its reason, and a sent form is submitted."""
    visitor.open("forms.html")
    visitor.type("#email", "ada")
    visitor.click("#go")
    visitor.rest(1.2)
    visitor.type("#email", "@mail.example")
    visitor.type("#zip", "12345")
    visitor.click("#go")
    wait_for(lambda: "/page.html" in visitor.chromium.current_url)
    visitor.started()
    sent = visitor.sent()
    assert data_of(sent, "form.started", "form_id", "fields", "page") == [("address", 3, "/forms.html")]
    assert data_of(sent, "form.field_failed", "form_id", "field", "reason") == [
        ("address", "email", "typeMismatch"),
        ("address", "zip", "valueMissing"),
    ]
    [(form_id, seconds)] = data_of(sent, "form.submitted", "form_id", "seconds")
    assert (form_id, seconds > 1) == ("address", True)
    url = f"http://localhost:{visitor.shop.port}/forms.html"
    assert data_of(sent, "page.viewed", "page", "url") == [("/forms.html", url)]
    assert len(sent) == 5


def test_a_form_that_the_page_refuses_is_not_submitted(visitor: Visitor) -> None:
    """A field marked as wrong, or an alert, after a form was sent says that it was not accepted."""
    visitor.open("forms.html")
    visitor.type("#user", "Ada Q. Sample")
    visitor.type("#password", "s3cr3t-w0rd" + Keys.ENTER)
    visitor.rest(2.5)
    sent = visitor.sent()
    assert [event["type"] for event in sent[1:]] == ["form.started", "form.field_failed", "error.shown"]
    assert data_of(sent, "form.field_failed", "form_id", "field", "reason") == [
        ("login", "password", "marked")
    ]
    assert data_of(sent, "error.shown", "message") == [("… is not known, nor is …",)]


def test_a_form_that_the_page_sends_itself_is_submitted(visitor: Visitor) -> None:
    """If nothing is refused for two seconds, or the page is left before, the form counts as submitted."""
    visitor.open("forms.html")
    visitor.type("#mail", "ada@mail.example")
    visitor.click("#join")
    visitor.rest(2.5)
    assert visitor.types() == ["form.started", "form.submitted"]
    visitor.type("#mail", "x" + Keys.ENTER)
    visitor.chromium.get("about:blank")
    wait_for(lambda: len(data_of(visitor.arrived(), "form.submitted", "form_id")) == 2)


def test_searches_and_ignored_forms_are_left_out(visitor: Visitor) -> None:
    """A search that is not sent is no abandoned form."""
    visitor.open("forms.html")
    visitor.type("#query", "shoes" + Keys.ENTER)
    visitor.started()
    visitor.type("#found", "boots")
    visitor.type("#hush", "x")
    assert set(visitor.types()) <= {"page.viewed"}


def test_errors_are_reported_once_when_they_are_shown(visitor: Visitor) -> None:
    """Also one that was hidden in the page; not good news, and not one message twice in a row."""
    visitor.open("forms.html")
    for selector in ("#fail", "#same", "#good", "#show", "#own"):
        visitor.click(selector)
        visitor.rest(0.5)
    sent = visitor.sent()
    assert data_of(sent, "error.shown", "message") == [
        ("Payment declined",),
        ("Something went wrong",),
        ("Out of stock",),
    ]
    assert len(sent) == 4


def test_errors_of_a_page_that_the_server_made_are_reported(visitor: Visitor) -> None:
    """An alert that is there from the start was shown too; a hidden one was not."""
    visitor.open("refused.html")
    visitor.rest(0.5)
    assert data_of(visitor.sent(), "error.shown", "message") == [
        ("Your session ended. Please log in again.",)
    ]


def test_requests_that_the_customer_waits_for_are_reported_if_they_fail_or_are_slow(visitor: Visitor) -> None:
    """Not quick, refused or given-up ones, and not those that nobody waits for."""
    visitor.open("requests.html", **{"slow-seconds": "0.5"})
    for name in ("fast", "slow", "broken", "refused", "gone", "aborted", "xhr"):
        visitor.click(f"#{name}")
        wait_for(lambda: visitor.find("#state").text in ("done", "failed"))
        visitor.rest(0.3)
    sent = visitor.sent()
    assert data_of(sent, "page.failed", "request", "status") == [
        ("POST /api/broken", 500),
        ("POST /api/gone", None),
        ("GET /api/broken", 500),
    ]
    assert data_of(sent, "page.stalled", "request", "status") == [("POST /api/slow", 200)]
    assert data_of(sent, "page.stalled", "seconds")[0][0] >= 0.8
    assert len(sent) == 5


def test_a_request_that_the_customer_gives_up_is_slow_not_failed(visitor: Visitor) -> None:
    """Leaving ends the page's requests; the wait so far is reported."""
    visitor.open("requests.html", **{"slow-seconds": "0.5"})
    visitor.click("#leaving")
    wait_for(lambda: visitor.chromium.title == "Another site")
    wait_for(lambda: len(visitor.arrived()) >= 2)
    visitor.rest(0.5)
    assert data_of(visitor.arrived(), "page.stalled", "request", "status") == [("GET /api/slow", None)]
    assert len(visitor.arrived()) == 2


def test_the_value_of_an_input_is_never_sent(visitor: Visitor) -> None:
    """Neither typed nor hidden values are in any request to the collector, whatever the page shows."""
    before = len(visitor.shop.switch.requests)
    visitor.open("forms.html")
    visitor.type("#user", "Ada Q. Sample")
    visitor.type("#password", "s3cr3t-w0rd" + Keys.ENTER)
    visitor.rest(0.6)
    visitor.click("#personal")
    visitor.rest(0.6)
    visitor.type("#email", "ada@mail.example")
    visitor.click("#go")
    visitor.type("#zip", "12345")
    visitor.click("#go")
    wait_for(lambda: "/page.html" in visitor.chromium.current_url)
    visitor.started()
    sent = visitor.sent()
    assert ("No order … for …",) in data_of(sent, "error.shown", "message")
    assert "zip" in {field for (field,) in data_of(sent, "form.field_failed", "field")}
    bodies = "".join(body + query for _, query, body in visitor.shop.switch.requests[before:])
    assert "form.submitted" in bodies
    assert [secret for secret in SECRETS if secret in bodies] == []
