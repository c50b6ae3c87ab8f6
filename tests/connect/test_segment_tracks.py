"""Segment's track events: what each name becomes, and that properties never make an event invalid."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.connect.segment_calls import JSON, received, stored, track
from touchline.collector.acceptance import accept
from touchline.collector.dialects.custom_types import custom_type
from touchline.collector.dialects.segment import SEGMENT
from touchline.collector.dialects.segment.tracks import TRACKS
from touchline.vocabulary.registry import EVENT_TYPES

PRODUCTS = [{"product_id": "p-1", "price": 19, "quantity": 2}, {"product_id": "p-2", "price": 5.5}]

SPECIFIED: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    ("Products Searched", {"query": "blue shoes"}, "search.performed", {"query": "blue shoes"}),
    ("Product Viewed", {"product_id": "p-1"}, "custom.product_viewed", {"product_id": "p-1"}),
    ("Product List Viewed", {"list_id": "l-1"}, "custom.product_list_viewed", {}),
    ("Product Clicked", {"product_id": "p-1"}, "custom.product_clicked", {}),
    ("Promotion Clicked", {"promotion_id": "x"}, "custom.promotion_clicked", {}),
    ("Product Added", {"cart_id": "c-1", "price": 19}, "cart.updated", {"cart_id": "c-1", "price": 19}),
    ("Product Removed", {"cart_id": "c-1"}, "cart.updated", {"cart_id": "c-1"}),
    ("Wishlist Product Added to Cart", {"cart_id": 7}, "cart.updated", {"cart_id": "7"}),
    ("Cart Viewed", {"cart_id": "c-1"}, "custom.cart_viewed", {"cart_id": "c-1"}),
    (
        "Checkout Started",
        {"order_id": "o-1", "value": 43.5, "currency": "EUR", "products": PRODUCTS},
        "checkout.started",
        {"cart_id": "o-1", "value": 43.5, "currency": "EUR", "items": 3, "products": PRODUCTS},
    ),
    ("Checkout Step Viewed", {"step": 2}, "custom.checkout_step_viewed", {"step": 2}),
    (
        "Checkout Step Completed",
        {"checkout_id": "k-1", "step": 2},
        "checkout.step_completed",
        {"cart_id": "k-1", "step": "2", "checkout_id": "k-1"},
    ),
    (
        "Payment Info Entered",
        {"checkout_id": "k-1", "step": 3, "payment_method": "card"},
        "checkout.step_completed",
        {"cart_id": "k-1", "step": "payment", "original": {"step": 3}},
    ),
    (
        "Order Completed",
        {"order_id": 4711, "total": "48.90", "currency": "eur", "products": PRODUCTS},
        "order.placed",
        {"order_id": "4711", "value": 48.9, "currency": "EUR", "items": 3},
    ),
    ("Order Updated", {"order_id": "o-1"}, "custom.order_updated", {"order_id": "o-1"}),
    ("Order Refunded", {"order_id": "o-1", "total": 5}, "refund.issued", {"order_id": "o-1", "value": 5}),
    ("Order Cancelled", {"order_id": "o-1", "total": 5}, "order.cancelled", {"order_id": "o-1"}),
    ("Coupon Entered", {"coupon_id": "may"}, "custom.coupon_entered", {"coupon_id": "may"}),
    (
        "Coupon Applied",
        {"coupon_id": "may", "discount": 5},
        "coupon.redeemed",
        {"coupon_id": "may", "value": 5},
    ),
    (
        "Coupon Denied",
        {"coupon_id": "may", "reason": "Coupon expired"},
        "error.shown",
        {"message": "Coupon expired", "code": "coupon_denied", "coupon_id": "may"},
    ),
    ("Coupon Removed", {"coupon_id": "may"}, "custom.coupon_removed", {"coupon_id": "may"}),
    (
        "Product Reviewed",
        {"review_id": "r-1", "rating": "4", "review_body": "good"},
        "feedback.given",
        {"feedback_id": "r-1", "metric": "review", "score": 4, "comment": "good"},
    ),
    (
        "Email Delivered",
        {"email_id": "e-1", "email_subject": "May", "campaign_id": "may"},
        "campaign.delivered",
        {"campaign_id": "may", "message_id": "e-1", "subject": "May"},
    ),
    ("Email Opened", {"campaign_name": "May"}, "campaign.opened", {"campaign_id": "May"}),
    (
        "Email Link Clicked",
        {"campaign_id": "may", "link_url": "https://shop.example/may"},
        "campaign.clicked",
        {"url": "https://shop.example/may"},
    ),
    ("Email Bounced", {"email_id": "e-1"}, "custom.email_bounced", {"email_id": "e-1"}),
    ("Email Marked as Spam", {"email_id": "e-1"}, "custom.email_marked_as_spam", {}),
    ("Unsubscribed", {}, "custom.unsubscribed", {}),
    ("Push Notification Received", {"campaign_id": "may"}, "campaign.delivered", {"campaign_id": "may"}),
    ("Application Installed", {"version": "1.2"}, "custom.application_installed", {"version": "1.2"}),
    ("Application Opened", {"from_background": True}, "custom.application_opened", {}),
    ("Live Chat Conversation Started", {"conversation_id": "t-1"}, "contact.started", {"contact_id": "t-1"}),
    (
        "Live Chat Conversation Ended",
        {"conversation_id": "t-1", "agent_id": 12},
        "contact.ended",
        {"contact_id": "t-1", "agent": "12"},
    ),
    ("Signed Up", {"plan": "pro"}, "account.opened", {"plan": "pro"}),
    ("Completed Order", {"order_id": "o-1"}, "order.placed", {"order_id": "o-1"}),
    ("payment.failed", {"method": "card"}, "payment.failed", {"method": "card"}),
    ("Quiz Finished", {"score": "many"}, "custom.quiz_finished", {"score": "many"}),
]


@pytest.mark.parametrize(
    ("name", "properties", "event_type", "data"), SPECIFIED, ids=[one[0] for one in SPECIFIED]
)
def test_a_track_event_has_the_type_of_its_name(
    name: str, properties: dict[str, Any], event_type: str, data: dict[str, Any]
) -> None:
    """Events of Segment's specifications have the type of that meaning, and its fields; others are custom."""
    line = stored(event=name, properties=properties)
    assert line["type"] == event_type
    assert line["data"].items() >= data.items()
    assert line["context"]["name"] == name


@pytest.mark.parametrize("name", ["Order Completed", "order_completed", "orderCompleted", "ORDER COMPLETED"])
def test_names_are_compared_as_words(name: str) -> None:
    """Capitals and separators of a name do not matter."""
    assert track(name, order_id="o-1")["type"] == "order.placed"


@pytest.mark.parametrize("row", TRACKS, ids=list(TRACKS))
def test_an_event_without_properties_is_stored(row: str) -> None:
    """A track event that lacks what a type requires is custom, with the channel of its name."""
    name = row.removeprefix("custom.").replace("_", " ").title()
    line = stored(event=name, properties=None)
    found = TRACKS[row]
    assert line["type"] in (row, found.target and found.target.type)
    assert line["channel"] == (found.channel or "web")


def test_a_cart_without_an_id_is_unknown() -> None:
    """Without any id of the cart, the event has the type all the same, and the id identifies nobody."""
    line = stored(event="Product Added", properties={"price": 5})
    assert (line["type"], line["data"]) == ("cart.updated", {"cart_id": "unknown", "price": 5})
    (result,) = accept(
        received({"batch": [{"type": "track", "event": "Product Added"}]}), dialect=SEGMENT
    ).results
    assert result.reason == "no_identifier"


def test_the_value_of_a_product_is_not_that_of_the_cart() -> None:
    """The value of Product Added stays, under another name."""
    assert track("Product Added", cart_id="c-1", value=5)["data"] == {
        "cart_id": "c-1",
        "original": {"value": 5},
    }


def test_what_a_field_cannot_hold_moves_aside() -> None:
    """Properties with the names of our fields and other meanings do not make the event invalid."""
    data = stored(
        event="Order Completed",
        properties={"order_id": "o-1", "value": "a lot", "currency": "Euro", "items": [{"sku": "s"}]},
    )["data"]
    assert data == {
        "order_id": "o-1",
        "items": 1,
        "original": {"value": "a lot", "currency": "Euro", "items": [{"sku": "s"}]},
    }


_SOURCES = {
    name for row in TRACKS.values() if row.target for field in row.target.fields for name in field.sources
}
_PROPERTY = st.sampled_from([*sorted(_SOURCES), "products", "code", "metric", "original"])


@given(
    st.sampled_from([one for one, row in TRACKS.items() if row.target]),
    st.dictionaries(
        _PROPERTY, JSON | st.sampled_from(["12.5", "EUR", "c-1", 7, 3.0, "customer"]), max_size=8
    ),
)
def test_mapped_data_is_always_valid(row: str, properties: dict[str, Any]) -> None:
    """Whatever the properties are, the data fits the type, and no property is lost."""
    target = TRACKS[row].target
    assert target is not None
    data = target.data(properties)
    if data is None:
        return
    EVENT_TYPES[target.type].model.model_validate_json(json.dumps(data))
    moved = data.get("original", {})
    kept = [*data.values(), *(moved.values() if isinstance(moved, dict) else ())]
    for name, value in properties.items():
        assert value is None or name in data or value in kept


_PAGE = Path(__file__).parents[2] / "docs" / "connect" / "segment.md"


def _documented() -> dict[str, str]:
    """The types of the events that the page names, by event."""
    section = _PAGE.read_text(encoding="utf-8").partition("### Track events")[2].partition("\n## ")[0]
    types: dict[str, str] = {}
    for events, kinds in re.findall(r"^\| ([A-Z][^|`]*) \| ([^|]*) \|", section, re.MULTILINE)[1:]:
        names, found = events.split(", "), re.findall(r"`([\w.]+)`", kinds)
        types |= dict(zip(names, found * len(names) if len(found) == 1 else found, strict=False))
    return types


def test_the_page_names_every_mapped_event() -> None:
    """docs/connect/segment.md has each event with a type of the vocabulary, except names of version 1."""
    mapped = {custom_type(name): found for name, found in _documented().items()}
    old = {f"custom.{name}" for name in ("searched_products", "added_product", "removed_product")}
    old |= {"custom.completed_checkout_step", "custom.completed_order"}
    assert mapped == {
        name: row.target.type for name, row in TRACKS.items() if row.target is not None and name not in old
    }
