"""E-mail by SMTP. Messages are plain text, those of an incident one thread; a bulletin has HTML as well."""

import smtplib
import ssl
import threading
from email.message import EmailMessage
from email.utils import formatdate
from typing import Any

import structlog

from touchline.alerts.addresses import Email
from touchline.alerts.channels.delivery import Undelivered, cut_off, secret
from touchline.alerts.messages.bulletin import Bulletin
from touchline.alerts.messages.message import Message
from touchline.vocabulary.wording import plain

logger = structlog.get_logger(__name__)


def send_email(address: Email, message: Message) -> None:
    """Hand the mail about an incident to the server."""
    _hand_over(address, written(address, message))


def send_bulletin_mail(address: Email, bulletin: Bulletin) -> None:
    """Hand the mail with a bulletin to the server."""
    _hand_over(address, written_bulletin(address, bulletin))


def _hand_over(address: Email, mail: EmailMessage) -> None:
    made: list[smtplib.SMTP] = []
    late = threading.Event()
    try:
        with (
            cut_off(address.timeout, lambda: made[0].sock if made else None, late),
            _connected(address, made) as server,
        ):
            if address.security == "starttls":
                server.starttls(context=ssl.create_default_context())
            if address.user is not None and address.password is not None:
                server.login(address.user, secret(address.password))
            refused = server.send_message(mail)
    except (OSError, smtplib.SMTPException) as error:
        why = f"no answer within {address.timeout / 1000:g} s" if late.is_set() else _why(error)
        raise Undelivered(f"{address.host}:{address.port} took no mail: {why}") from None
    if refused:
        # The others have it, and would have it twice.
        logger.warning("alerts.mail.refused", host=address.host, addresses=len(refused))


def written(address: Email, message: Message) -> EmailMessage:
    """The mail about an incident."""
    mail = _headed(address, message.subject, message.sent_at)
    # A repeated attempt has the same id, so that a receiver can deduplicate.
    mail["Message-ID"] = f"<{message.delivery}@touchline>"
    mail["References"] = f"<{message.incident}@touchline>"
    mail.set_content(f"{message.text}\n")
    return mail


def written_bulletin(address: Email, bulletin: Bulletin) -> EmailMessage:
    """The mail with a bulletin: its text, and the same as HTML."""
    mail = _headed(address, bulletin.subject, bulletin.sent_at)
    mail["Message-ID"] = f"<{bulletin.key}@touchline>"
    mail.set_content(bulletin.text)
    mail.add_alternative(bulletin.html, subtype="html")
    return mail


def _headed(address: Email, subject: str, sent_at: int) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = address.sender
    mail["To"] = ", ".join(address.to)
    mail["Subject"] = subject
    mail["Date"] = formatdate(sent_at / 1000)
    mail["Auto-Submitted"] = "auto-generated"
    return mail


class _Known:
    """A mail client that is in a list from its start on, so that its socket can be cut off."""

    def __init__(self, made: list[Any], *args: Any, **options: Any) -> None:
        made.append(self)
        super().__init__(*args, **options)


class _Plain(_Known, smtplib.SMTP): ...


class _Tls(_Known, smtplib.SMTP_SSL): ...


def _connected(address: Email, made: list[smtplib.SMTP]) -> smtplib.SMTP:
    seconds = address.timeout / 1000
    if address.security == "tls":
        context = ssl.create_default_context()
        return _Tls(made, address.host, address.port, timeout=seconds, context=context)
    return _Plain(made, address.host, address.port, timeout=seconds)


def _why(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error
        return plain(
            f"{error.smtp_code} {said.decode(errors='replace') if isinstance(said, bytes) else said}", 200
        )
    return type(error).__name__
