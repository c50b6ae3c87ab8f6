"""Real servers for the e-mail step: aiosmtpd for SMTP, and the parts of IMAP (RFC 3501) that a walk needs."""

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from typing import Any, NamedTuple

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "walk@mail.example", "s3cret word"


class Stored:
    """A letter of the mailbox."""

    def __init__(self, uid: int, content: bytes, arrived_at: datetime) -> None:
        self.uid, self.content, self.arrived_at, self.flags = uid, content, arrived_at, set[str]()

    def header(self, name: str) -> str:
        value = str(message_from_bytes(self.content).get(name, ""))
        try:
            return str(make_header(decode_header(value)))
        except (ValueError, LookupError):
            return value


class MailServers(NamedTuple):
    """The servers: their addresses, what was sent, and the mailbox."""

    smtp: str
    imap: str
    sent: list[Envelope]
    mailbox: "Mailbox"


class Mailbox(socketserver.ThreadingTCPServer):
    """One mailbox, served by IMAP."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.letters: list[Stored] = []
        self.refuses = ""
        """A command that is answered NO."""
        self.read = 0
        """Bytes of letters that were read."""

    def put(self, content: bytes, arrived_at: datetime | None = None) -> Stored:
        """A letter arrives."""
        letter = Stored(len(self.letters) + 1, content, arrived_at or datetime.now(UTC))
        self.letters.append(letter)
        return letter


class _Session(socketserver.StreamRequestHandler):
    server: Mailbox

    def handle(self) -> None:
        self._say("* OK ready")
        while line := self.rfile.readline():
            tag, _, rest = line.decode().rstrip("\r\n").partition(" ")
            name, _, rest = rest.partition(" ")
            if name.upper() == "UID":
                name, _, rest = rest.partition(" ")
            if name.upper() == self.server.refuses:
                self._say(f"{tag} NO not now")
                continue
            getattr(self, f"_{name.lower()}")(rest)
            self._say(f"{tag} OK done")
            if name.upper() == "LOGOUT":
                return

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")

    def _capability(self, rest: str) -> None:
        self._say("* CAPABILITY IMAP4rev1")

    def _login(self, rest: str) -> None:
        assert rest == f'{USER} "{PASSWORD}"'

    def _select(self, rest: str) -> None:
        assert rest == '"INBOX"'
        self._say(f"* {len(self.server.letters)} EXISTS")

    def _logout(self, rest: str) -> None:
        self._say("* BYE")

    def _append(self, rest: str) -> None:
        match = re.fullmatch(r'"INBOX" \((.*)\) \{(\d+)\}', rest)
        assert match, rest
        self._say("+ go on")
        letter = self.server.put(self.rfile.read(int(match[2])))
        letter.flags.add(match[1])
        self.rfile.readline()

    def _search(self, rest: str) -> None:
        match = re.fullmatch(
            r'SINCE (\S+) OR SUBJECT "(.+)" OR HEADER Message-ID "(.+)" HEADER In-Reply-To "(.+)"', rest
        )
        assert match, rest
        since = datetime.strptime(match[1], "%d-%b-%Y").replace(tzinfo=UTC)
        names = ("Subject", "Message-ID", "In-Reply-To")
        found = [
            str(letter.uid)
            for letter in self.server.letters
            if letter.arrived_at >= since
            and any(key in letter.header(name) for name, key in zip(names, match.groups()[1:], strict=True))
        ]
        self._say(" ".join(["* SEARCH", *found]))

    def _fetch(self, rest: str) -> None:
        part = r"BODY\.PEEK\[HEADER\.FIELDS \((.+)\)\]<0\.(\d+)>"
        match = re.fullmatch(rf"([\d,]+) \(FLAGS INTERNALDATE {part}\)", rest)
        assert match, rest
        names = [name.encode().lower() for name in match[2].split()]
        for uid in map(int, match[1].split(",")):
            letter = self.server.letters[uid - 1]
            head = re.split(rb"\r?\n\r?\n", letter.content, maxsplit=1)[0] + b"\r\n"
            fields = re.findall(rb"(?m)^[^\s:]+:.*(?:\r?\n[ \t].*)*\r?\n?", head)
            chosen = b"".join(one for one in fields if one.split(b":")[0].lower() in names)[: int(match[3])]
            self.server.read += len(chosen)
            at = letter.arrived_at.strftime("%d-%b-%Y %H:%M:%S +0000")
            flags = " ".join(sorted(letter.flags))
            # Some servers say the flags behind the text.
            self.wfile.write(
                f'* {uid} FETCH (UID {uid} INTERNALDATE "{at}" BODY[HEADER.FIELDS ({match[2]})]<0> '
                f"{{{len(chosen)}}}\r\n".encode()
                + chosen
                + f" FLAGS ({flags}))\r\n".encode()
            )

    def _store(self, rest: str) -> None:
        match = re.fullmatch(r"(\d+) \+FLAGS\.SILENT \((.+)\)", rest)
        assert match, rest
        self.server.letters[int(match[1]) - 1].flags.add(match[2])


class _Inbound:
    """What the SMTP server takes."""

    def __init__(self) -> None:
        self.sent: list[Envelope] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert session.authenticated
        self.sent.append(envelope)
        return "250 taken"


def _authenticated(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: Any
) -> AuthResult:
    is_known = isinstance(given, LoginPassword) and (given.login, given.password) == (
        USER.encode(),
        PASSWORD.encode(),
    )
    return AuthResult(success=is_known)


@contextmanager
def mail_servers() -> Iterator[MailServers]:
    """Both servers, until the end of the block."""
    inbound = _Inbound()
    with Mailbox() as mailbox:
        smtp = Controller(
            inbound,
            hostname="127.0.0.1",
            port=_free_port(),
            authenticator=_authenticated,
            auth_require_tls=False,
        )
        thread = threading.Thread(target=mailbox.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        smtp.start()
        try:
            imap = f"imap://127.0.0.1:{mailbox.server_address[1]}"
            yield MailServers(f"smtp://127.0.0.1:{smtp.port}", imap, inbound.sent, mailbox)
        finally:
            smtp.stop()
            mailbox.shutdown()
            thread.join(10)


def _free_port() -> int:
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
        port: int = server.server_address[1]
        return port
