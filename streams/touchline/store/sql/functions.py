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
    for index, token in enumerate(statement):
        if token.is_name:
            _check_name(statement, index)
    for token, following in pairwise(statement):
        if following.is_sign("("):
            _check_call(token, table_functions)


def refused(what: str) -> QueryError:
    """The error for a query that does more than read."""
    return QueryError(f"Code: {READONLY}. DB::Exception: Only reading: refused {what}. (READONLY)", READONLY)


def _check_name(statement: Sequence[Token], index: int) -> None:
    token = statement[index]
    name = token.text.lower()
    if token.kind is Kind.QUOTED and "\\" in name:
        raise refused("a quoted name with an escape: write the name without it")
    if name in FUNCTIONS_REFUSED:
        raise refused(f"the name {name}: it is a function that reaches out of the store")
    if name.startswith("os_thread"):
        # The engine ends a process that may not reset the priority of its threads.
        raise refused(f"the setting {name}")
    before = [token.text for token in statement[max(index - 3, 0) : index : 2]]
    if name == "identifier" and before == ["{", ":"]:
        raise refused("a parameter of type Identifier: write the name into the query")


def _check_call(token: Token, table_functions: frozenset[str]) -> None:
    """Refuse a name before a parenthesis if it reaches out of the store, or could hide one that does."""
    if token.kind is Kind.QUOTED and ("`" in token.text or '"' in token.text):
        raise refused("a function name that contains an escape")
    if not token.is_name:
        return
    name = token.text.lower()
    if (
        (name in table_functions and name not in TABLE_FUNCTIONS)
        or name.startswith("ai")
        or name[:1].isdigit()
    ):
        raise refused(f"the function {name}()")
