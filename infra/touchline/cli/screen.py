"""Where tables are printed."""

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

NO_END = 10_000
"""Columns of what is no terminal: no table is so wide."""


def screen() -> "Console":
    """Standard output: as wide as the terminal, or else as the tables are, so that a file has rows whole."""
    from rich.console import Console

    known = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(width=None if known else NO_END)
