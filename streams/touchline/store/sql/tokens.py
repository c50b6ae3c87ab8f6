"""A tokenizer for SQL. It rejects what it does not understand, so it never sees less than the engine."""

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

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
  | (?P<unknown> . )
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)


Kind = Literal["word", "quoted", "sign", "literal"]
"""The kind of a token: a word, a quoted name, a sign, or a literal."""


class Token(NamedTuple):
    """A token: words in lower case, quoted names without quotes. `start` is its index in the SQL."""

    kind: Kind
    text: str
    start: int

    def is_sign(self, text: str) -> bool:
        """Whether it is this sign, rather than a name or a literal with the same text."""
        return self.kind == "sign" and self.text == text

    @property
    def is_name(self) -> bool:
        """Whether it is a word or a quoted name."""
        return self.kind in ("word", "quoted")


def tokens(sql: str) -> Iterator[Token]:
    """The tokens of `sql`, without comments.

    Raises:
        QueryError: the text is not SQL; the message gives the position.
    """
    for match in _TOKEN.finditer(sql):
        group, text, start = match.lastgroup, match[0], match.start()
        if group == "gap":
            if text.startswith("/*") and "/*" in text[2:]:
                raise _unknown(sql, start)
        elif group == "word":
            yield Token("word", text.lower(), start)
        elif group == "sign":
            yield Token("sign", text, start)
        elif group == "quoted":
            yield Token("quoted", text[1:-1], start)
        elif group == "unknown":
            raise _unknown(sql, start)
        else:
            yield Token("literal", text, start)


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
    return first.text if first is not None and first.kind == "word" else ""


def syntax_error(detail: str) -> QueryError:
    """A syntax error in ClickHouse's form."""
    return QueryError(
        f"Code: {SYNTAX_ERROR}. DB::Exception: Syntax error: {detail}. (SYNTAX_ERROR)", SYNTAX_ERROR
    )


def _unknown(sql: str, position: int) -> QueryError:
    return syntax_error(f"failed at position {position + 1} ({sql[position : position + 20]!r})")
