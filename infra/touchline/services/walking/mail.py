"""E-mail steps over SMTP and IMAP: sends the next message, and reads the headers of answers."""

import imaplib
import re
import smtplib
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from email.policy import SMTP
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from touchline.alerts.channels.delivery import cut_off
from touchline.documents import Secret
from touchline.vocabulary.errors import TouchlineError
from touchline.vocabulary.wording import plain
from touchline.walks import Walk
from touchline.walks.correspondence import (
    HEADERS,
    Finding,
    Letter,
    awaited,
    judged,
    key_of,
    message,
    searched_from,
)
from touchline.walks.declaration import Correspondence

SECONDS: Final = 60.0
"""How long a server may take in all."""

MOST_LETTERS: Final = 200
"""How many letters are read, the newest first."""

MOST_BYTES: Final = 65_536
"""How much is read of the headers of a letter."""

_LOCAL = ("127.0.0.1", "::1", "localhost")
_REPORTED = "\\Answered"
_FETCHED = f"(FLAGS INTERNALDATE BODY.PEEK[HEADER.FIELDS ({' '.join(HEADERS)})]<0.{MOST_BYTES}>)"
_UID = re.compile(rb"\bUID (\d{1,10})\b", re.I)
_ARRIVED = re.compile(rb'INTERNALDATE "\s*(\d{1,2})-(\w{3})-(\d{4}) (\d\d:\d\d:\d\d) ([+-]\d{4})"', re.I)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FAULTS = (OSError, EOFError, ValueError, smtplib.SMTPException, imaplib.IMAP4.error)


class MailFailed(TouchlineError):
    """A mail server cannot be used: that says nothing about the company, and no step is reported."""


class Post(NamedTuple):
    """What a run finds, and what to do after its result is written: mark the message as reported."""

    finding: Finding
    settle: Callable[[], None]


def correspond(portion: Walk, wanted: Correspondence, value_of: Callable[[Secret], str], now: int) -> Post:
    """Look for an answer to the last message of a portion's only step, or send the next message.

    Raises:
        MailFailed: a server does not answer, or refuses; the next run tries again.
        ConfigurationError: the password is missing.
    """
    password = value_of(wanted.password)
    key = key_of(portion)
    with _mailbox(wanted, password) as mailbox:
        letters = mailbox.letters(key, searched_from(wanted, now))
        finding = judged(portion, wanted, letters, now)
        if finding.asks:
            mail = message(wanted, key, now)
            _send(wanted, password, mail)
            # The copy is all that is known of it. If this fails, the next run sends another message.
            mailbox.keep(mail)
            finding = awaited(wanted, now)

    def settle() -> None:
        with _mailbox(wanted, password) as again:
            again.mark(finding.uid)

    return Post(finding, settle if finding.outcome is not None else lambda: None)


class _Mailbox:
    """An open mailbox. Methods raise `imaplib.IMAP4.error` or OSError."""

    def __init__(self, server: imaplib.IMAP4, name: str) -> None:
        self._server, self._name = server, f'"{name}"'
        self._done(server.select(self._name))

    def letters(self, key: str, since: int) -> list[Letter]:
        """The newest letters of a step since a time (ms)."""
        day = datetime.fromtimestamp(since / 1000, UTC)
        criteria = (
            f'SINCE {day.day}-{_MONTHS[day.month - 1]}-{day.year} OR SUBJECT "{key}" '
            f'OR HEADER Message-ID "{key}" HEADER In-Reply-To "{key}"'
        )
        found = self._done(self._server.uid("SEARCH", criteria))
        numbers = sorted(int(uid) for part in found for uid in (part or b"").split() if uid.isdigit())
        if not numbers:
            return []
        newest = ",".join(map(str, numbers[-MOST_LETTERS:]))
        fetched = self._done(self._server.uid("FETCH", newest, _FETCHED))
        return list(_letters(fetched))

    def keep(self, mail: EmailMessage) -> None:
        """Put a copy of a message that was sent into the mailbox."""
        self._done(self._server.append(self._name, "\\Seen", "", mail.as_bytes(policy=SMTP)))

    def mark(self, uid: int) -> None:
        """Mark a message as one whose result is reported."""
        self._done(self._server.uid("STORE", str(uid), "+FLAGS.SILENT", f"({_REPORTED})"))

    @staticmethod
    def _done(answer: tuple[str, list[Any]]) -> list[Any]:
        status, data = answer
        if status != "OK":
            raise imaplib.IMAP4.error(f"answers {status}")
        return data


def _letters(fetched: Sequence[Any]) -> Iterator[Letter]:
    """The letters of an answer to FETCH: items before and after each text belong to it."""
    for place, part in enumerate(fetched):
        if not isinstance(part, tuple):
            continue
        after = fetched[place + 1] if place + 1 < len(fetched) else b""
        items = part[0] + (after if isinstance(after, bytes) else b"")
        uid, arrived = _UID.search(items), _ARRIVED.search(items)
        if uid is None or arrived is None:
            continue
        headers = BytesHeaderParser().parsebytes(part[1][:MOST_BYTES])
        yield Letter(int(uid[1]), _ms(arrived), headers, _REPORTED.encode().lower() in items.lower())


def _ms(arrived: re.Match[bytes]) -> int:
    """An INTERNALDATE as ms since 1970."""
    day, month, year, clock, zone = (part.decode() for part in arrived.groups())
    at = f"{year}-{_MONTHS.index(month.title()) + 1:02}-{int(day):02}T{clock}{zone}"
    return int(datetime.fromisoformat(at).timestamp() * 1000)


@contextmanager
def _mailbox(wanted: Correspondence, password: str) -> Iterator[_Mailbox]:
    """The open mailbox of a step. Raises MailFailed, whatever goes wrong within."""
    with _limited(wanted.imap) as made:
        host, port, encrypts = _server_of(wanted.imap, {"imaps": 993, "imap": 143})
        server: imaplib.IMAP4
        if encrypts == "imaps":
            server = imaplib.IMAP4_SSL(host, port, ssl_context=ssl.create_default_context(), timeout=SECONDS)
        else:
            server = imaplib.IMAP4(host, port, timeout=SECONDS)
        made.append(server)
        try:
            if encrypts == "imap":
                server.starttls(ssl.create_default_context())
            server.login(wanted.login, password)
            yield _Mailbox(server, wanted.mailbox)
        finally:
            with suppress(*_FAULTS):
                server.logout()


def _send(wanted: Correspondence, password: str, mail: EmailMessage) -> None:
    with _limited(wanted.smtp) as made:
        host, port, encrypts = _server_of(wanted.smtp, {"smtps": 465, "smtp": 587})
        server: smtplib.SMTP
        if encrypts == "smtps":
            server = smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=ssl.create_default_context())
        else:
            server = smtplib.SMTP(host, port, timeout=SECONDS)
        made.append(server)
        with server:
            if encrypts == "smtp":
                server.starttls(context=ssl.create_default_context())
            server.login(wanted.login, password)
            server.send_message(mail)


def _server_of(address: str, ports: Mapping[str, int]) -> tuple[str, int, str]:
    """Host, port and scheme of a server; no scheme for one on this machine without TLS from the start."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    plain_text = parts.scheme in ("smtp", "imap") and host in _LOCAL
    return host, parts.port or ports[parts.scheme], "" if plain_text else parts.scheme


@contextmanager
def _limited(address: str) -> Iterator[list[Any]]:
    """Cut off a connection after `SECONDS`; faults become MailFailed, which repeats no password."""
    made: list[Any] = []
    late = threading.Event()
    try:
        with cut_off(int(SECONDS * 1000), lambda: made[0].sock if made else None, late):
            yield made
    except _FAULTS as error:
        why = f"no answer within {SECONDS:g} s" if late.is_set() else _why(error)
        raise MailFailed(f"{address}: {why}") from None


def _why(error: Exception) -> str:
    return plain(f"{type(error).__name__}: {error}", 200)
