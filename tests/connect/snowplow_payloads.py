"""Payloads of Snowplow's trackers, and what becomes of them."""

import base64
import json
from typing import Any

import orjson

from touchline.collector.acceptance import accept
from touchline.collector.dialects.dialect import Received
from touchline.collector.dialects.snowplow import TRACKER

NOW = 1_767_323_045_000
OWN = "com.snowplowanalytics.snowplow"
SHOP = f"{OWN}.ecommerce"
BASE = {"eid": "e-1", "duid": "d-1", "sid": "s-1", "dtm": str(NOW), "stm": str(NOW), "p": "web"}
PAGE = "https://shop.example/basket?step=2"

Json = dict[str, Any]


def schema(vendor: str, name: str) -> str:
    """The address of a schema."""
    return f"iglu:{vendor}/{name}/jsonschema/1-0-0"


def packed(value: object, *, padded: bool = False) -> str:
    """JSON in base64url."""
    text = base64.urlsafe_b64encode(json.dumps(value).encode()).decode()
    return text if padded else text.rstrip("=")


def own_event(vendor: str, name: str, data: object) -> Json:
    """The fields of a self-describing event."""
    event = {"schema": schema(vendor, name), "data": data}
    return {"e": "ue", "ue_px": packed({"schema": schema(OWN, "unstruct_event"), "data": event})}


def entities(*given: tuple[str, str, object]) -> Json:
    """The field of entities, each vendor, name and data."""
    found = [{"schema": schema(vendor, name), "data": data} for vendor, name, data in given]
    return {"cx": packed({"schema": schema(OWN, "contexts"), "data": found})}


def action(kind: str, *about: tuple[str, Json]) -> Json:
    """The fields of an e-commerce action about entities."""
    event = own_event(SHOP, "snowplow_ecommerce_action", {"type": kind})
    return event | entities(*((SHOP, name, data) for name, data in about))


def received(*events: object, headers: dict[str, str] | None = None, at: int = NOW) -> Received:
    """A request with events."""
    body = json.dumps({"schema": schema(OWN, "payload_data"), "data": events}).encode()
    return Received(body, at, "shop", headers=headers or {})


def native(fields: Json, **more: Any) -> Json:
    """The native event of an event, which has a user, unless it says otherwise."""
    ((_, event),) = TRACKER.translate(received(BASE | fields, **more))
    assert isinstance(event, dict)
    return event


def stored(fields: Json, at: int = NOW) -> Json:
    """The line of the log of an event that is stored."""
    acceptance = accept(received(BASE | fields, at=at), dialect=TRACKER)
    assert [result.status for result in acceptance.results] == ["stored"], acceptance.results
    line: Json = orjson.loads(acceptance.batch.touchpoints[0])
    return line
