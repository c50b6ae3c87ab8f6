"""Which attributes name the customer."""

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
"""Attribute → kind, on the record or on the resource; the first that is there gives the kind."""

PREFIX: Final = "identifiers."
"""Attributes of this prefix name their kind themselves, such as `identifiers.loyalty`."""


def identify(attributes: dict[str, Any], resource: dict[str, Any]) -> dict[str, Any]:
    """The identifiers of an event, by kind. Those of the record are taken out of its attributes."""
    found: dict[str, Any] = {}
    for values in (attributes, resource):
        for name in [name for name in values if name.startswith(PREFIX)]:
            kind = name.removeprefix(PREFIX)
            if kind not in found and is_kind(kind) and are_identifiers(values[name]):
                found[kind] = values[name] if values is resource else values.pop(name)
    for name, kind in IDENTIFIERS.items():
        if kind in found:
            continue
        if is_identifier(attributes.get(name)):
            found[kind] = attributes.pop(name)
        elif is_identifier(resource.get(name)):
            found[kind] = resource[name]
    return found
