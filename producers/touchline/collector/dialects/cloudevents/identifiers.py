"""Where a CloudEvent names its customer: these places, in this order; the first that has a kind gives it.

1. `identifiers` in the data: an object from kind to value, as in a native event.
2. Extensions: `account`, `customerid`, `email` and so on.
3. Fields of the data: `customer_id` or `customerId`, `email` and so on.
4. `customer` or `user` in the data: the account itself, or an object with `id`, `email` and so on.
5. The subject, if it says what it is: `customers/u-17` or `email:a@b.example`. Its cart, order, contact or
   session becomes a field of the data, such as `cart_id`.

What names the customer is taken out of these places, so that it is stored as an identifier only: rules of
privacy for identifiers then hold for all of it.
"""

from collections.abc import Mapping
from typing import Any, Final

from touchline.collector.dialects.envelope_fields import are_identifiers, is_identifier, is_kind
from touchline.vocabulary.identifiers import STAND_INS

EXTENSIONS: Final = {
    "account": "account",
    "accountid": "account",
    "customerid": "account",
    "userid": "account",
    "loyalty": "loyalty",
    "loyaltyid": "loyalty",
    "email": "email",
    "phone": "phone",
    "social": "social",
    "device": "device",
    "deviceid": "device",
}
"""Extension → kind. Names of extensions are lower-case letters and digits."""

FIELDS: Final = {
    "account_id": "account",
    "accountId": "account",
    "customer_id": "account",
    "customerId": "account",
    "user_id": "account",
    "userId": "account",
    "loyalty_id": "loyalty",
    "loyaltyId": "loyalty",
    "email": "email",
    "phone": "phone",
    "device_id": "device",
    "deviceId": "device",
}
"""Field of the data → kind."""

PERSONS: Final = ("customer", "user")
"""Fields of the data that are the customer: the account, or an object with `FIELDS` and `id`."""

SUBJECTS: Final = {
    "account": "account",
    "accounts": "account",
    "customer": "account",
    "customers": "account",
    "user": "account",
    "users": "account",
    "loyalty": "loyalty",
    "email": "email",
    "phone": "phone",
    "device": "device",
    "devices": "device",
} | {word: kind for kind in STAND_INS for word in (kind, f"{kind}s")}
"""Word before a `/` or `:` in the subject → kind."""

LONGEST_SUBJECT: Final = 1_024
"""Longer subjects name no customer."""

_OF_PERSONS: Final = {"id": "account", **FIELDS}


def identify(attributes: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """The identifiers of an event, by kind. They are taken out of the attributes and of the data."""
    found: dict[str, Any] = {}
    given = data.get("identifiers")
    if isinstance(given, dict):
        found |= {kind: value for kind, value in given.items() if is_kind(kind) and are_identifiers(value)}
        _keep_rest(data, "identifiers", {kind: value for kind, value in given.items() if kind not in found})
    _take(attributes, EXTENSIONS, found)
    _take(data, FIELDS, found)
    for name in PERSONS:
        person = data.get(name)
        if isinstance(person, dict):
            rest = dict(person)
            _take(rest, _OF_PERSONS, found)
            _keep_rest(data, name, rest)
        else:
            _take(data, {name: "account"}, found)
    subject = attributes.get("subject")
    if isinstance(subject, str) and len(subject) <= LONGEST_SUBJECT:
        attributes["subject"] = _take_subject(subject, found, data)
        if not attributes["subject"]:
            del attributes["subject"]
    return found


def _keep_rest(data: dict[str, Any], name: str, rest: dict[str, Any]) -> None:
    if rest:
        data[name] = rest
    else:
        del data[name]


def _take(values: dict[str, Any], kinds: Mapping[str, str], found: dict[str, Any]) -> None:
    for name, kind in kinds.items():
        if name in values and kind not in found and is_identifier(values[name]):
            found[kind] = values.pop(name)


def _take_subject(subject: str, found: dict[str, Any], data: dict[str, Any]) -> str:
    """What remains of the subject without the identifiers that it names."""
    word, colon, value = subject.partition(":")
    kind = SUBJECTS.get(word.lower()) if colon else None
    if kind is not None and is_identifier(value):
        _add(kind, value, found, data)
        return ""
    rest: list[str] = []
    steps = subject.split("/")
    while steps:
        step = steps.pop(0)
        kind = SUBJECTS.get(step.lower()) if steps else None
        if kind is not None and is_identifier(steps[0]):
            _add(kind, steps.pop(0), found, data)
        else:
            rest.append(step)
    return "/".join(rest)


def _add(kind: str, value: str, found: dict[str, Any], data: dict[str, Any]) -> None:
    if kind not in STAND_INS:
        found.setdefault(kind, value)
    elif f"{kind}_id" not in data and f"{kind}Id" not in data:
        data[f"{kind}_id"] = value
