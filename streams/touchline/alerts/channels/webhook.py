"""Any address that takes JSON. The signature covers the time as well: nothing can be replayed later."""

import hmac
from dataclasses import asdict

import orjson

from touchline.alerts.addresses import Webhook
from touchline.alerts.channels.delivery import post, secret
from touchline.alerts.incident_text import rfc3339
from touchline.alerts.message import Message


def send_webhook(address: Webhook, message: Message) -> None:
    """Post the message as one JSON object."""
    body = orjson.dumps(
        {
            **asdict(message),
            "since": rfc3339(message.since),
            "until": None if message.until is None else rfc3339(message.until),
            "sent_at": rfc3339(message.sent_at),
        }
    )
    timestamp = str(message.sent_at // 1000)
    headers = {
        "X-Touchline-Delivery": f"{message.incident}.{message.status}.{message.version}",
        "X-Touchline-Timestamp": timestamp,
    }
    if address.secret is not None:
        headers["X-Touchline-Signature"] = signature(secret(address.secret), timestamp, body)
    post(address.url, body, address.timeout, headers)


def signature(key: str, timestamp: str, body: bytes) -> str:
    """`sha256=` and the HMAC-SHA256, in hexadecimal, of the timestamp, a full stop and the body."""
    return "sha256=" + hmac.new(key.encode(), timestamp.encode() + b"." + body, "sha256").hexdigest()
