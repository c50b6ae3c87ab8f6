"""Files that somebody wrote for Touchline, such as rules: read whole, or said why not."""

from collections.abc import Callable
from pathlib import Path


def text_of(path: Path, refused: Callable[[str], Exception]) -> str:
    """The text of the file; raises what `refused` makes of the reason where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        why = f"it is not UTF-8 at byte {error.start}; save it as UTF-8"
    except OSError as error:
        why = str(error.strerror)
    raise refused(f"{path}: cannot be read: {why}")
