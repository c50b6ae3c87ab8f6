"""Removes and redacts fields by their paths, such as `data.items.price`, `context.*.ip` or `data.**.email`.

`*` stands for any key, or for any part of one (`card_*`), and `**` for any number of keys. A path goes
through lists: it means the field in each of their elements.
"""

import re
from collections.abc import Iterable
from fnmatch import translate
from operator import is_
from typing import Any, Final, Literal, NamedTuple

Action = Literal["deny", "redact", "allow"]

REDACTED: Final = "[redacted]"

_ANY_KEYS = "**"


class FieldRule(NamedTuple):
    """What happens to the fields at some paths, in events of the types that match one of the patterns.

    `deny` removes them and `redact` hides their values; `allow` removes all other fields of `data`, or of
    `context`, if it names one there.
    """

    action: Action
    paths: tuple[str, ...]
    types: tuple[str, ...] = ("*",)


class _Node:
    """What is known of a path so far: the keys that go on from here, and what happens to the field here."""

    __slots__ = ("any_keys", "ends", "exact", "globs", "stays")

    def __init__(self, *, stays: bool = False) -> None:
        self.exact: dict[str, _Node] = {}
        self.globs: dict[str, tuple[re.Pattern[str], _Node]] = {}
        self.any_keys: _Node | None = None
        self.ends: set[Action] = set()
        self.stays = stays

    def add(self, steps: list[str], action: Action) -> None:
        """Add a path that begins here."""
        if not steps:
            self.ends.add(action)
            return
        step, *rest = steps
        if step == _ANY_KEYS:
            self.any_keys = self.any_keys or _Node(stays=True)
            self.any_keys.add(rest, action)
        elif "*" in step:
            pattern = re.compile(translate(step.replace("[", "[[]").replace("?", "[?]")))
            self.globs.setdefault(step, (pattern, _Node()))[1].add(rest, action)
        else:
            self.exact.setdefault(step, _Node()).add(rest, action)

    @property
    def is_exact(self) -> bool:
        """Whether only the keys in `exact` go on from here."""
        return not (self.globs or self.any_keys or self.stays)


_Nodes = tuple[_Node, ...]


class Fields:
    """The rules for the fields of one object, `data` or `context`, in events of one type."""

    def __init__(self, rules: Iterable[tuple[Action, list[str]]]) -> None:
        hiding, allowing = _Node(), _Node()
        self._allows = self._hides = False
        for action, steps in rules:
            if action == "allow":
                self._allows = True
                allowing.add(steps, action)
            else:
                self._hides = True
                hiding.add(steps, action)
        self._hiding, self._allowing = _closed([hiding]), _closed([allowing])

    def kept(self, value: dict[str, Any]) -> dict[str, Any]:
        """The object as it may be stored; the same one, if nothing changes."""
        if self._allows and not _end(self._allowing):
            value = _allowed(value, self._allowing)
        if not self._hides:
            return value
        return {} if _end(self._hiding) else _hidden(value, self._hiding)


def redacted(value: Any) -> Any:
    """What is kept of a value that is hidden: texts become "[redacted]", objects lose their fields."""
    match value:
        case str():
            return REDACTED
        case dict():
            return {}
        case list():
            return []
    return None


def _allowed(value: Any, nodes: _Nodes) -> Any:
    """The fields of an object, or of the objects in a list, that are on paths that end below."""
    if isinstance(value, list):
        return [_allowed(item, nodes) for item in value if isinstance(item, dict | list)]
    kept: dict[str, Any] = {}
    for key, item in value.items():
        below = _below(nodes, key)
        if _end(below):
            kept[key] = item
        elif below and isinstance(item, dict | list) and (inner := _allowed(item, below)):
            kept[key] = inner
    return kept


def _hidden(value: Any, nodes: _Nodes) -> Any:
    """The object or list without the fields whose paths end below; the same one, if it has none."""
    if isinstance(value, list):
        items = [_hidden(item, nodes) if isinstance(item, dict | list) else item for item in value]
        return value if all(map(is_, items, value)) else items
    kept: dict[str, Any] | None = None
    # Few paths are looked up faster than many fields.
    exact = [key for node in nodes for key in node.exact if key in value]
    for key in exact if all(node.is_exact for node in nodes) else value:
        below = _below(nodes, key)
        item = value[key]
        ends = _end(below)
        if "deny" in ends:
            kept = dict(value) if kept is None else kept
            kept.pop(key, None)
            continue
        if ends:
            new = redacted(item)
        elif below and isinstance(item, dict | list):
            new = _hidden(item, below)
        else:
            continue
        if new is not item:
            kept = dict(value) if kept is None else kept
            kept[key] = new
    return value if kept is None else kept


def _end(nodes: _Nodes) -> set[Action]:
    """What happens to the field that the nodes reached; nothing if no path ends there."""
    return {action for node in nodes for action in node.ends}


def _below(nodes: _Nodes, key: str) -> _Nodes:
    found: list[_Node] = []
    for node in nodes:
        if node.stays:
            found.append(node)
        if (exact := node.exact.get(key)) is not None:
            found.append(exact)
        found += [below for pattern, below in node.globs.values() if pattern.match(key)]
    return _closed(found)


def _closed(nodes: Iterable[_Node]) -> _Nodes:
    """The nodes, and those that are reached through `**` without a key, each once."""
    found = dict.fromkeys(nodes)
    pending = list(found)
    while pending:
        node = pending.pop().any_keys
        if node is not None and node not in found:
            found[node] = None
            pending.append(node)
    return tuple(found)
