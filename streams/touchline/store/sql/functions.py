"""Names of functions that reach out of the store, and the checks that refuse them.

A function can run without a call: `SELECT * APPLY file` and `arrayMap(file, ['path'])` only name it. So these
names are refused wherever they occur, and so is anything that could hide one: an escape in a quoted name, and
a parameter of type Identifier.
"""

from collections.abc import Sequence
from itertools import pairwise

from touchline.store.errors import QueryError
from touchline.store.sql.tokens import Kind, Token

READONLY = 164

TABLE_FUNCTIONS = frozenset(
    {"format", "generate_series", "generateseries", "null", "numbers", "numbers_mt", "primes", "values"}
    | {"view", "zeros", "zeros_mt"}
)
"""Table functions that read only their arguments; all others are refused.

`format` is a plain function as well; the engine itself refuses it as a table function.
"""

FUNCTIONS_REFUSED = frozenset(
    {"addresstoline", "addresstolinewithinlines", "addresstosymbol", "file", "hascolumnintable"}
    | {"reversednsquery", "showcertificate"}
    | {"aiclassify", "aiembed", "aiextract", "aifilter", "aigenerate", "airedact", "aisimilarity"}
    | {"aisummarize", "aitranslate"}
)
"""Functions that read files or query other hosts. No table or column has one of these names."""


def check_functions(statement: Sequence[Token], table_functions: frozenset[str]) -> None:
    """Refuse a statement that names or calls a function that reaches out of the store.

    Raises:
        QueryError: with code 164.
    """
    # A panel's SQL has thousands of tokens, but some hundred names: each is checked once.
    names = {(token.kind, token.text) for token in statement if token.is_name}
    for kind, text in names:
        _check_name(kind, text)
    called = {
        (token.kind, token.text)
        for token, following in pairwise(statement)
        if following.text == "(" and following.kind == "sign"
    }
    for kind, text in names & called:
        _check_call(kind, text, table_functions)
    for brace, colon, token in zip(statement, statement[2:], statement[3:], strict=False):
        if (brace.text, colon.text, token.text.lower()) == ("{", ":", "identifier") and token.is_name:
            raise refused("a parameter of type Identifier: write the name into the query")


def refused(what: str) -> QueryError:
    """The error for a query that does more than read."""
    return QueryError(f"Code: {READONLY}. DB::Exception: Only reading: refused {what}. (READONLY)", READONLY)


def _check_name(kind: Kind, text: str) -> None:
    name = text.lower()
    if kind == "quoted" and "\\" in name:
        raise refused("a quoted name with an escape: write the name without it")
    if name in FUNCTIONS_REFUSED:
        raise refused(f"the name {name}: it is a function that reaches out of the store")
    if name.startswith("os_thread"):
        # The engine ends a process that may not reset the priority of its threads.
        raise refused(f"the setting {name}")


def _check_call(kind: Kind, text: str, table_functions: frozenset[str]) -> None:
    """Refuse a name before a parenthesis if it reaches out of the store, or could hide one that does."""
    if kind == "quoted" and ("`" in text or '"' in text):
        raise refused("a function name that contains an escape")
    name = text.lower()
    if (
        (name in table_functions and name not in TABLE_FUNCTIONS)
        or name.startswith("ai")
        or name[:1].isdigit()
    ):
        raise refused(f"the function {name}()")
