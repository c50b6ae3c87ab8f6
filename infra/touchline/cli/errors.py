"""How a command says that it cannot: one line on standard error, and an exit code."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer


def fail(message: str, code: int = 1) -> typer.Exit:
    """Say what is wrong on standard error; raise what this returns."""
    typer.secho(message, err=True, fg=typer.colors.RED)
    return typer.Exit(code)


@contextmanager
def reported(*errors: type[Exception]) -> Iterator[None]:
    """Turn errors whose message is meant for the user into a failure of the command."""
    try:
        yield
    except errors as error:
        raise fail(str(error)) from None
