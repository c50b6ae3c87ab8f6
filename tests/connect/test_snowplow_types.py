"""Types and data of Snowplow's events."""

from pathlib import Path

import pytest

from tests.connect.snowplow_payloads import OWN, PAGE, Json, action, entities, own_event, schema, stored
from touchline.collector.dialects.snowplow.counterparts import CLASSIC, ECOMMERCE, SELF_DESCRIBING

CART = ("cart", {"cart_id": "c-1", "total_value": 80.5, "currency": "EUR"})
ORDER = ("transaction", {"transaction_id": "o-1", "revenue": 80.5, "currency": "EUR", "total_quantity": 2})

CASES: list[tuple[Json, str, Json]] = [
    (
        {"e": "pv", "url": PAGE, "page": "Basket", "refr": "https://search.example/"},
        "page.viewed",
        {"page": "/basket", "url": PAGE, "title": "Basket", "referrer": "https://search.example/"},
    ),
    ({"e": "pv"}, "custom.snowplow_page_view", {}),
    (
        {"e": "pp", "url": PAGE, "pp_miy": "0", "pp_may": "300"},
        "custom.snowplow_page_ping",
        {"min_y": 0, "max_y": 300},
    ),
    (
        {"e": "se", "se_ca": "Help Desk", "se_ac": "openChat", "se_va": "2.5"},
        "custom.help_desk_open_chat",
        {"category": "Help Desk", "action": "openChat", "value": 2.5},
    ),
    (
        {"e": "tr", "tr_id": "o-1", "tr_tt": "30", "tr_cu": "eur", "tr_tx": "4.79"},
        "order.placed",
        {"order_id": "o-1", "value": 30, "currency": "EUR", "cart_id": "session-s-1", "tax": 4.79},
    ),
    ({"e": "tr", "tr_tt": "30"}, "custom.snowplow_transaction", {"total": 30}),
    (
        {"e": "ti", "ti_id": "o-1", "ti_sk": "p-1", "ti_pr": "15", "ti_qu": "2"},
        "custom.snowplow_transaction_item",
        {"order_id": "o-1", "sku": "p-1", "price": 15, "quantity": 2},
    ),
    ({"e": "zz", "url": PAGE}, "custom.snowplow_zz", {}),
    *(
        (
            own_event(vendor, "screen_view", {"id": "77", "name": "Basket"}),
            "page.viewed",
            {"page": "Basket", "id": "77"},
        )
        for vendor in (OWN, "com.snowplowanalytics.mobile")
    ),
    (
        own_event(OWN, "link_click", {"targetUrl": "https://a.example", "elementClasses": ["big"]}),
        "element.clicked",
        {"element": "https://a.example", "elementClasses": ["big"]},
    ),
    (
        own_event(OWN, "button_click", {"id": "pay", "label": "Pay now"}),
        "element.clicked",
        {"element": "pay", "text": "Pay now"},
    ),
    (
        own_event(OWN, "focus_form", {"formId": "address", "elementId": "city", "value": "Bonn"}),
        "form.started",
        {"form_id": "address", "elementId": "city"},
    ),
    (
        own_event(OWN, "change_form", {"formId": "address", "elementId": "city", "value": "Bonn"}),
        "custom.snowplow_change_form",
        {"formId": "address", "elementId": "city"},
    ),
    (
        own_event(OWN, "submit_form", {"formId": "address", "elements": [{"name": "city", "value": "Bonn"}]}),
        "form.submitted",
        {"form_id": "address", "elements": [{"name": "city"}]},
    ),
    (own_event(OWN, "submit_form", {"formId": ""}), "custom.snowplow_submit_form", {"formId": ""}),
    (
        own_event(OWN, "site_search", {"terms": ["red", "shoes"], "totalResults": 0}),
        "search.performed",
        {"query": "red shoes", "results": 0},
    ),
    (
        own_event(OWN, "application_error", {"message": "No stock", "exceptionName": "E1", "lineNumber": 3}),
        "error.shown",
        {"message": "No stock", "code": "E1", "lineNumber": 3},
    ),
    (
        own_event(OWN, "add_to_cart", {"sku": "p-1", "quantity": 1, "unitPrice": 9.5, "currency": "EUR"}),
        "cart.updated",
        {"cart_id": "session-s-1", "currency": "EUR", "sku": "p-1", "quantity": 1, "unitPrice": 9.5},
    ),
    (
        own_event(OWN, "consent_granted", {"documents": 1}),
        "custom.snowplow_consent_granted",
        {"documents": 1},
    ),
    *(
        (
            action(kind, CART, ("product", {"id": "p-1"}), ("product", {"id": "p-2"})),
            "cart.updated",
            {
                "cart_id": "c-1",
                "value": 80.5,
                "currency": "EUR",
                "type": kind,
                "products": [{"id": "p-1"}, {"id": "p-2"}],
            },
        )
        for kind in ("add_to_cart", "remove_from_cart")
    ),
    (
        action("checkout_step", CART, ("checkout_step", {"step": 1})),
        "checkout.started",
        {
            "cart_id": "c-1",
            "value": 80.5,
            "currency": "EUR",
            "type": "checkout_step",
            "checkout_step": {"step": 1},
        },
    ),
    (
        action("checkout_step", ("checkout_step", {"step": 2, "payment_method": "card"})),
        "checkout.step_completed",
        {
            "cart_id": "session-s-1",
            "step": "2",
            "type": "checkout_step",
            "checkout_step": {"payment_method": "card"},
        },
    ),
    (
        action("transaction", ORDER, ("cart", {"cart_id": "c-1"})),
        "order.placed",
        {
            "order_id": "o-1",
            "value": 80.5,
            "currency": "EUR",
            "cart_id": "c-1",
            "items": 2,
            "type": "transaction",
        },
    ),
    (
        action("trns_error", ORDER, ("transaction_error", {"error_shortcode": "card_declined"})),
        "order.failed",
        {
            "order_id": "o-1",
            "value": 80.5,
            "currency": "EUR",
            "cart_id": "session-s-1",
            "reason": "card_declined",
            "type": "trns_error",
            "transaction": {"total_quantity": 2},
        },
    ),
    (
        action("refund", ("refund", {"transaction_id": "o-1", "refund_amount": 9.5, "currency": "EUR"})),
        "refund.issued",
        {"order_id": "o-1", "value": 9.5, "currency": "EUR", "type": "refund"},
    ),
    (action("refund"), "custom.snowplow_refund", {"type": "refund"}),
    (
        action("product_view", ("product", {"id": "p-1"})),
        "custom.snowplow_product_view",
        {"type": "product_view", "products": [{"id": "p-1"}]},
    ),
    (
        own_event("com.acme", "QuizFinished", {"score": 7, "page": 3}),
        "custom.com_acme_quiz_finished",
        {"score": 7, "page": 3},
    ),
    (own_event("com.acme", "list", [1, 2]), "custom.com_acme_list", {"value": [1, 2]}),
]


@pytest.mark.parametrize(("fields", "type_name", "data"), CASES, ids=[case[1] for case in CASES])
def test_each_event_has_its_type_and_data(fields: Json, type_name: str, data: Json) -> None:
    """The type of the vocabulary where its required fields are there, else a type of its own."""
    event = stored(fields)
    assert (event["type"], event["data"]) == (type_name, data)


def test_events_of_pages_say_on_which() -> None:
    """Types of the vocabulary that happen on a page have it in their data, all others in the context."""
    search = stored(own_event(OWN, "site_search", {"terms": ["a"]}) | {"url": PAGE})
    assert search["data"] == {"query": "a", "page": "/basket", "url": PAGE}
    quiz = stored(own_event("com.acme", "quiz", {}) | {"url": PAGE, "page": "Basket"})
    assert quiz["context"]["page"] == {"url": PAGE, "path": "/basket", "title": "Basket"}


def test_a_field_that_does_not_fit_our_type_is_kept_beside_it() -> None:
    """A currency that is none, or a count that is text, never costs the event."""
    event = stored(own_event(OWN, "site_search", {"terms": ["a"], "results": "many", "totalResults": -1}))
    assert event["data"] == {"query": "a", "snowplow_results": "many", "totalResults": -1}
    event = stored({"e": "tr", "tr_id": "o-1", "tr_cu": "Euro", "tr_tt": "a lot"})
    assert event["data"]["snowplow_currency"] == "Euro"
    assert event["data"]["total"] == "a lot"


def test_what_no_rule_reads_is_kept() -> None:
    """Entities, circumstances and fields that we do not know are in the context."""
    about = entities(("com.acme", "store", {"city": "Bonn"}), (OWN, "web_page", {"id": "w"}))
    event = stored(
        {"e": "pv", "url": PAGE, "lang": "de", "tv": "js-4.10.1", "res": "800x600", "vid": "3"} | about
    )
    assert event["context"] == {
        "name": "page_view",
        "session_id": "s-1",
        "locale": "de",
        "platform": "web",
        "library": {"name": "snowplow-js", "version": "4.10.1"},
        "entities": [
            {"schema": schema("com.acme", "store"), "data": {"city": "Bonn"}},
            {"schema": schema(OWN, "web_page"), "data": {"id": "w"}},
        ],
        "snowplow": {"res": "800x600", "vid": "3"},
    }


def test_the_page_names_every_mapped_event() -> None:
    """docs/connect/snowplow.md has each event of Snowplow's in the row of its type."""
    page = Path(__file__).parents[2] / "docs" / "connect" / "snowplow.md"
    rows = [row for row in page.read_text(encoding="utf-8").splitlines() if row.startswith("| ")]
    for table in (SELF_DESCRIBING, ECOMMERCE):
        for name, counterpart in table.items():
            word = name.partition(" ")[0]
            found = [row for row in rows if f"`{word}`" in row and f"`{counterpart.type}`" in row]
            assert found, (name, counterpart.type)
    for counterpart in CLASSIC.values():
        assert any(f"`{counterpart.type}`" in row for row in rows)
