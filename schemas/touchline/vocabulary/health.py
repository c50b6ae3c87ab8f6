"""What every process answers about its health, at `/healthz` and `/readyz`."""

from typing import Final

ALIVE: Final = {"status": "ok"}
"""The body of `/healthz`, which answers while the process runs."""


def readiness(reason: str | None, warning: str | None = None) -> tuple[int, dict[str, str]]:
    """Return the status and the body of `/readyz`: 200 when ready, 503 with `why` when not.

    Args:
        reason: Why the process is not ready; None when it is.
        warning: What is wrong although the process is ready; None when nothing is.
    """
    if reason is None:
        return 200, {"status": "ready"} | ({} if warning is None else {"warning": warning})
    return 503, {"status": "not ready", "why": reason}


def error_body(code: str, message: str) -> dict[str, dict[str, str]]:
    """Return the body of an error: a code for programs, a message for people."""
    return {"error": {"code": code, "message": message}}
