"""The e-mail step: a message goes out by SMTP, and the first answer by a person is looked for by IMAP."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest

from tests.walks.mail_servers import PASSWORD, USER, MailServers, mail_servers
from touchline.documents import Secret
from touchline.services.walking.mail import MOST_BYTES, MailFailed
from touchline.services.walking.running import Ran, run_walk
from touchline.vocabulary.durations import DAY, HOUR
from touchline.walks import Walk, parse_walks
from touchline.walks.correspondence import is_automatic

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result


@pytest.fixture(scope="module")
def running() -> Iterator[MailServers]:
    """The mail servers."""
    with mail_servers() as servers:
        yield servers


@pytest.fixture
def servers(running: MailServers) -> MailServers:
    """The mail servers, with an empty mailbox."""
    running.mailbox.letters.clear()
    running.sent.clear()
    running.mailbox.refuses, running.mailbox.read = "", 0
    return running


def _text(servers: MailServers, more: str = "") -> str:
    return (
        "walks: [{name: service, site: 'https://shop.example', channel: email, steps: [{name: An answer, "
        f"email: {{to: service@shop.example, sender: {USER}, smtp: '{servers.smtp}', imap: '{servers.imap}', "
        f"password: {{env: WALK_MAIL}}, subject: 'Where is my parcel?', text: This is a check.{more}}}}}]}}]"
    )


def _walk(servers: MailServers) -> Walk:
    [walk] = parse_walks(_text(servers))
    return walk


def _run(servers: MailServers, *, settled: bool = True) -> Ran:
    def value_of(given: Secret) -> str:
        assert given.env == "WALK_MAIL"
        return PASSWORD

    ran = run_walk(_walk(servers), value_of)
    if settled:
        ran.settle()
    return ran


def _age(servers: MailServers, ms: int) -> int:
    """Let the last message be so old; return when it was sent, then."""
    letter = servers.mailbox.letters[-1]
    sent = int(letter.header("Message-ID").partition("@")[0].rpartition("-")[2])
    letter.content = letter.content.replace(str(sent).encode(), str(sent - ms).encode())
    letter.arrived_at -= timedelta(milliseconds=ms)
    return sent - ms


def _answer(servers: MailServers, after: int, head: str = "", subject: str | None = None) -> None:
    question = servers.mailbox.letters[0]
    subject = f"Re: {question.header('Subject')}" if subject is None else subject
    text = f"From: Eve <eve@shop.example>\r\nSubject: {subject}\r\n{head}\r\nOn its way."
    servers.mailbox.put(text.encode(), question.arrived_at + timedelta(milliseconds=after))


def test_a_message_is_sent_once_and_its_answer_reported_once(servers: MailServers) -> None:
    """A run sends and does not wait; a later one finds the answer; the next message goes out a day later."""
    first = _run(servers)
    assert (first.outcomes, "an answer is due by" in first.waits) == ((), True)
    [sent] = servers.sent
    assert (sent.mail_from, sent.rcpt_tos) == (USER, ["service@shop.example"])
    again = _run(servers)
    assert (again.outcomes, len(servers.sent), len(servers.mailbox.letters)) == ((), 1, 1)
    asked_at = _age(servers, 5 * HOUR)
    _answer(servers, 2 * HOUR)
    unsettled, found = _run(servers, settled=False), _run(servers)
    [outcome] = found.outcomes
    assert unsettled.outcomes == found.outcomes
    assert found.started_at == unsettled.started_at == asked_at
    assert (outcome.step, outcome.passed, outcome.seconds) == ("An answer", True, 7_200)
    assert (outcome.limit_seconds, outcome.after) == (86_400, 7_200)
    after = _run(servers)
    assert (after.outcomes, "the next message is sent after" in after.waits) == ((), True)
    assert len(servers.sent) == 1
    question = servers.mailbox.letters[0]
    question.content = question.content.replace(str(asked_at).encode(), str(asked_at - DAY).encode())
    assert "an answer is due by" in _run(servers).waits
    assert len(servers.sent) == 2


def test_no_answer_in_time_fails(servers: MailServers) -> None:
    """A message without an answer, or with one that came too late, failed at its deadline."""
    _run(servers)
    asked_at = _age(servers, 26 * HOUR)
    _answer(servers, 25 * HOUR)
    ran = _run(servers)
    [outcome] = ran.outcomes
    at = datetime.fromtimestamp(asked_at / 1000, UTC)
    assert outcome.why == f"no answer within 1d to the message of {at:%Y-%m-%d %H:%M} UTC"
    assert (outcome.seconds, outcome.after, outcome.passed) == (None, 86_400, False)


NO_ANSWERS = {
    "out of office": ("Auto-Submitted: auto-replied; owner-email=eve\r\n", None),
    "receipt": ("Auto-Submitted: auto-generated (ticket)\r\n", None),
    "old receipt": ("Precedence: auto_reply\r\n", None),
    "list": ("Precedence: Bulk\r\n", None),
    "marked": ("X-Autoreply: yes\r\n", None),
    "came back": ("Content-Type: multipart/report; report-type=delivery-status\r\n", None),
    "no sender": ("Return-Path: <>\r\n", None),
    "another": ("", "Re: Where is my parcel? [walk-00000000-1]"),
    "odd charset": ("", "=?no-such-charset?B?4pyT?= =?utf-8?Q?=FF?="),
    "huge": (f"References: {'<a@b.example> ' * 90_000}\r\n", "Hello"),
    "no letter": ("\udcff\x00 :\r\n : :\r\nSubject\r\n", "\x1b[2J<b>"),
}


def test_what_is_no_answer_stays_harmless(servers: MailServers) -> None:
    """Automatic, foreign, malformed and huge letters count for nothing, and little of them is read."""
    _run(servers)
    _age(servers, HOUR)
    key = servers.mailbox.letters[0].header("Message-ID").strip("<>").rpartition("-")[0]
    # Each names the key, so that the search finds it.
    for head, subject in NO_ANSWERS.values():
        question = servers.mailbox.letters[0]
        words = f"Re: {question.header('Subject')}" if subject is None else f"{subject} {key}"
        letter = f"From: x@y.example\r\nSubject: {words}\r\n{head}\r\n{'<html>' * 10}"
        servers.mailbox.put(letter.encode("utf-8", "surrogateescape"), question.arrived_at)
    ours = f"From: {USER}\r\nMessage-ID: <{key}-99999999999999@mail.example>\r\nSubject: {key}\r\n\r\n"
    servers.mailbox.put(ours.encode())
    ran = _run(servers)
    assert (ran.outcomes, "an answer is due by" in ran.waits) == ((), True)
    assert servers.mailbox.read < 3 * MOST_BYTES
    _answer(servers, HOUR // 2, "Auto-Submitted: no\r\n")
    [outcome] = _run(servers).outcomes
    assert outcome.seconds == 1_800


def test_an_answer_is_known_by_its_reference_or_its_subject() -> None:
    """Written by a person: no header that programs set, or one that says no."""
    parsed = BytesHeaderParser().parsebytes
    assert not is_automatic(parsed(b"Subject: Re: x\r\n\r\n"))
    assert not is_automatic(parsed(b"Auto-Submitted: No\r\nPrecedence: first-class\r\n\r\n"))
    assert is_automatic(parsed(b"From: MAILER-DAEMON@shop.example\r\n\r\n"))


def test_an_answer_without_the_subject_is_known_by_its_reference(servers: MailServers) -> None:
    """A mail program that changes the subject still names the message that it answers."""
    _run(servers)
    _age(servers, HOUR)
    name = servers.mailbox.letters[0].header("Message-ID")
    _answer(servers, 60_000, f"In-Reply-To: {name}\r\n", "=?utf-8?B?QmVzdMOkdGlndW5n?=")
    [outcome] = _run(servers).outcomes
    assert outcome.seconds == 60


@pytest.mark.parametrize("command", ["LOGIN", "SELECT", "SEARCH", "APPEND"])
def test_a_server_that_refuses_says_nothing_about_the_company(servers: MailServers, command: str) -> None:
    """The run fails with the server's address and without the password, and reports no step."""
    servers.mailbox.refuses = command
    with pytest.raises(MailFailed) as raised:
        _run(servers)
    assert str(raised.value).startswith(f"{servers.imap}: ")
    assert PASSWORD not in str(raised.value)


@pytest.mark.slow
def test_the_command_writes_the_result_of_an_e_mail(
    servers: MailServers, touchline: "Callable[..., Result]", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The result is an event of the walk at the time of the answer; while an answer is due, there is none."""
    pytest.importorskip("selenium")
    monkeypatch.setenv("WALK_MAIL", PASSWORD)
    walks = tmp_path / "walks.yaml"
    walks.write_text(_text(servers))
    said = touchline("walk", "run", walks, "--data", tmp_path / "data")
    assert (said.exit_code, "service: An answer: sent " in said.stdout) == (0, True)
    _age(servers, HOUR)
    _answer(servers, 600_000)
    said = touchline("walk", "run", walks, "--data", tmp_path / "data")
    assert said.stdout == "service: An answer (600.0 s): passed\n"
    rows = touchline("query", "--data", tmp_path / "data", "--json", "SELECT type, channel, data FROM events")
    [row] = [orjson.loads(line) for line in rows.stdout.splitlines()]
    assert (row["type"], row["channel"]) == ("audit.step_passed", "email")
    assert "parcel" not in rows.stdout
