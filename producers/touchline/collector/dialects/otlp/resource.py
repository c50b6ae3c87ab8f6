"""The resource, which sent records: what its attributes say of all of them."""

from typing import Any, Final, NamedTuple

from touchline.collector.dialects.envelope_fields import LONGEST_SOURCE, is_channel
from touchline.collector.dialects.otlp.identifiers import SESSION, take_consent, take_identifiers
from touchline.vocabulary.envelope import Channel

SERVICE: Final = "service.name"
CHANNEL: Final = "channel"

_UNKNOWN_SERVICE: Final = "unknown_service"
_APP_SYSTEMS: Final = frozenset({"android", "ios", "ipados"})
_APP_PREFIXES: Final = ("device.", "app.")


class Resource(NamedTuple):
    """A resource.

    Attributes:
        attributes: All attributes.
        identifiers: The identifiers that they name, by kind.
        session: The id of the session, or None.
        source: The name of the service; empty if it has none.
        channel: The channel that they name, or None.
        is_app: Whether it is an app.
        consent: The purposes with consent that they name.
        rest: The other attributes.
    """

    attributes: dict[str, Any]
    identifiers: dict[str, Any]
    session: Any
    source: str
    channel: str | None
    is_app: bool
    consent: dict[str, Any]
    rest: dict[str, Any]


def resource_of(attributes: dict[str, Any]) -> Resource:
    """The resource with these attributes."""
    rest = dict(attributes)
    system = rest.get("os.name")
    is_app = (
        any(name.startswith(_APP_PREFIXES) for name in rest)
        or (isinstance(system, str) and system.lower() in _APP_SYSTEMS)
    ) and not any(name.startswith("browser.") for name in rest)
    service = rest.get(SERVICE)
    has_name = isinstance(service, str) and not service.startswith(_UNKNOWN_SERVICE)
    return Resource(
        attributes,
        take_identifiers(rest),
        rest.pop(SESSION, None),
        str(service)[:LONGEST_SOURCE] if has_name else "",
        take_channel(rest),
        is_app,
        take_consent(rest),
        rest,
    )


def take_channel(attributes: dict[str, Any]) -> str | None:
    """Take the channel out of the attributes of a record or a resource; None if they name none."""
    return Channel(attributes.pop(CHANNEL)).value if is_channel(attributes.get(CHANNEL)) else None
