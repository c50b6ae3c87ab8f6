"""The entities of an event: what it is about in the shop, and circumstances."""

from typing import Any, Final, NamedTuple

from touchline.collector.dialects.snowplow.payload import SelfDescribing

OWN_VENDORS: Final = "com.snowplowanalytics."
SHOP: Final = f"{OWN_VENDORS}snowplow.ecommerce"
"""The vendor of Snowplow's e-commerce schemas."""

_SEVERAL: Final = {"product": "products", "promotion": "promotions"}


class Entities(NamedTuple):
    """The entities of an event.

    Attributes:
        shop: The first e-commerce entity of each name, such as `cart`, without `user`.
        lists: E-commerce entities of which an event may have several: `products` and `promotions`.
        user: The e-commerce entity `user`.
        session: The entity of the trackers in apps that names the device and the session.
        others: All others, in order.
    """

    shop: dict[str, dict[str, Any]]
    lists: dict[str, list[dict[str, Any]]]
    user: dict[str, Any]
    session: dict[str, Any]
    others: list[SelfDescribing]


def sorted_entities(given: list[SelfDescribing]) -> Entities:
    """The entities by what they are."""
    found = Entities({}, {}, {}, {}, [])
    for entity in given:
        match entity:
            case SelfDescribing(vendor=vendor, name=name, data=dict() as data) if vendor == SHOP:
                if name in _SEVERAL:
                    found.lists.setdefault(_SEVERAL[name], []).append(data)
                elif name == "user":
                    found.user.update(data)
                elif name not in found.shop:
                    found.shop[name] = data
                else:
                    found.others.append(entity)
            case SelfDescribing(name="client_session", data=dict() as data):
                found.session.update(data)
            case _:
                found.others.append(entity)
    return found
