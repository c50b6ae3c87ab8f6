"""The many services that Apprise knows. The only file that imports it."""

from touchline.alerts.addresses import Apprise
from touchline.alerts.channels.delivery import Undelivered, secret
from touchline.alerts.message import Message


def send_apprise(address: Apprise, message: Message) -> None:
    """Send one notification, as plain text."""
    import apprise

    service = apprise.Apprise.instantiate(secret(address.url), suppress_exceptions=True)
    if service is None:
        raise Undelivered("Apprise knows no service by this address: see its list of addresses")
    service.socket_connect_timeout = service.socket_read_timeout = address.timeout / 1000
    firing = apprise.NotifyType.FAILURE if message.severity == "critical" else apprise.NotifyType.WARNING
    kind = firing if message.status == "firing" else apprise.NotifyType.SUCCESS
    if not service.notify(
        title=message.subject, body=message.text, notify_type=kind, body_format=apprise.NotifyFormat.TEXT
    ):
        raise Undelivered(f"{service.service_name} did not take it")
