"""The Touchline SDK: applications track customer touchpoints with it, and never wait for delivery."""

from touchline.sdk.binding import Binding, bind
from touchline.sdk.client import BeforeSend, Channel, Identifier, Identifiers, InvalidEvent, Touchline
from touchline.sdk.contact import Contact
from touchline.sdk.delivery.account import Account
from touchline.sdk.delivery.ledger import Stats
from touchline.sdk.delivery.loss import Example, Loss, OnLoss
from touchline.sdk.delivery.problem import OnError, Problem
from touchline.sdk.delivery.sender import QueueFull, WhenFull
from touchline.sdk.lifetime import close_on_sigterm
from touchline.sdk.limits import Limits
from touchline.sdk.stories import Checkout, Promise, Visit
from touchline.sdk.transport import Accepted, Batch, Outcome, Refused, Retry, TooLarge, Transport
from touchline.sdk.transports import Embedded, Memory

__all__ = [
    "Accepted",
    "Account",
    "Batch",
    "BeforeSend",
    "Binding",
    "Channel",
    "Checkout",
    "Contact",
    "Embedded",
    "Example",
    "Identifier",
    "Identifiers",
    "InvalidEvent",
    "Limits",
    "Loss",
    "Memory",
    "OnError",
    "OnLoss",
    "Outcome",
    "Problem",
    "Promise",
    "QueueFull",
    "Refused",
    "Retry",
    "Stats",
    "TooLarge",
    "Touchline",
    "Transport",
    "Visit",
    "WhenFull",
    "bind",
    "close_on_sigterm",
]
