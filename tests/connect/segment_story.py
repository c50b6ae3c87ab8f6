"""One customer's calls, with clients for Python, and what the collector must have of them from any client."""

from datetime import UTC, datetime
from typing import Any

PRODUCTS = [
    {"product_id": "p-1", "price": 19, "quantity": 2},
    {"product_id": "p-2", "price": 10.5, "quantity": 1},
]
ORDER = {"order_id": "o-1", "total": 48.5, "currency": "EUR", "products": PRODUCTS}
CHECKOUT = {"order_id": "o-1", "value": 48.5, "currency": "EUR", "products": PRODUCTS}
ADDED = {"cart_id": "c-1", "product_id": "p-1", "price": 19, "quantity": 2}
QUIZ = {"score": 7, "tags": ["a", "é"]}
QUIZ_TIME = datetime(2026, 5, 28, 20, 36, 30, 123_000, UTC)
VIEWED = 20

BESIDE_VIEWED: list[tuple[str, str, str, dict[str, Any]]] = [
    # type, name, channel, data
    ("identity.linked", "identify", "web", {"plan": "pro"}),
    ("cart.updated", "Product Added", "web", ADDED),
    ("checkout.started", "Checkout Started", "web", {**CHECKOUT, "cart_id": "o-1", "items": 3}),
    ("order.placed", "Order Completed", "web", {**ORDER, "value": 48.5, "items": 3}),
    ("custom.quiz_finished", "Quiz Finished", "web", QUIZ),
    ("page.viewed", "page", "web", {"page": "/shoes", "name": "Shoes", "category": "Shop"}),
    ("page.viewed", "screen", "app", {"page": "Basket", "name": "Basket"}),
    ("custom.group", "group", "web", {"group_id": "acme", "seats": 12}),
    ("identity.linked", "alias", "web", {}),
]
"""The events of the story, except those of viewed products."""

EVENTS = len(BESIDE_VIEWED) + VIEWED


def tell(client: Any, name: str) -> None:
    """Send the story with a client for Python, and wait until it has sent all."""
    user = f"u-{name}"
    client.identify(user, {"email": f"Ann@{name}.example", "plan": "pro"})
    client.track(user, "Product Added", ADDED)
    client.track(user, "Checkout Started", CHECKOUT)
    client.track(user, "Order Completed", ORDER)
    client.track(user, "Quiz Finished", QUIZ, timestamp=QUIZ_TIME)
    client.page(user, "Shop", "Shoes", {"path": "/shoes"})
    client.screen(user, name="Basket")
    client.group(user, "acme", {"seats": 12})
    client.alias(f"before-{name}", user)
    for number in range(VIEWED):
        client.track(user, "Product Viewed", {"number": number})
    client.shutdown()
