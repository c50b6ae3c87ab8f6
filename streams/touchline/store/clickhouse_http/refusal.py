"""Errors as ClickHouse writes them, and the HTTP status of each."""

from touchline.store import QueryError, StoreBusy, StoreError

_STATUS = {60: 404, 81: 404, 159: 500, 194: 401, 202: 503, 210: 503, 241: 500, 243: 500, 497: 403, 516: 403}
"""HTTP status of ClickHouse's error numbers; all others are the asker's mistake, 400."""


def refusal(code: int, message: str, name: str) -> QueryError:
    """An error in ClickHouse's words: `Code: 62. DB::Exception: … (SYNTAX_ERROR)`."""
    return QueryError(f"Code: {code}. DB::Exception: {message}. ({name})", code)


def as_query_error(error: StoreError) -> QueryError:
    """Any error of the store's, with a number."""
    if isinstance(error, QueryError):
        return error
    if isinstance(error, StoreBusy):
        return QueryError(str(error), 202)
    return refusal(210, str(error), "NETWORK_ERROR")


def status_of(error: QueryError) -> int:
    """The HTTP status that goes with an error."""
    return _STATUS.get(error.code or 0, 400)
