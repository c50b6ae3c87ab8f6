"""What people write on the page: documents, kept as rows of a table for each kind.

Each table has the columns `id`, `author`, `written_at`, `deleted` and `version`, and columns of its own. Of
the rows of an id, the one with the highest version counts.
"""

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from touchline.vocabulary.errors import TouchlineError

MAX_AUTHOR = 80

Id = Annotated[str, Meta(max_length=64)]
"""The id of a document, or of what it is about."""

_JOINERS = "\u200c\u200d"
"""Invisible signs that some scripts and emoji need."""


class NotWritten(TouchlineError):
    """A document cannot be written; the message says why and what to do."""


@dataclass(frozen=True)
class Kind:
    """A kind of document: its table, what the page calls one, and how many there may be."""

    table: str
    noun: str
    most: int


def plain(text: str) -> str:
    """A text on one line, without signs that are invisible or change the direction of writing."""
    shown = (sign for sign in text if sign.isprintable() or sign.isspace() or sign in _JOINERS)
    return " ".join("".join(shown).split())


def author_of(login: str, typed: str) -> str:
    """The name of a writer: that of the login, else the one that was typed.

    Raises:
        NotWritten: there is neither.
    """
    name = (plain(login) or plain(typed))[:MAX_AUTHOR]
    if not name:
        raise NotWritten("Write your name: others see who wrote this")
    return name
