"""What a rendered dashboard draws."""

from typing import Any


def drawn_in(board: Any) -> list[Any]:
    """The panels of a dashboard, without its rows."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]
