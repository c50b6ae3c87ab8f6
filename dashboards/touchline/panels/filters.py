"""SQL for the filters of a dashboard: they keep the chosen values of a variable, or everything."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote

ALL = "$__all"
"""The value of a variable if all its values are chosen."""

VARIABLE = re.compile(r"\$\{(\w+):queryparam\}")
"""A variable in a panel's SQL."""

_OPEN = re.compile(r"\(true(?: AND true)*\s+OR ")
_TOKEN = re.compile(r"--[^\n]*|'(?:[^'\\]|\\.)*'|[()]")


def values_of(variable: str) -> str:
    """SQL for the array of a variable's values.

    The format `queryparam` writes `var-NAME=VALUE&…`, percent-encoded, so no value can end the SQL text;
    `sqlstring` leaves backslashes as they are.
    """
    pairs = f"splitByChar('&', '${{{variable}:queryparam}}')"
    return f"arrayMap(pair -> decodeURLComponent(substring(pair, {len(variable) + 6})), {pairs})"


def all_chosen(variable: str) -> str:
    """SQL condition: all values of the variable are chosen.

    The engine evaluates it for each of its many uses while it plans a query, so it decodes nothing. `ALL` is
    also found unencoded; that text is written so that it is not taken for a macro.
    """
    pairs = f"splitByChar('&', '${{{variable}:queryparam}}')"
    return f"hasAny({pairs}, ['var-{variable}={quote(ALL)}', concat('var-{variable}=$', '__all')])"


def chosen(column: str, variable: str) -> str:
    """SQL condition: `column` has a chosen value of the variable, or all values are chosen."""
    return f"({all_chosen(variable)} OR has({values_of(variable)}, {column}))"


def without_open_filters(sql: str, variables: Mapping[str, Sequence[str]]) -> str:
    """The SQL without the conditions that hold because all values are chosen.

    Their result is the same, but the engine parses and analyses what it then leaves out: that is a third of
    the time that all panels take in an empty store.

    Args:
        sql: A panel's SQL, before variables are replaced.
        variables: The chosen values of each variable.
    """
    for name in set(VARIABLE.findall(sql)):
        if ALL in (variables.get(name) or [ALL]):
            sql = sql.replace(all_chosen(name), "true")
    start = 0
    while (found := _OPEN.search(sql, start)) is not None:
        start = found.start()
        sql = f"{sql[:start]}true{sql[_end(sql, start) :]}"
    return sql


def _end(sql: str, start: int) -> int:
    """Where the expression in parentheses ends that begins at `start`."""
    depth = 0
    for token in _TOKEN.finditer(sql, start):
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth == 0 and token[0] == ")":
            return token.end()
    raise ValueError(f"a parenthesis is not closed: {sql[start : start + 80]}")
