"""The YAML file of a mapping: reading it, and its errors with line, key and what to write instead."""

import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from touchline.imports.errors import MappingError
from touchline.imports.yaml_mapping.cells import Amount, Cell
from touchline.imports.yaml_mapping.mapping import PlainEvent, PlainMapping

LONGEST = 1024 * 1024
"""The longest mapping, in characters."""

MOST_VALUES = 100_000
"""The most values of a mapping, each alias counted as what it repeats: the limit for YAML bombs."""


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


def load_yaml(path: Path, text: str) -> PlainMapping:
    """The mapping of a YAML text; `path` is where it stands.

    Raises:
        MappingError: something in it is wrong; the message names the line.
    """
    if len(text) > LONGEST:
        raise MappingError(f"{path} has {len(text):,} characters: a mapping has at most {LONGEST:,}")
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if _size(node, {}) > MOST_VALUES:
            raise MappingError(
                f"{path} has more than {MOST_VALUES:,} values, with its aliases: write fewer aliases"
            )
        _check_keys(path, node, set())
        content = None if node is None else loader.construct_document(node)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise MappingError(
            f"{path} line {line}: the character U+{error.character:04X} is not allowed: remove it, or save"
            " the file as text"
        ) from None
    except (yaml.YAMLError, ValueError) as error:
        raise MappingError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    except RecursionError:
        raise MappingError(f"{path} is not a mapping: its lists and objects are too deep") from None
    if not isinstance(content, dict):
        raise MappingError(f"{path}: a mapping begins with events: and a list")
    try:
        return PlainMapping.model_validate({"name": path.stem.lower(), **content})
    except ValidationError as error:
        errors = error.errors(include_url=False)
        # A misspelt key is missing, too: its own error says more.
        first = next((one for one in errors if one["type"] == "extra_forbidden"), errors[0])
        place, line = _place(node, first["loc"])
        raise MappingError(f"{path} line {line}: {place}: {_words(first)}") from error


def _size(node: yaml.Node | None, known: dict[int, int]) -> int:
    """How many values a node has, each alias counted again."""
    if node is None:
        return 0
    if id(node) not in known:
        # An alias to what it stands in has no end.
        known[id(node)] = MOST_VALUES + 1
        parts: list[yaml.Node] = []
        if isinstance(node, yaml.SequenceNode):
            parts = node.value
        elif isinstance(node, yaml.MappingNode):
            parts = [part for pair in node.value for part in pair]
        known[id(node)] = 1 + sum(_size(part, known) for part in parts)
    return known[id(node)]


def _check_keys(path: Path, node: yaml.Node | None, seen: set[int]) -> None:
    """Refuse an object with a key twice, of which one value would be lost."""
    if not isinstance(node, yaml.CollectionNode) or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check_keys(path, item, seen)
        return
    names: set[str] = set()
    for key, item in node.value:
        if isinstance(key, yaml.ScalarNode) and key.value in names:
            raise MappingError(
                f"{path} line {key.start_mark.line + 1}: {key.value}: the key stands there twice"
            )
        names.add(str(key.value))
        _check_keys(path, item, seen)


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
            return f"there is no such key; {_instead(error['loc'])}"
        case "value_error":
            return str(error["ctx"]["error"])
    return f"{error['msg']}, got {error['input']!r}"


def _instead(location: Sequence[int | str]) -> str:
    """What to write instead of an unknown key."""
    model: type[BaseModel] = PlainMapping
    if "plus" in location[:-1] or "minus" in location[:-1]:
        model = Amount
    elif len(location) > 3:
        model = Cell
    elif len(location) == 3:
        model = PlainEvent
    keys = [field.alias or name for name, field in model.model_fields.items()]
    close = get_close_matches(str(location[-1]), keys, 1)
    return f"write {close[0]}" if close else f"write one of {', '.join(keys)}"
