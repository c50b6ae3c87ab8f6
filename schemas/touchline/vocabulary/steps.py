"""The steps from a cart to an order."""

from typing import Final

CART_TO_ORDER: Final = ("cart.updated", "checkout.started", "checkout.step_completed", "order.placed")
"""The event types of the steps, in order."""
