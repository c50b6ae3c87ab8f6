"""A progress bar for the refold of every customer, as after a change of the rules or of the law."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from touchline.engine.identity.decider import RefoldProgress


@contextmanager
def refold_bar() -> "Iterator[RefoldProgress | None]":
    """Yield what moves the bar, which appears with the first call; None if standard error is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )
    task = bar.add_task("Refolding every customer", total=None)

    def move(done: int, of: int) -> None:
        bar.start()
        bar.update(task, completed=done, total=of)
        if done >= of:
            bar.stop()

    try:
        yield move
    finally:
        bar.stop()
