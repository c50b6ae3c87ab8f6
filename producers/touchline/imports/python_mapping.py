"""Mappings in Python: one function from a row, or a group of rows, to events."""

import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from touchline.imports.errors import MappingError
from touchline.imports.readers.options import FileOptions, given_options
from touchline.imports.readers.rows import Values
from touchline.imports.yaml_mapping.zones import Clock


@dataclass(frozen=True)
class PythonMapping:
    """A mapping in Python: `events(row)`, or `events(rows)` if it sets GROUP.

    A second parameter receives the path of the file. OPTIONS may be a dict of options for reading the file.
    """

    name: str
    group: str | None
    options: FileOptions
    function: Callable[..., Iterable[dict[str, Any]]]
    takes_file: bool

    def with_options(self, options: FileOptions) -> "PythonMapping":
        """The mapping with other options, where they are set."""
        return replace(self, options=self.options.model_copy(update=options.given))

    def check(self, file: Path, columns: Sequence[str]) -> None:
        """Do nothing: a function may read any column."""

    def check_name(self, file: str) -> None:
        """Do nothing: a function decides by itself which files it is for."""

    def names(self, column: str) -> bool:
        """True: a function may read any column."""
        return True

    def reads(self, file: Path) -> frozenset[str] | None:
        """None: a function may read any column."""
        return None

    def produce(self, rows: list[Values], file: Path, clock: Clock) -> Iterable[dict[str, Any]]:
        """The events of one row, or of one group of rows."""
        given: Values | list[Values] = rows[0] if self.group is None else rows
        return self.function(given, file) if self.takes_file else self.function(given)


def load_python(path: Path) -> PythonMapping:
    """Run a Python file and return its mapping.

    Raises:
        MappingError: it fails, or is no mapping.
    """
    spec = importlib.util.spec_from_file_location(f"touchline_mapping_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise MappingError(f"cannot load {path} as Python")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by name.
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise MappingError(f"{path} fails when it is loaded: {type(error).__name__}: {error}") from error
    function = getattr(module, "events", None)
    if not callable(function):
        raise MappingError(f"{path} has no function events(row); write one that yields events as dicts")
    parameters = len(inspect.signature(function).parameters)
    if parameters not in (1, 2):
        raise MappingError(
            f"{path}: events takes {parameters} parameters; write events(row) or events(row, file)"
        )
    group = getattr(module, "GROUP", None)
    if group is not None and not isinstance(group, str):
        raise MappingError(f"{path}: GROUP is the name of one column, as a string")
    given = getattr(module, "OPTIONS", {})
    if not isinstance(given, dict):
        raise MappingError(f'{path}: OPTIONS is a dict, such as {{"encoding": "cp1252"}}')
    options = given_options(given, f"{path}: OPTIONS")
    return PythonMapping(path.stem, group, options, function, parameters == 2)
