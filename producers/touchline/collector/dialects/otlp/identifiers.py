"""Which attributes name the customer, the session and the consent."""

from typing import Any, Final

from touchline.collector.dialects.envelope_fields import are_identifiers, is_identifier, is_kind

IDENTIFIERS: Final = {
    "user.id": "account",
    "enduser.id": "account",
    "user.email": "email",
    "app.installation.id": "device",
    "device.id": "device",
    "enduser.pseudo.id": "pseudonym",
    "user.hash": "pseudonym",
}
"""Attribute → kind; the first that is there gives the kind."""

PREFIX: Final = "identifiers."
"""Attributes of this prefix name their kind themselves, such as `identifiers.loyalty`."""

CONSENT: Final = "consent."
"""Attributes of this prefix are purposes, such as `consent.analytics`."""

SESSION: Final = "session.id"


def take_identifiers(attributes: dict[str, Any]) -> dict[str, Any]:
    """Take the identifiers out of the attributes of a record or a resource, by kind."""
    found: dict[str, Any] = {}
    for name in [name for name in attributes if name.startswith(PREFIX)]:
        kind = name.removeprefix(PREFIX)
        if is_kind(kind) and are_identifiers(attributes[name]):
            found[kind] = attributes.pop(name)
    for name, kind in IDENTIFIERS.items():
        if name in attributes and kind not in found and is_identifier(attributes[name]):
            found[kind] = attributes.pop(name)
    return found


def take_consent(attributes: dict[str, Any]) -> dict[str, Any]:
    """Take the purposes for which the customer consented, or not, out of the attributes."""
    names = [name for name in attributes if name.startswith(CONSENT)]
    return {name.removeprefix(CONSENT): attributes.pop(name) for name in names}
