"""Errors as ClickHouse writes them, and the HTTP status of each."""

from touchline.store import QueryError, StoreBusy, StoreError

_STATUS = {60: 404, 81: 404, 159: 500, 194: 401, 202: 503, 210: 503, 241: 500, 243: 500, 497: 403, 516: 403}
"""HTTP status by ClickHouse's error code; 400 for all others."""


def refusal(code: int, message: str, name: str) -> QueryError:
    """An error in ClickHouse's form: `Code: 62. DB::Exception: … (SYNTAX_ERROR)`."""
    return QueryError(f"Code: {code}. DB::Exception: {message}. ({name})", code)


def as_query_error(error: StoreError) -> QueryError:
    """The store's error with ClickHouse's error code."""
    if isinstance(error, QueryError):
        return error
    if isinstance(error, StoreBusy):
        return QueryError(str(error), 202)
    return refusal(210, str(error), "NETWORK_ERROR")


def status_of(error: QueryError) -> int:
    """The HTTP status of an error."""
    return _STATUS.get(error.code or 0, 400)
