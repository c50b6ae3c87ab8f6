"""Orders: from the cart to the refund."""

from typing import Literal

from pydantic import Field

from touchline.vocabulary.data import Count, Currency, EventData, Id, Time


class _Amount(EventData):
    value: float | None = Field(default=None, description="amount in whole units of the currency")
    currency: Currency | None = Field(default=None, description="currency of the value, ISO 4217")


class _Cart(_Amount):
    cart_id: Id = Field(description="the cart; the order that comes of it carries it too")
    items: Count | None = Field(default=None, description="how many pieces are in it")


class _Order(_Amount):
    order_id: Id = Field(description="the order")
    cart_id: Id | None = Field(default=None, description="the cart that it came of")


class CartUpdated(_Cart):
    """Something was put into the cart, taken out or changed."""


class CheckoutStarted(_Cart):
    """The customer went to the checkout."""


class CheckoutStepCompleted(_Cart):
    """The customer got past a step of the checkout."""

    step: str = Field(description="name of the step, such as address")


class PaymentFailed(_Amount):
    """A payment was refused or did not go through."""

    cart_id: Id | None = Field(default=None, description="the cart that was paid for")
    order_id: Id | None = Field(default=None, description="the order that was paid for")
    method: str | None = Field(default=None, description="how it was paid, such as card")
    reason: str | None = Field(default=None, description="why it failed")


class OrderPlaced(_Order):
    """The order is placed: the customer was told so. On any channel, the till included."""

    items: Count | None = Field(default=None, description="how many pieces")


class OrderFailed(_Amount):
    """The customer meant to order and could not: out of stock, an error, a refused address."""

    order_id: Id | None = Field(default=None, description="the order, if it got that far")
    cart_id: Id | None = Field(default=None, description="the cart")
    reason: str | None = Field(default=None, description="why it failed")


class OrderCancelled(_Order):
    """A placed order was cancelled."""

    reason: str | None = Field(default=None, description="why")
    by: Literal["customer", "company"] | None = Field(default=None, description="who cancelled it")


class DeliveryScheduled(_Order):
    """The customer was told when the order comes."""

    due_at: Time = Field(description="the latest time that was named, RFC 3339")
    delivery_id: Id | None = Field(default=None, description="the parcel or the tour")


class DeliveryCompleted(_Order):
    """The order, or a parcel of it, was handed over."""

    delivery_id: Id | None = Field(default=None, description="the parcel or the tour")


class ReturnRequested(_Order):
    """The customer asked to send something back."""

    return_id: Id | None = Field(default=None, description="the return")
    reason: str | None = Field(default=None, description="why")


class RefundIssued(_Order):
    """Money was sent back to the customer."""

    return_id: Id | None = Field(default=None, description="the return that it is for")
    reason: str | None = Field(default=None, description="why")
