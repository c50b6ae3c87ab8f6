"""Checking that a statement only reads, and only the store.

The engine runs readers' queries with `readonly = 1`, which refuses all writes and changes of settings. It
still allows what is refused here: several statements in one text, `INTO OUTFILE`, `USE`, `KILL`, functions
that read files or call other hosts, and `DESCRIBE` of a file or a URL.
"""

from dataclasses import dataclass
from itertools import pairwise

from touchline.store.errors import QueryError
from touchline.store.sql.functions import check_functions, refused
from touchline.store.sql.tokens import SYNTAX_ERROR, tokens

STATEMENTS = frozenset({"select", "with", "show", "describe", "desc", "explain", "exists"})
"""First words of the statements that readers may run."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A reading statement without `FORMAT …` and `;`, and the format that it named, if any."""

    sql: str
    format: str | None


def read_only(sql: str, table_functions: frozenset[str], formats: dict[str, str]) -> Statement:
    """Parse one statement and check that it only reads the store.

    Args:
        sql: One statement, with or without a semicolon at its end.
        table_functions: The names of the engine's table functions, in lower case.
        formats: The engine's output formats: name in lower case → name as the engine spells it.

    Raises:
        QueryError: with code 164 where the statement is refused, 62 where it is not SQL.
    """
    statement = list(tokens(sql))
    while statement and statement[-1].is_sign(";"):
        sql = sql[: statement.pop().start]
    first = next((token for token in statement if token.text != "("), None)
    if first is None:
        raise QueryError(f"Code: {SYNTAX_ERROR}. DB::Exception: Empty query. (SYNTAX_ERROR)", SYNTAX_ERROR)
    if first.kind != "word" or first.text not in STATEMENTS:
        raise refused(f"{first.text.upper()[:30]!r} (SELECT, SHOW, DESCRIBE, EXPLAIN and EXISTS are allowed)")
    check_functions(statement, table_functions)
    if any(token.is_sign(";") for token in statement):
        raise refused("more than one statement")
    for token, following in pairwise(statement):
        if token.kind == "word" and (token.text, following.text.lower()) == ("into", "outfile"):
            raise refused("INTO OUTFILE")
    if len(statement) > 2 and statement[-2].kind == "word" and statement[-2].text == "format":
        last = statement[-1]
        format_name = formats.get(last.text.lower()) if last.is_name else None
        if format_name is not None:
            return Statement(sql[: statement[-2].start].rstrip(), format_name)
    return Statement(sql.rstrip(), None)
