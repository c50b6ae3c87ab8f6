"""Orders: from the cart to the refund."""

from typing import Literal

from pydantic import Field

from touchline.vocabulary.data import Count, Currency, EventData, Id, Time


class _Amount(EventData):
    value: float | None = Field(default=None, description="amount in whole units of the currency")
    currency: Currency | None = Field(default=None, description="currency of the value, ISO 4217")


class _Cart(_Amount):
    cart_id: Id = Field(description="id of the cart; send the same id with its order")
    items: Count | None = Field(default=None, description="number of items in the cart")


class _Order(_Amount):
    order_id: Id = Field(description="id of the order")
    cart_id: Id | None = Field(default=None, description="the cart that this order came from")


class CartUpdated(_Cart):
    """The cart changed: something was added, removed or changed."""


class CheckoutStarted(_Cart):
    """The customer started the checkout."""


class CheckoutStepCompleted(_Cart):
    """The customer completed a step of the checkout."""

    step: str = Field(description="name of the step, such as address")


class PaymentFailed(_Amount):
    """A payment was declined or failed."""

    cart_id: Id | None = Field(default=None, description="the cart to pay for")
    order_id: Id | None = Field(default=None, description="the order to pay for")
    method: str | None = Field(default=None, description="payment method, such as card")
    reason: str | None = Field(default=None, description="the reason of the failure")


class OrderPlaced(_Order):
    """The order was placed and confirmed to the customer, on any channel, also at the till."""

    items: Count | None = Field(default=None, description="number of items")


class OrderFailed(_Amount):
    """The customer tried to order and could not: out of stock, an error, an invalid address."""

    order_id: Id | None = Field(default=None, description="the order, if it exists already")
    cart_id: Id | None = Field(default=None, description="the cart")
    reason: str | None = Field(default=None, description="the reason of the failure")


class OrderCancelled(_Order):
    """A placed order was cancelled."""

    reason: str | None = Field(default=None, description="the reason")
    by: Literal["customer", "company"] | None = Field(default=None, description="who cancelled it")


class DeliveryScheduled(_Order):
    """The customer was given a delivery time."""

    due_at: Time = Field(description="the latest announced delivery time, RFC 3339")
    delivery_id: Id | None = Field(default=None, description="id of the parcel or the tour")


class DeliveryCompleted(_Order):
    """The order, or a parcel of it, was delivered."""

    delivery_id: Id | None = Field(default=None, description="id of the parcel or the tour")


class ReturnRequested(_Order):
    """The customer asked to return something."""

    return_id: Id | None = Field(default=None, description="id of the return")
    reason: str | None = Field(default=None, description="the reason")


class RefundIssued(_Order):
    """A refund was issued to the customer."""

    return_id: Id | None = Field(default=None, description="the return that is refunded")
    reason: str | None = Field(default=None, description="the reason")
