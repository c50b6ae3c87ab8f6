"""How a command fails: one line on standard error, and an exit code."""

import errno
from typing import Any

import typer
from typer.core import TyperGroup

from touchline.cli.output import printable

UNUSABLE_FILES = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EMFILE,
    errno.ENFILE,
    errno.EIO,
}
"""System errors of files that no command can do anything about: a full disk, missing rights and the like."""

FAILED = 1
WRONG_USAGE = 2


def fail(message: str, code: int = FAILED) -> typer.Exit:
    """Print what is wrong on standard error, and return what to raise."""
    typer.secho(printable(message), err=True, fg=typer.colors.RED)
    return typer.Exit(code)


def exit_code(error: Exception) -> int | None:
    """Return the exit code for an error; None for a bug, which shows its traceback."""
    # Imported here: most commands that fail by wrong usage, and --help, do without it.
    from touchline.vocabulary.errors import TouchlineError

    is_expected = isinstance(error, TouchlineError) or (
        isinstance(error, OSError) and error.errno in UNUSABLE_FILES
    )
    return FAILED if is_expected else None


class Commands(TyperGroup):
    """The commands of `touchline`: an expected error ends each of them with its message and exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except typer.Exit:
            raise
        except Exception as error:
            code = exit_code(error)
            if code is None:
                raise
            raise fail(_message(error), code) from None


def _message(error: Exception) -> str:
    if not isinstance(error, OSError):
        return str(error)
    return f"{error.filename}: {error.strerror}" if error.filename else f"{error.strerror}"
