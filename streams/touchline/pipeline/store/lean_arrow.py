"""pyarrow without numpy and pandas, which it imports if it can: a second, and 80 MB, for nothing here."""

import sys
from importlib.abc import MetaPathFinder


class _Without(MetaPathFinder):
    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname in ("numpy", "pandas"):
            raise ImportError


sys.meta_path.insert(0, _finder := _Without())
try:
    import pyarrow

    pyarrow.array([])  # pandas is looked for at the first array
finally:
    sys.meta_path.remove(_finder)

__all__ = ["pyarrow"]
