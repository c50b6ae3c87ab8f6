"""How events come from the browser to the collector: leaving, offline, reloads, consent, identity."""

from itertools import pairwise
from typing import Any

import pytest

from tests.browser.visitor import Visitor, data_of
from tests.waiting import wait_for
from touchline.identity import customers, pairs

pytestmark = pytest.mark.slow

STORED = "return [Object.keys(localStorage).filter(key => key.startsWith('touchline')), document.cookie]"


def identifiers(event: dict[str, Any]) -> dict[str, str]:
    return dict(identifier.split(":", 1) for identifier in event["identifiers"])


def test_events_of_the_last_moment_arrive(visitor: Visitor) -> None:
    """What happens right before the page is left is sent by beacon, which needs no page."""
    visitor.open()
    visitor.rest(0.3)
    visitor.run("touchline.order({order_id: 'o-1', value: 80, currency: 'EUR'}); location = '/second.html'")
    wait_for(lambda: len(visitor.arrived()) == 2)
    assert [event["type"] for event in visitor.arrived()] == ["page.viewed", "order.placed"]


def test_a_hidden_page_sends_at_once(visitor: Visitor) -> None:
    """Another tab in front: the events leave before the page can be closed; none is sent twice for good."""
    visitor.open()
    assert len(visitor.sent()) == 1
    page = visitor.chromium.current_window_handle
    visitor.run("touchline.cart({cart_id: 'c-1'})")
    visitor.chromium.switch_to.new_window("tab")
    try:
        wait_for(lambda: len(visitor.arrived()) == 2)
    finally:
        visitor.chromium.close()
        visitor.chromium.switch_to.window(page)
    assert visitor.types() == ["cart.updated"]


def test_events_wait_for_the_network(visitor: Visitor) -> None:
    """Offline for some seconds: nothing is lost, and all events arrive later, with their own times."""
    visitor.open()
    assert len(visitor.sent()) == 1
    visitor.online(False)
    for number in range(3):
        visitor.run("touchline.cart({cart_id: arguments[0]})", f"c-{number}")
        visitor.rest(1)
    assert len(visitor.arrived()) == 1
    visitor.online(True)
    sent = visitor.sent()
    assert data_of(sent, "cart.updated", "cart_id") == [("c-0",), ("c-1",), ("c-2",)]
    times = [event["time"] for event in sent[1:]]
    assert all(800 < later - earlier < 5_000 for earlier, later in pairwise(times))


def test_events_survive_a_reload_while_the_collector_is_away(visitor: Visitor) -> None:
    """They are stored until the collector has answered for them, and the next page sends them."""
    visitor.open()
    assert len(visitor.sent()) == 1
    visitor.shop.switch.away.set()
    visitor.run("touchline.cart({cart_id: 'before'})")
    visitor.rest(1.5)
    visitor.chromium.refresh()
    visitor.started()
    visitor.run("touchline.cart({cart_id: 'after'})")
    visitor.rest(1.5)
    assert len(visitor.arrived()) == 1
    visitor.shop.switch.away.clear()
    assert visitor.types() == ["cart.updated", "page.viewed", "cart.updated"]


def test_the_queue_is_bounded_and_its_losses_are_counted(visitor: Visitor) -> None:
    """It keeps the newest 500 events; the collector learns how many were dropped."""
    dropped = 'touchline_events_total{producer="pages",reason="not_kept",result="dropped"}'
    before = visitor.shop.served.metric(dropped)
    visitor.shop.switch.away.set()
    visitor.open()
    visitor.run("for (let n = 0; n < 600; n++) touchline.cart({cart_id: `c-${n}`, note: 'x'.repeat(20)})")
    visitor.shop.switch.away.clear()
    sent = visitor.sent()
    carts = [cart for (cart,) in data_of(sent, "cart.updated", "cart_id")]
    assert carts == [f"c-{number}" for number in range(100, 600)]
    wait_for(lambda: visitor.shop.served.metric(dropped) - before == 101)


def test_a_refused_key_stops_the_script(visitor: Visitor) -> None:
    """A page with an unknown key asks once, and keeps its events for the next page."""
    visitor.chromium.get("about:blank")
    before = len(visitor.shop.switch.requests)
    key, visitor.shop.key = visitor.shop.key, "tlb_wrong"
    try:
        visitor.open()
        visitor.run("touchline.cart({cart_id: 'kept'})")
        visitor.rest(3)
    finally:
        visitor.shop.key = key
    assert len(visitor.shop.switch.requests) - before <= 2
    visitor.open()
    assert visitor.types() == ["cart.updated", "page.viewed"]


def test_before_consent_nothing_is_stored_or_sent(visitor: Visitor) -> None:
    """After it the page is viewed; a later refusal deletes what is stored, and ends it."""
    visitor.chromium.get("about:blank")
    before = len(visitor.shop.switch.requests)
    visitor.open(consent="required")
    visitor.run("touchline.identify({account: 'u-1'}); touchline.cart({cart_id: 'early'})")
    visitor.rest(1.5)
    assert visitor.run(STORED) == [[], ""]
    assert len(visitor.shop.switch.requests) == before
    visitor.run("touchline.consent('granted'); touchline.cart({cart_id: 'agreed'})")
    assert visitor.types() == ["cart.updated"]
    assert visitor.run(STORED)[0] == ["touchline.device"]
    visitor.run(
        "touchline.cart({cart_id: 'c'}); touchline.consent('denied'); touchline.cart({cart_id: 'late'})"
    )
    visitor.rest(1.5)
    assert visitor.run(STORED) == [[], ""]
    assert data_of(visitor.arrived(), "cart.updated", "cart_id") == [("agreed",)]


def test_a_refusal_deletes_what_earlier_visits_stored(visitor: Visitor) -> None:
    """Consent that is withdrawn on a later page holds for what an earlier one stored."""
    visitor.open()
    visitor.shop.switch.away.set()
    visitor.run("touchline.cart({cart_id: 'c'})")
    visitor.chromium.get(visitor.shop.url("second.html"))
    assert len(visitor.run(STORED)[0]) == 2
    visitor.shop.switch.away.clear()
    visitor.open(consent="required")
    visitor.run("touchline.consent('denied')")
    assert visitor.run(STORED) == [[], ""]


def test_without_cookies_the_events_of_a_page_are_one_unknown_customers(visitor: Visitor) -> None:
    """Nothing is stored, no device id is sent, and two pages have nothing in common."""
    visitor.open(consent="cookieless")
    visitor.run("touchline.cart({cart_id: 'c-1'})")
    visitor.rest(1.5)
    assert visitor.run(STORED) == [[], ""]
    visitor.open(consent="cookieless")
    wait_for(lambda: len(visitor.arrived()) == 3)
    first, cart, second = visitor.arrived()
    assert identifiers(first).keys() == {"session"}
    assert identifiers(first) != identifiers(second)
    assert identifiers(cart) == {"cart": "c-1"}
    assert first["context"]["session_id"] == cart["context"]["session_id"]


def test_two_people_at_one_browser_are_two(visitor: Visitor) -> None:
    """After logout the browser has another device id; so it has if somebody else logs in without one."""
    visitor.open()
    for script in (
        "touchline.identify({account: 'ada', email: 'ada@mail.example'}); touchline.cart({cart_id: '1'})",
        "touchline.reset(); touchline.cart({cart_id: '2'})",
        "touchline.identify({account: 'ben'}); touchline.cart({cart_id: '3'})",
        "touchline.identify({account: 'cem'}); touchline.cart({cart_id: '4'})",
    ):
        visitor.run(script)
        visitor.rest(0.01)
    sent = visitor.sent()
    assert [event["type"] for event in sent if event["type"] != "cart.updated"] == (
        ["page.viewed"] + ["identity.linked"] * 3
    )
    carts = [identifiers(event) for event in sent if event["type"] == "cart.updated"]
    assert [(cart.get("account"), cart.get("email")) for cart in carts] == [
        ("ada", "ada@mail.example"),
        (None, None),
        ("ben", None),
        ("cem", None),
    ]
    devices = [cart["device"] for cart in carts]
    assert identifiers(sent[0])["device"] == devices[0]
    assert devices[1] == devices[2]
    assert len(set(devices)) == 3
    owners = customers(pair for event in sent for pair in pairs(event["identifiers"]))
    assert [owners[f"device:{device}"] for device in devices] == [
        *("account:ada", "account:ben", "account:ben", "account:cem")
    ]


def test_a_customer_is_linked_once_and_kept_for_the_page(visitor: Visitor) -> None:
    """The next page asks for the same link again and sends none; identifiers themselves are not stored."""
    for _ in range(2):
        visitor.open()
        visitor.run("touchline.identify({account: 'ada', email: 'ada@mail.example'})")
        visitor.run("touchline.cart({cart_id: '1'})")
    visitor.rest(1.5)
    assert "ada" not in visitor.run("return JSON.stringify(localStorage)")
    sent = visitor.sent()
    assert [event["type"] for event in sent].count("identity.linked") == 1
    assert {identifiers(event).get("account") for event in sent if event["type"] != "page.viewed"} == {"ada"}
    assert len({identifiers(event)["device"] for event in sent}) == 1


def test_subdomains_share_a_device_by_cookie(visitor: Visitor) -> None:
    """With a cookie domain, two hosts below it are one device; without it they are two."""
    for attributes in ({"cookie-domain": "shop.localhost"}, {}):
        for host in ("a.shop.localhost", "b.shop.localhost"):
            visitor.open(host=host, **attributes)
            visitor.sent()
    devices = [identifiers(event)["device"] for event in visitor.arrived()]
    assert len(devices) == 4
    assert devices[0] == devices[1]
    assert len(set(devices)) == 3


def test_a_domain_that_is_not_the_pages_costs_no_device(visitor: Visitor) -> None:
    """Where the browser refuses the cookie, the events of a page still have one device."""
    visitor.open(**{"cookie-domain": "elsewhere.example"})
    visitor.run("touchline.cart({cart_id: '1'})")
    assert len({identifiers(event)["device"] for event in visitor.sent()}) == 1


def test_the_module_sends_as_the_script_does(visitor: Visitor) -> None:
    """`beforeSend` may change or drop each event; refused events are named in the console."""
    visitor.chromium.get(visitor.shop.url("module.html", source=visitor.source))
    visitor.started()
    visitor.run("touchline.track('search.performed', {query: 'boots', secret: 1})")
    visitor.run("touchline.checkout({cart_id: 'c-1', value: 80, currency: 'EUR'})")
    visitor.run("touchline.checkoutStep('address', {cart_id: 'c-1'})")
    visitor.run("touchline.paymentFailed({cart_id: 'c-1', method: 'card'}); touchline.track('cart.updatd')")
    assert visitor.types() == ["checkout.started", "checkout.step_completed", "payment.failed"]
    assert {event["context"]["release"] for event in visitor.arrived()} == {"7"}
    console = [entry["message"] for entry in visitor.chromium.get_log("browser")]  # type: ignore[no-untyped-call]
    assert any("touchline: type: unknown event type" in message for message in console)


@pytest.mark.parametrize(
    "call",
    [
        "const ring = {}; ring.ring = ring; touchline.track('cart.updated', ring)",
        "touchline.cart({cart_id: 'c-1', items: 2n})",
        "touchline.identify(null)",
        "touchline.identify(undefined)",
    ],
)
def test_what_cannot_be_sent_does_not_fail_the_page(visitor: Visitor, call: str) -> None:
    """A call with values that have no JSON, or without a customer, raises nothing; later events are sent."""
    visitor.open()
    visitor.run(f"{call}; touchline.cart({{cart_id: 'c-2'}})")
    assert [event["data"].get("cart_id") for event in visitor.sent()] == [None, "c-2"]


def test_calls_before_the_script_has_loaded_count(visitor: Visitor) -> None:
    """They wait in an array, those of `init` add options, and a script that is there twice starts once."""
    visitor.open("early.html")
    sent = visitor.sent()
    assert [event["type"] for event in sent] == ["page.viewed", "identity.linked", "cart.updated"]
    assert {event["context"]["release"] for event in sent} == {"7"}
    assert identifiers(sent[2])["account"] == "u-17"
