"""Mappings from the rows of a file to native events; loads YAML, Python and shipped mappings."""

import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import yaml
from pydantic import ValidationError

from touchline.imports.errors import MappingError
from touchline.imports.rows import Values
from touchline.imports.yaml_mapping import PlainMapping

SHIPPED = Path(__file__).parent / "mappings"


class _Loader(yaml.SafeLoader):
    """YAML that reads plain words as text: a column may be named `no`, and a date stays text."""


_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp")
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"true\Z|false\Z"), list("tf"))


class Mapping(Protocol):
    """A mapping from the rows of a file to events."""

    @property
    def name(self) -> str:
        """The name, the prefix of the ids of its events."""

    @property
    def group(self) -> str | None:
        """The column that groups neighbouring rows; None if each row is mapped by itself."""

    def check(self, file: Path, columns: list[str]) -> None:
        """Raise MappingError if the mapping does not fit a file with these columns."""

    def produce(self, rows: list[Values], file: Path) -> Iterable[dict[str, Any]]:
        """The events of one row, or of one group of rows."""


@dataclass(frozen=True)
class PythonMapping:
    """A mapping in Python: `events(row)`, or `events(rows)` if it sets GROUP.

    A second parameter receives the path of the file.
    """

    name: str
    group: str | None
    function: Callable[..., Iterable[dict[str, Any]]]
    takes_file: bool

    def check(self, file: Path, columns: list[str]) -> None:
        """Do nothing: a function may read any column."""

    def produce(self, rows: list[Values], file: Path) -> Iterable[dict[str, Any]]:
        """The events of one row, or of one group of rows."""
        given: Values | list[Values] = rows[0] if self.group is None else rows
        return self.function(given, file) if self.takes_file else self.function(given)


def shipped() -> list[str]:
    """The names of the mappings that come with Touchline."""
    return sorted(
        path.stem for path in SHIPPED.iterdir() if path.suffix in (".py", ".yaml") and path.stem[0] != "_"
    )


def load_mapping(name_or_path: str) -> Mapping:
    """A mapping by the path of its .yaml, .yml or .py file, or by the name of a shipped one.

    A .py file is run: load only what you would run yourself.

    Raises:
        MappingError: there is none such, or something in it is wrong; the message names the line.
    """
    path = Path(name_or_path)
    if path.suffix.lower() not in (".yaml", ".yml", ".py"):
        if name_or_path not in shipped():
            raise MappingError(
                f"there is no mapping {name_or_path!r}; write the path of a .yaml or .py file, or one of"
                f" {', '.join(shipped())}"
            )
        path = next(SHIPPED.glob(f"{name_or_path}.*"))
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise MappingError(f"{path} is not UTF-8 at byte {error.start}; save it as UTF-8") from None
    except OSError as error:
        raise MappingError(f"cannot read the mapping {path}: {error.strerror}") from None
    return _python(path) if path.suffix.lower() == ".py" else _plain(path, text)


def _python(path: Path) -> PythonMapping:
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
    return PythonMapping(path.stem, group, function, parameters == 2)


def _plain(path: Path, text: str) -> PlainMapping:
    try:
        node = yaml.compose(text, _Loader)
        content = yaml.load(text, _Loader)  # noqa: S506
    except yaml.YAMLError as error:
        raise MappingError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise MappingError(f"{path}: a mapping begins with events: and a list")
    try:
        return PlainMapping.model_validate({"name": path.stem.lower(), **content})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place, line = _place(node, first["loc"])
        raise MappingError(f"{path} line {line}: {place}: {_words(first)}") from error


def _place(node: yaml.Node | None, location: Sequence[int | str]) -> tuple[str, int]:
    """The path of a key as people write it, and the line on which it, or the nearest above it, stands."""
    place, line = "", 1
    for step in location:
        if isinstance(node, yaml.MappingNode):
            found = next((pair for pair in node.value if pair[0].value == str(step)), None)
            if found is not None:
                line, node = found[0].start_mark.line + 1, found[1]
            else:
                node = None
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
            line = node.start_mark.line + 1
        elif isinstance(node, yaml.Node):
            # What follows names the parts of a union, not keys.
            break
        place += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if place else step
    return place or "the mapping", line


def _words(error: Any) -> str:
    match error["type"]:
        case "missing":
            return "it is missing; write it"
        case "extra_forbidden":
            return "there is no such key"
        case "value_error":
            return str(error["ctx"]["error"])
    return f"{error['msg']}, got {error['input']!r}"
