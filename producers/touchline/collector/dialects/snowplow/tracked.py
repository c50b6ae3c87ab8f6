"""What happened in an event: its name, our type, and the data."""

from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from touchline.collector.dialects.custom_types import custom_type
from touchline.collector.dialects.snowplow.classic import STRUCTURED, classic
from touchline.collector.dialects.snowplow.counterparts import (
    CLASSIC,
    ECOMMERCE,
    FIRST_STEP,
    SELF_DESCRIBING,
    Counterpart,
)
from touchline.collector.dialects.snowplow.entities import OWN_VENDORS, SHOP, Entities
from touchline.collector.dialects.snowplow.payload import Fields, event_of
from touchline.collector.dialects.snowplow.values import text

_FORMS: Final = frozenset({"focus_form", "change_form", "submit_form"})
_SCREENS: Final = frozenset({"screen_view", "screen_end", "screen_summary"})

Places = dict[str, dict[str, Any]]
"""Where the sources of a counterpart are looked up, by place."""


class Tracked(NamedTuple):
    """What happened.

    Attributes:
        type: Our type: that of the vocabulary, or `custom.…`.
        name: Snowplow's name: `vendor/name` of the schema, or of an event in the tracker protocol.
        schema: The schema of a self-describing event; empty for others.
        data: The data of our type.
        is_screen: Whether it is about a screen of an app.
    """

    type: str
    name: str
    schema: str
    data: dict[str, Any]
    is_screen: bool = False


class _Named(NamedTuple):
    """An event before its mapping. `words` give the name of a type of its own."""

    name: str
    words: str
    schema: str
    data: dict[str, Any]
    counterpart: Counterpart | None
    is_screen: bool = False


def tracked(fields: Fields, entities: Entities, session: str | None) -> Tracked:
    """What happened; `session` is the id of the session.

    Raises:
        InvalidEvent: a self-describing event cannot be read.
    """
    named = _self_describing(fields, entities) if fields["e"] == "ue" else _classic(fields)
    places: Places = {**entities.shop, "": named.data, "page": page_of(fields)}
    if session is not None:
        # Trackers do not number carts: most shops have one cart in a session.
        places["session"] = {"cart": f"session-{session}"}
    mapped = None if named.counterpart is None else _mapped(named.counterpart, places)
    if mapped is None or named.counterpart is None:
        type_name, mapped, reserved = custom_type(named.words), {}, frozenset[str]()
    else:
        type_name, reserved = named.counterpart.type, named.counterpart.names
    about = {name: data for name in entities.shop if (data := places[name])}
    rest = {**places[""], **about, **entities.lists}
    for name, value in rest.items():
        mapped[f"snowplow_{name}" if name in reserved else name] = value
    return Tracked(type_name, named.name, named.schema, mapped, named.is_screen)


def page_of(fields: Fields) -> dict[str, Any]:
    """The page on which it happened: `url`, `path`, `title` and `referrer`, as far as they are known."""
    url = text(fields.get("url"))
    given = {"url": url, "path": _path(url), "title": fields.get("page"), "referrer": fields.get("refr")}
    return {name: found for name, value in given.items() if (found := text(value)) is not None}


def _path(url: str | None) -> str | None:
    if url is None:
        return None
    try:
        return urlsplit(url).path or "/"
    except ValueError:
        return url


def _classic(fields: Fields) -> _Named:
    name, data = classic(fields)
    if name == STRUCTURED:
        words = f"{data.get('category', '')} {data.get('action', '')}".strip()
        return _Named(words, words, "", data, None)
    return _Named(name, f"snowplow {name}", "", data, CLASSIC.get(name))


def _self_describing(fields: Fields, entities: Entities) -> _Named:
    event = event_of(fields)
    data = dict(event.data) if isinstance(event.data, dict) else {"value": event.data}
    name = f"{event.vendor}/{event.name}"
    if event.vendor == SHOP and (action := text(data.get("type"))) is not None:
        is_first = action == "checkout_step" and entities.shop.get("checkout_step", {}).get("step") == 1
        counterpart = ECOMMERCE.get(FIRST_STEP if is_first else action)
        return _Named(name, f"snowplow {action}", event.schema, data, counterpart)
    if not event.vendor.startswith(OWN_VENDORS):
        return _Named(name, f"{event.vendor} {event.name}", event.schema, data, None)
    data = _without_inputs(data) if event.name in _FORMS else data
    counterpart = SELF_DESCRIBING.get(event.name)
    is_screen = event.name in _SCREENS
    return _Named(name, f"snowplow {event.name}", event.schema, data, counterpart, is_screen)


def _without_inputs(data: dict[str, Any]) -> dict[str, Any]:
    """The data of a form event without what the customer typed, which the vocabulary never takes."""
    kept = {name: value for name, value in data.items() if name != "value"}
    if isinstance(elements := kept.get("elements"), list):
        kept["elements"] = [_without_inputs(one) if isinstance(one, dict) else one for one in elements]
    return kept


def _mapped(counterpart: Counterpart, places: Places) -> dict[str, Any] | None:
    """The fields of the counterpart, or None if a required one is missing; what is used leaves `places`."""
    mapped: dict[str, Any] = {}
    used = []
    for field in counterpart.fields:
        for source in field.sources:
            value = field.convert(places.get(source.place, {}).get(source.name))
            if value is not None:
                mapped[field.name] = value
                used.append(source)
                break
        else:
            if field.required:
                return None
    for place, name in used:
        places[place] = {key: value for key, value in places[place].items() if key != name}
    return mapped
