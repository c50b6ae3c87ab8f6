"""Importing a package without others that it takes in where it can, and that nothing here uses."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.abc import MetaPathFinder


class _Without(MetaPathFinder):
    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = names

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname in self._names:
            raise ImportError(f"{fullname} is not imported here")


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Within it these packages, unless they are imported already, are as if they were not installed."""
    finder = _Without(names)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
