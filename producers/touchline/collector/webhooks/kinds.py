"""The table of kinds."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from touchline.collector.webhooks.kind import Kind
from touchline.collector.webhooks.providers.eventbridge import AMAZON_CONNECT, GENESYS
from touchline.collector.webhooks.providers.generic import GENERIC
from touchline.collector.webhooks.providers.intercom import INTERCOM
from touchline.collector.webhooks.providers.mailgun import MAILGUN
from touchline.collector.webhooks.providers.sendgrid import SENDGRID
from touchline.collector.webhooks.providers.shopify import SHOPIFY
from touchline.collector.webhooks.providers.stripe import STRIPE
from touchline.collector.webhooks.providers.twilio import TWILIO
from touchline.collector.webhooks.providers.typeform import TYPEFORM
from touchline.collector.webhooks.providers.zendesk import ZENDESK

_KINDS: tuple[Kind[Any], ...] = (
    *(AMAZON_CONNECT, GENESYS, INTERCOM, MAILGUN, SENDGRID, SHOPIFY, STRIPE, TWILIO, TYPEFORM, ZENDESK),
    GENERIC,
)

KINDS: Final[Mapping[str, Kind[Any]]] = MappingProxyType({kind.name: kind for kind in _KINDS})
"""Every kind of webhook by its name."""
