"""The HTTP response for each error: one table."""

from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from touchline.collector.dialects.dialect import TooManyEvents
from touchline.collector.ingress.problem import Problem, busy
from touchline.log.contract import LogFull, LogUnavailable

_ROUTER_CODES = {404: "not_found", 405: "method_not_allowed"}


class WrongMethod(Problem):
    """405: a path does not take the request's method."""


def check_method(request: Request, methods: Sequence[str]) -> None:
    """Raise WrongMethod unless the request's method is one of those."""
    if request.method not in methods:
        allowed = " or ".join(methods)
        raise WrongMethod(
            405,
            "method_not_allowed",
            f"{request.method[:16]} is not allowed here: send {allowed}",
            {"Allow": ", ".join(methods)},
        )


def problem_of(error: Exception) -> Problem:
    """Return the problem that a request gets for an error. Raises the error itself where it is a bug."""
    match error:
        case Problem():
            return error
        case TooManyEvents():
            return Problem(413, "too_many_events", f"{error}; nothing was accepted")
        case LogFull():
            return busy(
                "log_full",
                "The collector's disk is full; nothing was accepted: keep the events and retry later",
                30,
            )
        case LogUnavailable():
            return busy("log_unavailable", f"{error}: send the events again; repeated ids count once", 2)
        case TimeoutError():
            return busy(
                "log_slow",
                "The log did not respond in time: send the events again; repeated ids count once",
                5,
            )
    raise error


async def router_error(request: Request, error: Exception) -> Response:
    """Answer a request that no route takes: 404 and 405, in the form of all errors."""
    assert isinstance(error, HTTPException)  # noqa: S101 - for the type checker
    code = _ROUTER_CODES.get(error.status_code, "refused")
    message = f"{error.detail}: {request.scope['path'][:80]}; /openapi.json lists all paths"
    return Problem(error.status_code, code, message, error.headers).response()
