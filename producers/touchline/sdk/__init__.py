"""The Touchline SDK: applications track customer touchpoints with it, and never wait for delivery."""

from touchline.sdk.account import Account
from touchline.sdk.client import Channel, Identifiers, Touchline
from touchline.sdk.contact import Contact
from touchline.sdk.delivery import Stats
from touchline.sdk.limits import Limits
from touchline.sdk.loss import Loss, OnLoss
from touchline.sdk.transport import Accepted, Batch, Outcome, Refused, Retry, TooLarge, Transport
from touchline.sdk.transports import Embedded, Memory

__all__ = [
    "Accepted",
    "Account",
    "Batch",
    "Channel",
    "Contact",
    "Embedded",
    "Identifiers",
    "Limits",
    "Loss",
    "Memory",
    "OnLoss",
    "Outcome",
    "Refused",
    "Retry",
    "Stats",
    "TooLarge",
    "Touchline",
    "Transport",
]
