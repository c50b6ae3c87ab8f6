"""Checking that a statement changes only what its sender's role may change."""

from collections.abc import Sequence
from itertools import pairwise

from touchline.store.errors import QueryError
from touchline.store.sql.functions import check_functions
from touchline.store.sql.tokens import Token, tokens

ACCESS_DENIED = 497

DEFINITIONS = (
    *(("create", word) for word in ("database", "table", "view", "materialized", "or")),
    *(("drop", word) for word in ("table", "view")),
    *((word, "table") for word in ("alter", "rename", "truncate", "optimize")),
    ("insert", "into"),
)
"""First two words of the statements by which an admin creates, changes and fills tables."""

_DEPTH = {"(": 1, "[": 1, ")": -1, "]": -1}


def check_change(sql: str, table_functions: frozenset[str], *, defines: bool) -> None:
    """Check that a statement deletes rows (`ALTER TABLE … DELETE WHERE …`), or defines tables if it may.

    Args:
        sql: One statement.
        table_functions: The names of the engine's table functions, in lower case.
        defines: Whether the sender may also create, change and drop tables and views.

    Raises:
        QueryError: with code 497 where the statement is refused, 62 where it is not SQL.
    """
    statement = list(tokens(sql))
    check_functions(statement, table_functions)
    for index, (token, following) in enumerate(pairwise(statement)):
        if token.is_sign(";"):
            raise denied("more than one statement")
        # Some engines connect to other hosts without a parenthesis.
        if token.kind == "word" and token.text == "engine" and following.text == "=":
            _check_engine(statement[index + 2 :])
    words = [token.text if token.kind == "word" else "" for token in statement]
    if defines and tuple(words[:2]) in DEFINITIONS:
        return
    depth = 0
    for token in statement:
        depth += _DEPTH.get(token.text, 0) if token.kind == "sign" else 0
        if depth == 0 and token.is_sign(","):
            raise denied("more than one change")
    if words[:2] != ["alter", "table"] or words[3:5] != ["delete", "where"]:
        raise denied(f"{' '.join(words[:4]).strip().upper()[:60]!r}")


def denied(what: str) -> QueryError:
    """The error for a statement that the sender's role may not run."""
    message = f"Not enough privileges: refused {what}"
    return QueryError(f"Code: {ACCESS_DENIED}. DB::Exception: {message}. (ACCESS_DENIED)", ACCESS_DENIED)


def _check_engine(rest: Sequence[Token]) -> None:
    name = rest[0].text.lower() if rest else ""
    if not (name.endswith("mergetree") or name in ("memory", "null", "view")):
        raise denied(f"the table engine {name}")
