"""What Snowplow's events are in our vocabulary: the tables of mapping.

A source names where a field of ours comes from: `targetUrl` is a field of the event's own data, and
`cart.cart_id` one of an e-commerce entity. Besides, there are `page` (path, url, title, referrer) and
`session` (cart: a stand-in for a cart without an id). Of several sources, the first whose value fits counts.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from touchline.collector.dialects.snowplow.values import an_id, count, currency, number, text, words
from touchline.vocabulary.registry import EVENT_TYPES

Convert = Callable[[Any], Any]


class Source(NamedTuple):
    """A field of the event's data (`place` is empty), or of an entity."""

    place: str
    name: str


class Field(NamedTuple):
    """A field of one of our types."""

    name: str
    convert: Convert
    sources: tuple[Source, ...]
    required: bool


class Counterpart(NamedTuple):
    """A type of ours. `names` are all fields that the vocabulary knows of it."""

    type: str
    fields: tuple[Field, ...]
    names: frozenset[str]


Given = Mapping[str, tuple[Convert, str]]
"""By our name: the conversion, and the sources with blanks between."""


def _counterpart(type_name: str, *given: Given) -> Counterpart:
    event_type = EVENT_TYPES[type_name]
    model = event_type.model.model_fields
    fields = tuple(
        Field(name, convert, tuple(map(_source, sources.split())), model[name].is_required())
        for part in given
        for name, (convert, sources) in part.items()
    )
    return Counterpart(type_name, fields, frozenset(event_type.fields))


def _source(path: str) -> Source:
    place, _, name = path.rpartition(".")
    return Source(place, name)


_PAGE: Given = {"page": (text, "page.path"), "url": (text, "page.url")}
_VIEW: Given = {"title": (text, "page.title"), "referrer": (text, "page.referrer")}
_CART: Given = {"cart_id": (an_id, "cart.cart_id session.cart")}
_CART_VALUE: Given = {"value": (number, "cart.total_value"), "currency": (currency, "cart.currency currency")}
_TRANSACTION: Given = {
    "order_id": (an_id, "transaction.transaction_id"),
    "value": (number, "transaction.revenue"),
    "currency": (currency, "transaction.currency"),
}

CLASSIC: Final[Mapping[str, Counterpart]] = {
    "page_view": _counterpart("page.viewed", _PAGE, _VIEW),
    "transaction": _counterpart(
        "order.placed",
        {"order_id": (an_id, "order_id"), "value": (number, "total"), "currency": (currency, "currency")},
        _CART,
    ),
}
"""Events with fields of their own in the tracker protocol, by Snowplow's name."""

SELF_DESCRIBING: Final[Mapping[str, Counterpart]] = {
    "screen_view": _counterpart("page.viewed", {"page": (text, "name id"), "url": (text, "page.url")}, _VIEW),
    "link_click": _counterpart(
        "element.clicked", _PAGE, {"element": (text, "elementId targetUrl"), "text": (text, "elementContent")}
    ),
    "button_click": _counterpart(
        "element.clicked", _PAGE, {"element": (text, "id name label"), "text": (text, "label")}
    ),
    "focus_form": _counterpart("form.started", _PAGE, {"form_id": (an_id, "formId")}),
    "submit_form": _counterpart("form.submitted", _PAGE, {"form_id": (an_id, "formId")}),
    "site_search": _counterpart(
        "search.performed", _PAGE, {"query": (words, "terms"), "results": (count, "totalResults")}
    ),
    "application_error": _counterpart(
        "error.shown", _PAGE, {"message": (text, "message"), "code": (text, "exceptionName")}
    ),
    "add_to_cart": _counterpart("cart.updated", _CART, _CART_VALUE),
    "remove_from_cart": _counterpart("cart.updated", _CART, _CART_VALUE),
}
"""Self-describing events of Snowplow's own vendors, by the name of their schema."""

FIRST_STEP: Final = "checkout_step 1"
"""Snowplow numbers the steps of a checkout: the first one is its start."""

ECOMMERCE: Final[Mapping[str, Counterpart]] = {
    "add_to_cart": SELF_DESCRIBING["add_to_cart"],
    "remove_from_cart": SELF_DESCRIBING["remove_from_cart"],
    FIRST_STEP: _counterpart("checkout.started", _CART, _CART_VALUE),
    "checkout_step": _counterpart(
        "checkout.step_completed", _CART, _CART_VALUE, {"step": (text, "checkout_step.step")}
    ),
    "transaction": _counterpart(
        "order.placed", _TRANSACTION, _CART, {"items": (count, "transaction.total_quantity")}
    ),
    "trns_error": _counterpart(
        "order.failed",
        _TRANSACTION,
        _CART,
        {
            "reason": (
                text,
                "transaction_error.error_shortcode transaction_error.error_code"
                " transaction_error.error_description",
            )
        },
    ),
    "refund": _counterpart(
        "refund.issued",
        {
            "order_id": (an_id, "refund.transaction_id transaction.transaction_id"),
            "value": (number, "refund.refund_amount"),
            "currency": (currency, "refund.currency"),
            "reason": (text, "refund.refund_reason"),
        },
    ),
}
"""E-commerce actions by their `type`; what they are about is in the entities."""
