"""Identity: which kind of identifier each id of an event is.

PostHog has one kind of id, the distinct id, for people and for browsers that nobody has logged in to. Here
they are two kinds: an account is of one person, a device may get an account later.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

from touchline.collector.dialects.posthog.libraries import CLIENTS, library_of
from touchline.vocabulary.identifiers import (
    LONGEST_VALUE,
    MOST_VALUES,
    InvalidIdentifier,
    identifier_values,
)
from touchline.vocabulary.normaliser import is_placeholder

LONGEST_ID: Final = 200
"""PostHog cuts off what a distinct id has beyond this."""

ALIASES: Final = frozenset({"$create_alias", "$merge_dangerously"})
"""Events that say that two ids are of one person."""

IDENTIFIES: Final = "$identify"
GROUP: Final = "$groupidentify"

NOBODY: Final = frozenset(
    {"distinct_id", "distinctid", "id", "email", "not_authenticated", "$posthog_cookieless"}
)
"""Ids that stand for nobody, in lower case, besides the placeholders that hold for every identifier."""

TRAITS: Final[Mapping[str, str]] = {
    "email": "email",
    "$email": "email",
    "phone": "phone",
    "$phone": "phone",
    "phone_number": "phone",
    "phoneNumber": "phone",
}
"""Properties of a person that identify them, and their kinds."""

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
# What posthog-js made before it used UUIDs.
_OLD = re.compile(r"[0-9a-f]{10,16}-[0-9a-f]{8,16}-[0-9a-f]{6,12}-[0-9a-f]{4,8}-[0-9a-f]{10,16}")


_Kind = Literal["account", "device"]


class Person(NamedTuple):
    """Whose event it is.

    Attributes:
        identifiers: The identifiers by their kinds.
        is_nobody: Whether the event has an id, but one that stands for nobody.
    """

    identifiers: dict[str, list[str]]
    is_nobody: bool


def person_of(
    name: str, distinct_id: object, properties: Mapping[str, Any], traits: Mapping[str, list[str]]
) -> Person:
    """Whose event it is.

    Args:
        name: The event's name.
        distinct_id: The event's own id, else that of its properties.
        properties: Its properties.
        traits: The values of `traits_of`.
    """
    given = _text(distinct_id) or _text(properties.get("distinct_id"))
    device = _usable(properties.get("$device_id"))
    main = _usable(given)
    accounts: list[str] = []
    devices = [device, _usable(properties.get("$anon_distinct_id"))]
    kinds: dict[str, _Kind | None]
    if name in ALIASES:
        kinds = _kinds_of_two(main, _usable(properties.get("alias")), properties)
    else:
        kinds = {main: _kind(name, main, properties)}
    for each, kind in kinds.items():
        if kind is not None:
            (devices if kind == "device" else accounts).append(each)
    found = {"account": _each_once(accounts), "device": _each_once(devices)}
    if len(found["account"]) > 1:
        # A customer has one account: these are not joined. A device of both would be taken for a shared one.
        return Person({"account": found["account"]}, is_nobody=False)
    is_named = any(found.values())
    found |= traits
    identifiers = {each: values for each, values in found.items() if values}
    return Person(identifiers, is_nobody=bool(given) and not is_named)


def traits_of(*objects: object) -> dict[str, list[str]]:
    """The values by which properties of a person identify them, by their kind."""
    found: dict[str, list[str]] = {}
    for each in objects:
        if isinstance(each, dict):
            for name, kind in TRAITS.items():
                value = each.get(name)
                if isinstance(value, str) and 0 < len(value) <= LONGEST_VALUE and not is_placeholder(value):
                    found.setdefault(kind, []).append(value)
    return {kind: _each_once(values)[:MOST_VALUES] for kind, values in found.items()}


def _kind(name: str, given: str, properties: Mapping[str, Any]) -> _Kind | None:
    """The kind of a distinct id; None if it is of nobody."""
    if not given:
        return None
    if name == IDENTIFIES:
        return "account"
    identified = properties.get("$is_identified")
    if isinstance(identified, bool):
        return "account" if identified else "device"
    if given == properties.get("$user_id"):
        return "account"
    if given in (properties.get("$device_id"), properties.get("$anon_distinct_id")):
        return "device"
    if library_of(properties) in CLIENTS:
        return "device" if _anonymity(given) else "account"
    if name == GROUP and (
        _anonymity(given) or given == f"${properties.get('$group_type')}_{properties.get('$group_key')}"
    ):
        return None
    if properties.get("$process_person_profile") is False and _anonymity(given):
        return None
    return "account"


def _kinds_of_two(one: str, other: str, properties: Mapping[str, Any]) -> "dict[str, _Kind | None]":
    """The kinds of two ids of one person: the same whichever comes first, as clients differ in the order."""
    anonymity = {each: _anonymity(each) for each in (one, other) if each}
    device = properties.get("$device_id")
    if isinstance(device, str) and device in anonymity:
        anonymity[device] = 2
    identified = properties.get("$is_identified")
    if one and isinstance(identified, bool):
        anonymity[one] = 0 if identified else 2
    most = max(anonymity.values(), default=0)
    return {each: "device" if 0 < found == most else "account" for each, found in anonymity.items()}


def _anonymity(given: str) -> int:
    """How much an id looks like one that a client made for a browser nobody has logged in to.

    0: not at all. 1: it is random, as also many accounts are. 2: it has the form of posthog-js' own ids.
    """
    found = _UUID.fullmatch(given)
    if found is not None:
        return 2 if found[1] == "7" else 1
    return 2 if _OLD.fullmatch(given) else 0


def _usable(value: object) -> str:
    """An id as text; empty if it stands for nobody."""
    text = _text(value)
    return "" if not text or text.lower() in NOBODY or is_placeholder(text) else text


def _text(value: object) -> str:
    if isinstance(value, str):
        return value[:LONGEST_ID]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    try:
        return "".join(identifier_values(value))[:LONGEST_ID]
    except InvalidIdentifier:
        return ""


def _each_once(values: list[str]) -> list[str]:
    return list(dict.fromkeys(filter(None, values)))
