"""Where commands print tables."""

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

UNLIMITED_COLUMNS = 10_000
"""Width where standard output is no terminal: wider than any table."""


def screen() -> "Console":
    """Return standard output as a console: as wide as the terminal, or unlimited in a file or pipe."""
    from rich.console import Console

    known = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(width=None if known else UNLIMITED_COLUMNS)
