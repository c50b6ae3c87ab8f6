"""Shopify: carts, checkouts, orders, payments, fulfilments, returns, refunds and customers.

| Shopify | Type |
|---|---|
| `carts/create`, `carts/update` | `cart.updated` |
| `checkouts/create` | `checkout.started` |
| `orders/create` | `order.placed` |
| `orders/cancelled` | `order.cancelled` |
| `order_transactions/create`: failed sale or authorisation | `payment.failed` |
| `fulfillment_events/create`: delivered | `delivery.completed` |
| `fulfillment_events/create`, `fulfillments/create` with an estimated delivery | `delivery.scheduled` |
| `returns/request` | `return.requested` |
| `refunds/create` | `refund.issued` |
| `customers/create` | `account.opened` |
| all else | `custom.shopify_…` |
"""

from collections.abc import Mapping
from typing import Any, Final

from touchline.collector.dialects.dialect import Received
from touchline.collector.webhooks.delivery import Foreign
from touchline.collector.webhooks.fields import (
    Object,
    Rule,
    as_number,
    as_text,
    as_time,
    at,
    digest,
    moment,
    number,
    taken,
    text,
    upper,
)
from touchline.collector.webhooks.kind import Kind, mapped, object_of
from touchline.collector.webhooks.signatures import check_hmac
from touchline.collector.webhooks.source import Opened, Source

_MOST_ITEMS: Final = 2**53
"""More are no quantity, and not every number above this is one that JSON can write exactly."""


def _items(event: Object) -> int | None:
    lines = event.get("line_items")
    if not isinstance(lines, list):
        return None
    items = sum(max(0.0, as_number(at(line, "quantity")) or 0) for line in lines)
    return int(items) if items <= _MOST_ITEMS else None


def _refunded(event: Object) -> float | None:
    amounts = [
        amount
        for one in _listed(event.get("transactions"))
        if at(one, "kind") == "refund" and at(one, "status") != "failure"
        if (amount := as_number(at(one, "amount"))) is not None
    ]
    return round(sum(amounts), 3) if amounts else None


def _cancelled_by(event: Object) -> str | None:
    reason = as_text(event.get("cancel_reason"))
    return None if reason is None else "customer" if reason == "customer" else "company"


_VALUE = {"value": number("total_price"), "currency": upper("currency")}
_ORDER = {"order_id": text("id"), "cart_id": text("cart_token", "checkout_token"), **_VALUE}
_DELIVERY = {"order_id": text("order_id"), "delivery_id": text("fulfillment_id", "id")}
_RULES: Final[Mapping[str, Rule]] = {
    "carts/create": Rule("cart.updated", {"cart_id": text("token", "id"), "items": _items}),
    "carts/update": Rule("cart.updated", {"cart_id": text("token", "id"), "items": _items}),
    "checkouts/create": Rule(
        "checkout.started", {"cart_id": text("cart_token", "token"), "items": _items, **_VALUE}
    ),
    "orders/create": Rule("order.placed", {**_ORDER, "items": _items}),
    "orders/cancelled": Rule(
        "order.cancelled", {**_ORDER, "reason": text("cancel_reason"), "by": _cancelled_by}
    ),
    "order_transactions/create failed": Rule(
        "payment.failed",
        {
            "order_id": text("order_id"),
            "value": number("amount"),
            "currency": upper("currency"),
            "method": text("gateway"),
            "reason": text("error_code", "message"),
        },
    ),
    "fulfillments/create": Rule(
        "delivery.scheduled", {**_DELIVERY, "due_at": moment("estimated_delivery_at")}
    ),
    "fulfillment_events/create": Rule(
        "delivery.scheduled", {**_DELIVERY, "due_at": moment("estimated_delivery_at")}
    ),
    "fulfillment_events/create delivered": Rule("delivery.completed", _DELIVERY),
    "returns/request": Rule(
        "return.requested",
        {
            "order_id": text("order.id", "order_id"),
            "return_id": text("id"),
            "reason": text("return_line_items.0.return_reason"),
        },
    ),
    "refunds/create": Rule(
        "refund.issued",
        {
            "order_id": text("order_id"),
            "value": _refunded,
            "currency": upper("transactions.0.currency"),
            "return_id": text("return.id"),
            "reason": text("note"),
        },
    ),
    "customers/create": Rule("account.opened", {}),
}

_TIMES: Final[Mapping[str, tuple[str, ...]]] = {
    "orders/cancelled": ("cancelled_at",),
    "orders/paid": ("processed_at",),
    "orders/fulfilled": ("closed_at",),
    "fulfillment_events/create": ("happened_at",),
    "refunds/create": ("processed_at", "created_at"),
}
_ORDER_FAMILIES = ("orders/", "checkouts/", "carts/")


def check(received: Received, opened: Opened[Source]) -> None:
    """The HMAC-SHA256 of the body."""
    given = received.headers.get("x-shopify-hmac-sha256", "")
    check_hmac(received.body, given, opened.secrets, encoding="base64")


def events(received: Received, opened: Opened[Source]) -> list[Foreign]:
    """The event of a request. Its topic is in a header; its id comes from the signed body and the topic."""
    event = object_of(received.body)
    topic = received.headers.get("x-shopify-topic", "") or "unnamed"
    made = topic.endswith("/create") and topic != "fulfillment_events/create"
    paths = _TIMES.get(topic, ("created_at",) if made else ("updated_at",))
    time = moment(*paths, "updated_at", "created_at")(event) or as_time(
        received.headers.get("x-shopify-triggered-at")
    )
    key = text("id", "token", "admin_graphql_api_id")(event) or digest(received.body)
    version = as_text(event.get("updated_at")) or time or ""
    customer = "" if topic.startswith("customers/") else "customer."
    known: dict[str, Any] = {
        opened.customer("shopify"): at(event, f"{customer}id"),
        "email": text("email", "contact_email", "customer.email")(event),
        "phone": text("phone", "customer.phone")(event),
    }
    rest = {**event, **_short_lines(topic, event)}
    channel = "store" if event.get("source_name") == "pos" else "web"
    part = Foreign(
        received.body, topic, f"{topic}:{key}:{version}", time, opened.channel(channel), "", known, {}, rest
    )
    rule = _RULES.get(_story(topic, event))
    data = taken({"order_id": text("order_id", "order.id")}, event)
    if topic.startswith("orders/"):
        data = taken({"order_id": text("id")}, event)
    return [part._replace(data=data) if rule is None else _mapped(part, rule, event)]


def _mapped(part: Foreign, rule: Rule, event: Object) -> Foreign:
    return part._replace(type=rule.type, data=taken(rule.data, event))


def _short_lines(topic: str, event: Object) -> dict[str, Any]:
    # The lines of an order are most of it; their taxes and discounts are in the totals.
    lines = event.get("line_items")
    if not topic.startswith(_ORDER_FAMILIES) or not isinstance(lines, list):
        return {}
    wanted = ("product_id", "variant_id", "sku", "title", "quantity", "price")
    return {"line_items": [{name: at(line, name) for name in wanted} for line in lines]}


def _story(topic: str, event: Object) -> str:
    match topic:
        case "order_transactions/create" if event.get("status") in ("failure", "error") and event.get(
            "kind"
        ) in ("sale", "authorization", "capture"):
            return f"{topic} failed"
        case "fulfillment_events/create" if event.get("status") == "delivered":
            return f"{topic} delivered"
    return topic


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


SHOPIFY: Final = Kind(name="shopify", title="Shopify", source=Source, check=check, translate=mapped(events))
