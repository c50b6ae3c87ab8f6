"""Any address that takes JSON. The signature covers the time as well: nothing can be replayed later."""

import hmac

from touchline.alerts.addresses import Webhook
from touchline.alerts.channels.delivery import post, secret
from touchline.alerts.messages.bulletin import Bulletin
from touchline.alerts.messages.message import Message
from touchline.alerts.messages.webhook_body import incident_body, report_body


def send_webhook(address: Webhook, message: Message) -> None:
    """Post the message as one JSON object."""
    _post(address, message.delivery, message.sent_at, incident_body(message).model_dump_json())


def send_bulletin_webhook(address: Webhook, bulletin: Bulletin) -> None:
    """Post the bulletin as one JSON object, signed as a message is."""
    _post(address, bulletin.key, bulletin.sent_at, report_body(bulletin).model_dump_json())


def _post(address: Webhook, delivery: str, sent_at: int, content: str) -> None:
    body = content.encode()
    timestamp = str(sent_at // 1000)
    headers = {"X-Touchline-Delivery": delivery, "X-Touchline-Timestamp": timestamp}
    if address.secret is not None:
        headers["X-Touchline-Signature"] = signature(secret(address.secret), timestamp, body)
    post(address.url, body, address.timeout, headers)


def signature(key: str, timestamp: str, body: bytes) -> str:
    """`sha256=` and the HMAC-SHA256, in hexadecimal, of the timestamp, a full stop and the body."""
    return "sha256=" + hmac.new(key.encode(), timestamp.encode() + b"." + body, "sha256").hexdigest()
