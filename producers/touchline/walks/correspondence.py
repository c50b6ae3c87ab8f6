"""An e-mail step: which message to send, and what the letters of the mailbox say about the last one.

All that is kept is in the mailbox: a copy of each message that was sent, whose flag says that its result is
reported. Only headers are read, so what a letter holds can do no harm.
"""

import re
from collections.abc import Iterable, Sequence
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.utils import formatdate, parseaddr
from typing import Final, NamedTuple

from touchline.vocabulary.durations import DAY, exact_duration
from touchline.vocabulary.ids import derived_id
from touchline.vocabulary.moments import in_words
from touchline.walks.declaration import Correspondence, Walk
from touchline.walks.outcomes import Outcome

AGENT: Final = "TouchlineWalk/1.0"

HEADERS: Final = (
    *("From", "Subject", "Message-ID", "In-Reply-To", "References", "Auto-Submitted", "Precedence"),
    *("X-Autoreply", "X-Autorespond", "Content-Type", "Return-Path"),
)
"""The headers that are read."""

SLACK: Final = 2 * DAY
"""How much longer (ms) than needed letters are looked for: IMAP searches by day, in the server's zone."""


class Letter(NamedTuple):
    """A letter of the mailbox: its number there, when it arrived (ms), its headers, and its flag."""

    uid: int
    arrived_at: int
    headers: Message
    is_reported: bool


class Finding(NamedTuple):
    """What a run finds out about an e-mail step.

    Attributes:
        asked_at: When the last message was sent, ms; 0 if none was.
        outcome: Its result; None if there is none yet, or it is reported.
        uid: The number of its copy in the mailbox.
        asks: Whether the next message is to be sent now.
        waits: What is waited for, in words.
    """

    asked_at: int = 0
    outcome: Outcome | None = None
    uid: int = 0
    asks: bool = False
    waits: str = ""


def key_of(portion: Walk) -> str:
    """What all messages of a portion's step, and the answers to them, have in their subject."""
    return f"walk-{str(derived_id(f'letters {portion.name} {portion.steps[0].name}'))[:8]}"


def searched_from(wanted: Correspondence, now: int) -> int:
    """From when on (ms) letters matter."""
    return now - max(wanted.within, wanted.again) - SLACK


def message(wanted: Correspondence, key: str, now: int) -> EmailMessage:
    """The message to send at a time (ms)."""
    mail = EmailMessage()
    mail["From"] = wanted.sender
    mail["To"] = wanted.to
    mail["Subject"] = f"{wanted.subject} [{key}-{now}]"
    mail["Date"] = formatdate(now / 1000)
    mail["Message-ID"] = f"<{key}-{now}@{wanted.sender.rpartition('@')[2]}>"
    mail["User-Agent"] = AGENT
    mail.set_content(wanted.text)
    return mail


def judged(portion: Walk, wanted: Correspondence, letters: Sequence[Letter], now: int) -> Finding:
    """What the letters say at a time (ms): the first answer by a person to the last message counts."""
    key = key_of(portion)
    questions = _questions(letters, key, wanted.sender, now)
    if not questions:
        return Finding(asks=True)
    asked_at = max(questions)
    question = questions[asked_at]
    if question.is_reported:
        due = asked_at + wanted.again
        waits = f"the next message is sent after {in_words(due, 'UTC')}"
        return Finding(asked_at, asks=now >= due, waits="" if now >= due else waits)
    answers = (letter for letter in letters if _answers(letter, f"{key}-{asked_at}", wanted.sender))
    took = [max(0, answer.arrived_at - question.arrived_at) for answer in answers]
    limit = exact_duration(wanted.within)
    if took and min(took) <= wanted.within:
        why, lasted = "", min(took)
    elif now - asked_at > wanted.within:
        asked = in_words(asked_at, "UTC")
        why, lasted = f"no answer within {limit} to the message of {asked}", wanted.within
    else:
        return awaited(wanted, asked_at)
    seconds = None if why else lasted / 1000
    outcome = Outcome(portion.steps[0].in_words, why, seconds, wanted.within / 1000, lasted / 1000)
    return Finding(asked_at, outcome, question.uid)


def awaited(wanted: Correspondence, asked_at: int) -> Finding:
    """The finding while an answer to the message of a time (ms) is due."""
    asked, due = in_words(asked_at, "UTC"), in_words(asked_at + wanted.within, "UTC")
    return Finding(asked_at, waits=f"sent {asked}, an answer is due by {due}")


def _questions(letters: Iterable[Letter], key: str, sender: str, now: int) -> dict[int, Letter]:
    """The copies of messages that were sent until now, by when: of each, the one that came first."""
    ours = re.compile(rf"\s*<{re.escape(key)}-(\d{{1,15}})@[^>\s]*>\s*", re.ASCII)
    found: dict[int, Letter] = {}
    for letter in sorted(letters, key=lambda one: one.uid):
        match = ours.fullmatch(_text(letter, "Message-ID"))
        if match and int(match[1]) <= now and _is_from(letter, sender):
            found.setdefault(int(match[1]), letter)
    return found


def _answers(letter: Letter, token: str, sender: str) -> bool:
    """Whether a person wrote a letter in answer to the message with this token."""
    named = " ".join(_text(letter, name) for name in ("In-Reply-To", "References", "Subject"))
    is_about = re.search(rf"{re.escape(token)}(?!\d)", named) is not None
    return is_about and not _is_from(letter, sender) and not is_automatic(letter.headers)


def _is_from(letter: Letter, sender: str) -> bool:
    return parseaddr(_text(letter, "From"))[1].casefold() == sender.casefold()


def is_automatic(headers: Message) -> bool:
    """Whether a program wrote a letter: out of office, a receipt, a list, or a report that it came back.

    By RFC 3834 and RFC 3464, and the older headers in use.
    """
    submitted = _word(headers, "Auto-Submitted")
    return (
        submitted not in ("", "no")
        or _word(headers, "Precedence") in ("bulk", "junk", "list", "auto_reply")
        or any(headers.get(name) is not None for name in ("X-Autoreply", "X-Autorespond"))
        or _word(headers, "Content-Type") == "multipart/report"
        or str(headers.get("Return-Path", "")).strip() == "<>"
        or "mailer-daemon" in str(headers.get("From", "")).casefold()
    )


def _word(headers: Message, name: str) -> str:
    """The value of a header without its parameters and comments."""
    return re.split(r"[;(]", str(headers.get(name, "")), maxsplit=1)[0].strip().casefold()


def _text(letter: Letter, name: str) -> str:
    """A header as text; of one that cannot be decoded, what it has in ASCII."""
    raw = "".join(str(letter.headers.get(name, "")).splitlines())
    try:
        return str(make_header(decode_header(raw)))
    except (ValueError, LookupError):
        return raw
