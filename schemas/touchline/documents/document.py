"""A YAML document with the position of every value, so that each fault has a line and a column.

The positions are those of PyYAML's node graph, exact to the column; ruamel.yaml would be a second YAML parser
with the same positions.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, NamedTuple

import yaml
from pydantic_core import ErrorDetails

Path = tuple[str | int, ...]
"""The path to a value: keys, and indexes in lists."""

MOST_VALUES = 200_000
"""Values of a document, with each alias counted as the values that it repeats: the limit for YAML bombs."""

DEEPEST = 100
"""Levels of lists and objects. The interpreter's own limit is no fixed one: libraries raise it."""

LONGEST_WORD = 80
MOST_COMPARED = 200


class Fault(NamedTuple):
    """An error or a warning: the place as `file:line:column`, and what to write instead."""

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class Document:
    """A parsed YAML text: its `raw` value, the place of each value, and its syntax faults.

    Args:
        text: The YAML.
        name: The name in places, such as the file's name.
    """

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        self.raw: Any = None
        self.faults: list[Fault] = []
        self._keys: dict[Path, str] = {}
        self._values: dict[Path, str] = {(): f"{name}:1:1"}
        try:
            loader = yaml.SafeLoader(text)
            node = loader.get_single_node()
            if node is not None:
                self._mark(node, (), set())
                self.raw = loader.construct_document(node)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = self._values[()] if mark is None else self._place(mark)
            self.faults.append(Fault(place, f"not YAML: {error.problem or error.context}"))
        except yaml.reader.ReaderError as error:
            before = text[: error.position]
            place = f"{name}:{before.count(chr(10)) + 1}:{error.position - before.rfind(chr(10))}"
            character = f"U+{error.character:04X}"
            message = (
                f"not YAML: the character {character} is not allowed: remove it, or save the file as text"
            )
            self.faults.append(Fault(place, message))
        except RecursionError:
            message = f"nested too deeply: use at most {DEEPEST} levels of lists and objects"
            self.faults.append(Fault(self._values[()], message))
        except (yaml.YAMLError, ValueError) as error:
            self.faults.append(Fault(self._values[()], f"not YAML: {error}"))

    def place(self, path: Path, *, key: bool = False) -> str:
        """Where the value at `path` begins, or its key; for a missing value, where its parent begins."""
        if key and path in self._keys:
            return self._keys[path]
        while path not in self._values:
            path = path[:-1]
        return self._values[path]

    def fault(self, path: Path, message: str, *, key: bool = False) -> Fault:
        """A fault at `path`."""
        return Fault(self.place(path, key=key), message)

    def _mark(self, node: yaml.Node, path: Path, within: set[int]) -> None:
        if len(path) >= DEEPEST and not isinstance(node, yaml.ScalarNode):
            raise RecursionError
        if id(node) in within or len(self._values) > MOST_VALUES:
            problem = "an alias contains itself" if id(node) in within else f"over {MOST_VALUES:,} values"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
        within = within | {id(node)}
        self._values[path] = self._place(node.start_mark)
        if isinstance(node, yaml.SequenceNode):
            for number, item in enumerate(node.value):
                self._mark(item, (*path, number), within)
        elif isinstance(node, yaml.MappingNode):
            for name, item in node.value:
                below = (*path, name.value if isinstance(name, yaml.ScalarNode) else "")
                if below in self._keys:
                    self.faults.append(Fault(self._place(name.start_mark), f"duplicate key '{name.value}'"))
                self._keys[below] = self._place(name.start_mark)
                self._mark(item, below, within)

    def _place(self, mark: yaml.Mark) -> str:
        return f"{self.name}:{mark.line + 1}:{mark.column + 1}"


def by_place(fault: Fault) -> tuple[str, int, int]:
    """The sort key of faults: the name of the file, then line and column."""
    name, line, column = fault.place.rsplit(":", 2)
    return name, int(line), int(column)


def suggestion(word: Any, known: Iterable[str], cutoff: float = 0.6) -> str:
    """` (did you mean 'x'?)` if a known word is similar by at least `cutoff` of 1, otherwise an empty text.

    Compares up to `MOST_COMPARED` words of up to `LONGEST_WORD` characters: a comparison is quadratic.
    """
    words = sorted(one for one in known if len(one) <= LONGEST_WORD)[:MOST_COMPARED]
    near = get_close_matches(str(word)[:LONGEST_WORD], words, n=1, cutoff=cutoff)
    return f" (did you mean '{near[0]}'?)" if near else ""


def explained(detail: ErrorDetails, known: Iterable[str], kinds: Iterable[str]) -> str:
    """The message for a validation error.

    Args:
        detail: The error of pydantic's; without `input`, the message repeats no value.
        known: The keys that are allowed at its location.
        kinds: The values that `kind` may have.
    """
    if detail["type"] == "extra_forbidden":
        word = detail["loc"][-1]
        return f"unknown key{suggestion(word, known) or '; write one of ' + ', '.join(known)}"
    if detail["type"] == "missing":
        return "is missing"
    if detail["type"] == "union_tag_not_found":
        return f"'kind' is missing; write one of {', '.join(kinds)}"
    if detail["type"] == "union_tag_invalid":
        tag = detail["ctx"]["tag"]
        return f"unknown kind '{tag}'{suggestion(tag, kinds)}; write one of {', '.join(kinds)}"
    message = detail["msg"].removeprefix("Value error, ")
    if "input" not in detail:
        return message.removeprefix("Input ")
    if message.startswith("Input ") and isinstance(detail["input"], str | int | float):
        return f"{detail['input']!r} {message.removeprefix('Input ')}"
    return message
