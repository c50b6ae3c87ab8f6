"""Stripe: payments, disputes, refunds, checkouts and subscriptions.

| Stripe | Type |
|---|---|
| `payment_intent.payment_failed`, `invoice.payment_failed` | `payment.failed` |
| `charge.refunded` | `refund.issued` |
| `charge.dispute.created`, unless fraudulent | `feedback.given`, a complaint |
| `checkout.session.completed` of a payment | `order.placed` |
| `customer.created`, `customer.updated` | `identity.linked` |
| `customer.subscription.deleted` | `subscription.cancelled` |
| all else | `custom.stripe_…` |

Orders and carts are known by the metadata `order_id` and `cart_id`; without, the order is the payment.
"""

from collections.abc import Mapping
from typing import Any, Final

from touchline.collector.dialects.dialect import Received
from touchline.collector.webhooks.delivery import PERSONAL, Foreign
from touchline.collector.webhooks.fields import (
    Object,
    Rule,
    Take,
    as_number,
    as_text,
    as_time,
    at,
    constant,
    digest,
    taken,
    text,
    upper,
)
from touchline.collector.webhooks.kind import Kind, mapped, object_of
from touchline.collector.webhooks.signatures import check_age, check_hmac, epoch_ms
from touchline.collector.webhooks.source import Opened, Source

TOLERANCE_MS: Final = 300_000
"""As Stripe's libraries have it. Each repeat is signed anew."""

WHOLE: Final = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"}
)
"""Currencies whose amounts have no decimals."""

THOUSANDTHS: Final = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
"""Currencies whose amounts have three decimals."""

STRIPES_PERSONAL: Final = PERSONAL | {
    *(
        "charges",
        "client_secret",
        "collected_information",
        "customer_address",
        "customer_name",
        "customer_shipping",
    ),
    *("evidence", "last_payment_error", "lines", "name", "receipt_url", "source"),
}
"""Fields that are not kept: also cards, and what only the customer's browser may know."""


def amount(*paths: str) -> Take:
    """Takes an amount in the currency's smallest unit, as whole units."""

    def take(event: Object) -> float | None:
        found = next((value for path in paths if (value := as_number(at(event, path))) is not None), None)
        return None if found is None else _whole(found, event)

    return take


def _whole(value: float, event: Object) -> float:
    currency = (as_text(event.get("currency")) or "").upper()
    return value / (1 if currency in WHOLE else 1000 if currency in THOUSANDTHS else 100)


def _refunded(event: Object) -> float | None:
    """What this refund adds to what was refunded before."""
    total = as_number(event.get("amount_refunded"))
    before = as_number(at(event, "previous_attributes.amount_refunded")) or 0
    return None if total is None else _whole(total - before, event)


_ORDER = text("metadata.order_id", "client_reference_id", "payment_intent", "id")
_CART = text("metadata.cart_id")
_CURRENCY = upper("currency")
_RULES: Final[Mapping[str, Rule]] = {
    "payment_intent.payment_failed": Rule(
        "payment.failed",
        {
            "order_id": text("metadata.order_id"),
            "cart_id": _CART,
            "value": amount("amount"),
            "currency": _CURRENCY,
            "method": text("last_payment_error.payment_method.type"),
            "reason": text("last_payment_error.decline_code", "last_payment_error.code"),
        },
    ),
    "invoice.payment_failed": Rule(
        "payment.failed",
        {
            "order_id": text("metadata.order_id", "id"),
            "value": amount("amount_due"),
            "currency": _CURRENCY,
            "reason": text("billing_reason"),
        },
    ),
    "charge.refunded": Rule(
        "refund.issued",
        {
            "order_id": _ORDER,
            "cart_id": _CART,
            "value": _refunded,
            "currency": _CURRENCY,
            "reason": text("refunds.data.0.reason"),
        },
    ),
    "charge.dispute.created": Rule(
        "feedback.given",
        {
            "feedback_id": text("id"),
            "metric": constant("complaint"),
            "sentiment": constant("negative"),
            "order_id": text("metadata.order_id", "payment_intent", "charge"),
        },
    ),
    "checkout.session.completed": Rule(
        "order.placed",
        {"order_id": _ORDER, "cart_id": _CART, "value": amount("amount_total"), "currency": _CURRENCY},
    ),
    "customer.created": Rule("identity.linked", {}),
    "customer.updated": Rule("identity.linked", {}),
    "customer.subscription.deleted": Rule(
        "subscription.cancelled",
        {
            "subscription_id": text("id"),
            "plan": text("items.data.0.price.id", "plan.id"),
            "reason": text("cancellation_details.feedback", "cancellation_details.reason"),
        },
    ),
}


def check(received: Received, opened: Opened[Source]) -> None:
    """The HMAC-SHA256 over `<time>.<body>`; there may be several signatures."""
    parts = [part.partition("=") for part in received.headers.get("stripe-signature", "").split(",")]
    sent = next((value for name, _, value in parts if name.strip() == "t"), "")
    given = [value for name, _, value in parts if name.strip() == "v1"]
    check_hmac(sent.encode("latin-1", "replace") + b"." + received.body, given, opened.secrets)
    check_age(epoch_ms(sent), received.received_at_ms, opened.source.tolerance or TOLERANCE_MS)


def events(received: Received, opened: Opened[Source]) -> list[Foreign]:
    """The event of a request."""
    event = object_of(received.body)
    name = as_text(event.get("type")) or "unnamed"
    given = at(event, "data.object")
    thing: dict[str, Any] = given if isinstance(given, dict) else {}
    customer = "id" if name.startswith("customer.") and thing.get("object") == "customer" else "customer"
    email = text(
        *("receipt_email", "billing_details.email", "customer_details.email", "customer_email"),
        *("charges.data.0.billing_details.email", "last_payment_error.payment_method.billing_details.email"),
        *("email", "evidence.customer_email_address"),
    )
    known: dict[str, Any] = {
        opened.customer("stripe"): text(customer, "customer.id")(thing),
        "account": text("metadata.account", "metadata.user_id")(thing),
        "email": email(thing),
        "phone": text("billing_details.phone", "customer_details.phone", "phone")(thing),
    }
    time = as_time(event.get("created"))
    key = as_text(event.get("id")) or digest(received.body)
    part = Foreign(
        received.body, name, key, time, opened.channel("web"), "", known, {}, thing, STRIPES_PERSONAL
    )
    rule = _RULES.get(name)
    if rule is None or _is_another(name, thing):
        return [part._replace(data=taken({"order_id": text("metadata.order_id")}, thing))]
    changed = {**thing, "previous_attributes": at(event, "data.previous_attributes")}
    return [part._replace(type=rule.type, data=taken(rule.data, changed))]


def _is_another(name: str, thing: Object) -> bool:
    """Whether an event means something else than its name in the table."""
    match name:
        case "charge.dispute.created":
            return thing.get("reason") == "fraudulent"
        case "checkout.session.completed":
            return thing.get("mode") != "payment" or thing.get("payment_status") == "unpaid"
    return False


STRIPE: Final = Kind(name="stripe", title="Stripe", source=Source, check=check, translate=mapped(events))
