"""The table of track events: what each is called in Segment's specifications, and what it is here.

Names are compared as words: "Order Completed", "order_completed" and "orderCompleted" are one. An event that
is not in the table, or lacks a required field, becomes `custom.NAME` with its properties as they are.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from touchline.collector.dialects.segment.fields import Target, target


class Track(NamedTuple):
    """What a track event is: its type, if the vocabulary has one, and its channel, if its name says that."""

    target: Target | None
    channel: str | None = None


UNKNOWN_CART: Final = "unknown"
"""The id of a cart of which no id is known: most shops send none. Rules and measures are by customer, so one
id for all carts of a customer is enough; being a placeholder, it identifies nobody."""

_NO_CART = {"cart_id": UNKNOWN_CART}
_CART = "cart_id checkout_id"
_MONEY = {"value": "value total revenue", "items": "items products"}
_CHECKOUT = {"cart_id": f"{_CART} order_id", **_MONEY}
_ORDER = {"cart_id": _CART, **_MONEY}
_MESSAGE = {
    "campaign_id": "campaign_id campaign_name",
    "message_id": "message_id email_id",
    "subject": "subject email_subject",
    "url": "url link_url",
}
_CHAT = {"contact_id": "contact_id conversation_id", "agent": "agent agent_id"}

_SEARCHED = target("search.performed")
# The value of a product is not that of the cart.
_PRODUCT = target("cart.updated", {"cart_id": _CART, "value": ""}, defaults=_NO_CART)
_STEP = target("checkout.step_completed", {**_CHECKOUT, "step": "step_name step"}, defaults=_NO_CART)
_PAYMENT = target("checkout.step_completed", _CHECKOUT, {"step": "payment"}, _NO_CART)
_PLACED = target("order.placed", _ORDER)
_REVIEWED = target(
    "feedback.given",
    {
        "feedback_id": "feedback_id review_id",
        "score": "score rating",
        "comment": "comment review_body",
    },
    {"metric": "review"},
)

_ROWS: dict[str, Track] = {
    # E-commerce, version 2
    "products_searched": Track(_SEARCHED),
    "product_added": Track(_PRODUCT),
    "product_removed": Track(_PRODUCT),
    "wishlist_product_added_to_cart": Track(_PRODUCT),
    "cart_updated": Track(target("cart.updated", _ORDER, defaults=_NO_CART)),
    "checkout_started": Track(target("checkout.started", _CHECKOUT, defaults=_NO_CART)),
    "checkout_step_completed": Track(_STEP),
    "payment_info_entered": Track(
        target("checkout.step_completed", _CHECKOUT, {"step": "payment"}, _NO_CART)
    ),
    "order_completed": Track(_PLACED),
    "order_refunded": Track(target("refund.issued", _ORDER)),
    "order_cancelled": Track(target("order.cancelled", _ORDER)),
    "payment_failed": Track(target("payment.failed", {**_ORDER, "method": "method payment_method"})),
    "coupon_applied": Track(
        target("coupon.redeemed", {"coupon_id": "coupon_id coupon_name", "value": "value discount"})
    ),
    "coupon_denied": Track(target("error.shown", {"message": "reason"}, {"code": "coupon_denied"})),
    "product_reviewed": Track(_REVIEWED),
    # E-commerce, version 1
    "searched_products": Track(_SEARCHED),
    "added_product": Track(_PRODUCT),
    "removed_product": Track(_PRODUCT),
    "completed_checkout_step": Track(_STEP),
    "completed_order": Track(_PLACED),
    # E-mail
    "email_delivered": Track(target("campaign.delivered", _MESSAGE), "email"),
    "email_opened": Track(target("campaign.opened", _MESSAGE), "email"),
    "email_link_clicked": Track(target("campaign.clicked", _MESSAGE), "email"),
    "email_bounced": Track(None, "email"),
    "email_marked_as_spam": Track(None, "email"),
    "unsubscribed": Track(None, "email"),
    # Mobile
    "push_notification_received": Track(target("campaign.delivered", _MESSAGE), "app"),
    "push_notification_tapped": Track(target("campaign.opened", _MESSAGE), "app"),
    "push_notification_bounced": Track(None, "app"),
    "application_installed": Track(None, "app"),
    "application_opened": Track(None, "app"),
    "application_updated": Track(None, "app"),
    "application_backgrounded": Track(None, "app"),
    "application_foregrounded": Track(None, "app"),
    "application_crashed": Track(None, "app"),
    "application_uninstalled": Track(None, "app"),
    "install_attributed": Track(None, "app"),
    "deep_link_clicked": Track(None, "app"),
    "deep_link_opened": Track(None, "app"),
    # Live chat
    "live_chat_conversation_started": Track(target("contact.started", _CHAT), "chat"),
    "live_chat_conversation_ended": Track(target("contact.ended", _CHAT), "chat"),
    "live_chat_message_sent": Track(None, "chat"),
    "live_chat_message_received": Track(None, "chat"),
    # Software as a service
    "signed_up": Track(target("account.opened")),
}

TRACKS: Final[Mapping[str, Track]] = MappingProxyType(
    {f"custom.{words}": row for words, row in _ROWS.items()}
)
"""Track events by the type that they would have without this table."""

UNLISTED: Final = Track(None)
"""Any other track event."""
