"""A tokenizer for SQL. It rejects what it does not understand, so it never sees less than the engine."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from touchline.store.errors import QueryError

SYNTAX_ERROR = 62

_TOKEN = re.compile(
    r"""
    (?P<gap> \s+ | (?: -- | // )[^\n]* | \#[\ !][^\n]* | /\*.*?\*/ )
  | (?P<text> '[^'\\]*(?:(?:\\.|'')[^'\\]*)*' )
  | (?P<quoted> `(?:[^`\\]|\\.|``)*` | "(?:[^"\\]|\\.|"")*" )
  | (?P<word> [A-Za-z0-9_]+ )
  | (?P<heredoc> (?<![A-Za-z0-9_])\$(?P<tag>[A-Za-z0-9_]*)\$.*?\$(?P=tag)\$ )
  | (?P<sign> (?!/\*) [-+*/%=<>!~^&|?:;,.()\[\]{}@] )
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)


class Kind(Enum):
    """The kind of a token: a word, a quoted name, a sign, or a literal."""

    WORD = auto()
    QUOTED = auto()
    SIGN = auto()
    LITERAL = auto()


_KINDS = {"text": Kind.LITERAL, "heredoc": Kind.LITERAL, "quoted": Kind.QUOTED, "word": Kind.WORD}


@dataclass(frozen=True, slots=True)
class Token:
    """A token: words in lower case, quoted names without quotes. `start` is its index in the SQL."""

    kind: Kind
    text: str
    start: int

    def is_sign(self, text: str) -> bool:
        """Whether it is this sign, rather than a name or a literal with the same text."""
        return self.kind is Kind.SIGN and self.text == text

    @property
    def is_name(self) -> bool:
        """Whether it is a word or a quoted name."""
        return self.kind in (Kind.WORD, Kind.QUOTED)


def tokens(sql: str) -> Iterator[Token]:
    """The tokens of `sql`, without comments.

    Raises:
        QueryError: the text is not SQL; the message gives the position.
    """
    position = 0
    while position < len(sql):
        match = _TOKEN.match(sql, position)
        if match is None or (match[0].startswith("/*") and "/*" in match[0][2:]):
            raise syntax_error(f"failed at position {position + 1} ({sql[position : position + 20]!r})")
        group = match.lastgroup or ""
        text = match[0]
        if group == "word":
            yield Token(Kind.WORD, text.lower(), position)
        elif group == "quoted":
            yield Token(Kind.QUOTED, text[1:-1], position)
        elif group != "gap":
            yield Token(_KINDS.get(group, Kind.SIGN), text, position)
        position = match.end()


def split(sql: str) -> list[str]:
    """The statements of a text, in order, without their semicolons."""
    statements, start, filled = [], 0, False
    for token in tokens(sql):
        if token.is_sign(";"):
            if filled:
                statements.append(sql[start : token.start].strip())
            start, filled = token.start + 1, False
        else:
            filled = True
    return [*statements, sql[start:].strip()] if filled else statements


def first_word(sql: str) -> str:
    """The first word of a statement, in lower case; empty where it begins with something else.

    Raises:
        QueryError: the beginning is not SQL.
    """
    first = next((token for token in tokens(sql) if token.text != "("), None)
    return first.text if first is not None and first.kind is Kind.WORD else ""


def syntax_error(detail: str) -> QueryError:
    """A syntax error in ClickHouse's form."""
    return QueryError(
        f"Code: {SYNTAX_ERROR}. DB::Exception: Syntax error: {detail}. (SYNTAX_ERROR)", SYNTAX_ERROR
    )
