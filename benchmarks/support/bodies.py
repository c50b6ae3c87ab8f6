"""Bodies of requests to the collector: the demo's traffic, natively and as Segment's clients send theirs."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final
from uuid import UUID

import orjson

from benchmarks.support.traffic import SEED, START
from touchline.simulation import Retailer

_TIME: Final = "2026-09-20T10:00:00.123Z"
_SHOP: Final = "https://shop.example"


def native_bodies(requests: int, events: int) -> list[bytes]:
    """Requests with so many events of the demo each; one event is sent as an object."""
    touchpoints = Retailer(SEED, START).until(START)
    found = [touchpoint.envelope() for touchpoint in islice(touchpoints, requests * events)]
    if events == 1:
        return [orjson.dumps(event, default=str) for event in found]
    return [
        orjson.dumps(found[number * events : (number + 1) * events], default=str)
        for number in range(requests)
    ]


def segment_bodies(requests: int, calls: int) -> list[bytes]:
    """Batches with so many calls each."""
    found = _calls()
    return [
        orjson.dumps({"batch": list(islice(found, calls)), "sentAt": _TIME, "writeKey": "tl_benchmark"})
        for _ in range(requests)
    ]


def _calls() -> Iterator[dict[str, Any]]:
    """The calls of one visitor after another: pages, products, a checkout and an order."""
    number = 0
    while True:
        number += 1
        products = [_product(number + offset) for offset in range(2)]
        order = {"order_id": f"o-{number}", "currency": "EUR", "products": products}
        yield _call(number, 0, "page", name="Shoes", properties={"path": "/shoes", "title": "Shoes"})
        yield _call(number, 1, "track", event="Product Viewed", properties=products[0])
        yield _call(
            number, 2, "track", event="Product Added", properties={**products[0], "cart_id": f"c-{number}"}
        )
        yield _call(number, 3, "identify", traits={"email": f"u-{number}@shop.example", "plan": "gold"})
        yield _call(number, 4, "track", event="Checkout Started", properties={**order, "value": 80.0})
        yield _call(number, 5, "track", event="Newsletter Ticked", properties={"place": "checkout"})
        yield _call(number, 6, "track", event="Order Completed", properties={**order, "total": 80.0})


def _call(number: int, step: int, kind: str, **about: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "messageId": str(UUID(int=(number << 8) + step, version=4)),
        "timestamp": _TIME,
        "userId": f"u-{number}",
        "anonymousId": str(UUID(int=number, version=4)),
        "context": {
            "library": {"name": "analytics.js", "version": "next-1.84.3"},
            "page": {"path": "/shoes", "url": f"{_SHOP}/shoes", "title": "Shoes", "referrer": _SHOP},
            "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "locale": "en-GB",
        },
        "integrations": {},
        **about,
    }


def _product(number: int) -> dict[str, Any]:
    return {
        "product_id": f"p-{number % 97}",
        "name": "Boots",
        "price": 39.9,
        "quantity": 1,
        "currency": "EUR",
    }


def bytes_per_event(bodies: Sequence[bytes], events: int) -> float:
    """The mean size of an event in the bodies."""
    return sum(map(len, bodies)) / len(bodies) / events
