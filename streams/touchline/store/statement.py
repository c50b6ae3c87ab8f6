"""Reading SQL just far enough: where statements end, what kind one is, and what it must not reach.

The engine runs readers' queries with `readonly = 1`, which refuses every write and every change of a
setting. It lets through what is refused here: several statements in one text, `INTO OUTFILE`, `USE`,
`KILL`, functions that read files or call other hosts, and `DESCRIBE` of a file or an address. Whatever
this reader does not understand it refuses, so that it never sees less than the engine does.

A function need not be called to run: `SELECT * APPLY file` and `arrayMap(file, ['path'])` name it only.
So these names are refused wherever they stand, and so is whatever could hide one: an escape in a quoted
name, and a parameter of type Identifier.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from touchline.store.errors import QueryError

SYNTAX_ERROR, READONLY, ACCESS_DENIED = 62, 164, 497

STATEMENTS = frozenset({"select", "with", "show", "describe", "desc", "explain", "exists"})
"""First words of the statements that readers may run."""

TABLE_FUNCTIONS = frozenset(
    {"format", "generate_series", "generateseries", "null", "numbers", "numbers_mt", "primes", "values"}
    | {"view", "zeros", "zeros_mt"}
)
"""Table functions that reach nothing but their arguments; all others are refused.

`format` is a plain function as well; as a table function, it is the engine that refuses it.
"""

FUNCTIONS_REFUSED = frozenset(
    {"addresstoline", "addresstolinewithinlines", "addresstosymbol", "file", "hascolumnintable"}
    | {"reversednsquery", "showcertificate"}
    | {"aiclassify", "aiembed", "aiextract", "aifilter", "aigenerate", "airedact", "aisimilarity"}
    | {"aisummarize", "aitranslate"}
)
"""Functions that read files or query other hosts. No name of ours is one of these."""

DEFINITIONS = (
    *(("create", one) for one in ("database", "table", "view", "materialized", "or")),
    *(("drop", one) for one in ("table", "view")),
    *((one, "table") for one in ("alter", "rename", "truncate", "optimize")),
    ("insert", "into"),
)
"""First two words of the statements by which an admin makes, changes and fills tables."""

_TOKEN = re.compile(
    r"""
    (?P<gap> \s+ | (?: -- | // )[^\n]* | \#[\ !][^\n]* | /\*.*?\*/ )
  | (?P<text> '[^'\\]*(?:(?:\\.|'')[^'\\]*)*' )
  | (?P<quoted> `(?:[^`\\]|\\.|``)*` | "(?:[^"\\]|\\.|"")*" )
  | (?P<word> [A-Za-z0-9_]+ )
  | (?P<heredoc> (?<![A-Za-z0-9_])\$(?P<tag>[A-Za-z0-9_]*)\$.*?\$(?P=tag)\$ )
  | (?P<sign> [-+*/%=<>!~^&|?:;,.()\[\]{}@] )
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)


class Kind(Enum):
    """What a token is: a word, a quoted name, a sign, or a literal."""

    WORD = auto()
    QUOTED = auto()
    SIGN = auto()
    LITERAL = auto()


_KINDS = {"text": Kind.LITERAL, "heredoc": Kind.LITERAL, "quoted": Kind.QUOTED, "word": Kind.WORD}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of SQL: words in lower case, quoted names without their quotes; `start` is its place."""

    kind: Kind
    text: str
    start: int


@dataclass(frozen=True, slots=True)
class Statement:
    """One reading statement: its text without `FORMAT …` and `;`, and the format it named, if any."""

    sql: str
    format: str | None


def tokens(sql: str) -> Iterator[Token]:
    """The tokens of `sql`, comments left out.

    Raises:
        QueryError: at what is no SQL, with its place.
    """
    place = 0
    while place < len(sql):
        match = _TOKEN.match(sql, place)
        if match is None or (match[0].startswith("/*") and "/*" in match[0][2:]):
            raise QueryError(
                f"Code: {SYNTAX_ERROR}. DB::Exception: Syntax error: failed at position {place + 1} "
                f"({sql[place : place + 20]!r}). (SYNTAX_ERROR)",
                SYNTAX_ERROR,
            )
        group = match.lastgroup or ""
        text = match[0]
        if group == "word":
            yield Token(Kind.WORD, text.lower(), place)
        elif group == "quoted":
            yield Token(Kind.QUOTED, text[1:-1], place)
        elif group != "gap":
            yield Token(_KINDS.get(group, Kind.SIGN), text, place)
        place = match.end()


def split(sql: str) -> list[str]:
    """The statements of a text, in order, without their semicolons."""
    statements, start, filled = [], 0, False
    for token in tokens(sql):
        if token.kind is Kind.SIGN and token.text == ";":
            if filled:
                statements.append(sql[start : token.start].strip())
            start, filled = token.start + 1, False
        else:
            filled = True
    return [*statements, sql[start:].strip()] if filled else statements


def read_only(sql: str, table_functions: frozenset[str], formats: dict[str, str]) -> Statement:
    """Read one statement and make sure that it only reads, and only the store.

    Args:
        sql: One statement, perhaps with a semicolon at its end.
        table_functions: The names of the engine's table functions, in lower case.
        formats: The engine's output formats, lower case → as the engine spells them.

    Raises:
        QueryError: with code 164 where the statement is refused, 62 where it cannot be read.
    """
    found = list(tokens(sql))
    while found and found[-1].kind is Kind.SIGN and found[-1].text == ";":
        sql = sql[: found.pop().start]
    first = next((token for token in found if token.text != "("), None)
    if first is None:
        raise QueryError(f"Code: {SYNTAX_ERROR}. DB::Exception: Empty query. (SYNTAX_ERROR)", SYNTAX_ERROR)
    if first.kind is not Kind.WORD or first.text not in STATEMENTS:
        raise _refused(f"{first.text.upper()[:30]!r} (SELECT, SHOW, DESCRIBE, EXPLAIN and EXISTS are read)")
    _check_names(found)
    for token, after in zip(found, [*found[1:], None], strict=True):
        if token.kind is Kind.SIGN and token.text == ";":
            raise _refused("more than one statement")
        if after is None:
            continue
        if token.kind is Kind.WORD and (token.text, after.text.lower()) == ("into", "outfile"):
            raise _refused("INTO OUTFILE")
        if after.text == "(" and after.kind is Kind.SIGN:
            _check_call(token, table_functions)
    if len(found) > 2 and found[-2].kind is Kind.WORD and found[-2].text == "format":
        named = formats.get(found[-1].text.lower()) if found[-1].kind in (Kind.WORD, Kind.QUOTED) else None
        if named is not None:
            return Statement(sql[: found[-2].start].rstrip(), named)
    return Statement(sql.rstrip(), None)


def first_word(sql: str) -> str:
    """The first word of a statement, in lower case; empty where it begins with none.

    Raises:
        QueryError: where the beginning is no SQL.
    """
    first = next((token for token in tokens(sql) if token.text != "("), None)
    return first.text if first is not None and first.kind is Kind.WORD else ""


def changing(sql: str, table_functions: frozenset[str], *, defines: bool) -> None:
    """Make sure that a statement only changes what its asker may: rows by `ALTER TABLE … DELETE WHERE …`.

    Args:
        sql: One statement.
        table_functions: The names of the engine's table functions, in lower case.
        defines: Whether the asker may also make, change and drop tables and views.

    Raises:
        QueryError: with code 497 where the statement is refused, 62 where it cannot be read.
    """
    found = list(tokens(sql))
    _check_names(found)
    for token, after in zip(found, [*found[1:], None], strict=True):
        if token.kind is Kind.SIGN and token.text == ";" and after is not None:
            raise denied("more than one statement")
        if after is not None and after.text == "(" and after.kind is Kind.SIGN:
            _check_call(token, table_functions)
        # Engines that reach out, and need no parenthesis for it.
        if token.kind is Kind.WORD and token.text == "engine" and after is not None and after.text == "=":
            _check_engine(found[found.index(token) + 2 :])
    words = [token.text if token.kind is Kind.WORD else "" for token in found]
    if defines and tuple(words[:2]) in DEFINITIONS:
        return
    depth = 0
    for token in found:
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(token.text, 0) if token.kind is Kind.SIGN else 0
        if depth == 0 and token.text == "," and token.kind is Kind.SIGN:
            raise denied("more than one change")
    if words[:2] != ["alter", "table"] or words[3:5] != ["delete", "where"]:
        raise denied(f"{' '.join(words[:4]).strip().upper()[:60]!r}")


def _check_engine(found: list[Token]) -> None:
    name = found[0].text.lower() if found else ""
    if not (name.endswith("mergetree") or name in ("memory", "null", "view")):
        raise denied(f"the table engine {name}")


def _check_names(found: list[Token]) -> None:
    """Refuse each name that is a function reaching out of the store, or that may hide one."""
    for place, token in enumerate(found):
        if token.kind not in (Kind.WORD, Kind.QUOTED):
            continue
        name = token.text.lower()
        if token.kind is Kind.QUOTED and "\\" in name:
            raise _refused("a quoted name with an escape in it: write the name as it is")
        if name in FUNCTIONS_REFUSED:
            raise _refused(f"the name {name}: it is a function that reaches out of the store")
        if name == "identifier" and [one.text for one in found[max(place - 3, 0) : place : 2]] == ["{", ":"]:
            raise _refused("a parameter of type Identifier: write the name into the query")


def _check_call(token: Token, table_functions: frozenset[str]) -> None:
    """Refuse the name before a parenthesis if it reaches out of the store, or hides what it is."""
    if token.kind is Kind.QUOTED and ("`" in token.text or '"' in token.text):
        raise _refused("a function whose name is written with an escape")
    if token.kind not in (Kind.WORD, Kind.QUOTED):
        return
    name = token.text.lower()
    outside = name in table_functions and name not in TABLE_FUNCTIONS
    if outside or name.startswith("ai") or name[:1].isdigit():
        raise _refused(f"the function {name}()")


def denied(what: str) -> QueryError:
    """Something that is not this asker's to do."""
    message = f"Not enough privileges: refused {what}"
    return QueryError(f"Code: {ACCESS_DENIED}. DB::Exception: {message}. (ACCESS_DENIED)", ACCESS_DENIED)


def _refused(what: str) -> QueryError:
    return QueryError(f"Code: {READONLY}. DB::Exception: Only reading: refused {what}. (READONLY)", READONLY)
