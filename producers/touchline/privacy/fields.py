"""Removes and redacts fields by their paths, such as `data.items.price`, `context.*.ip` or `data.**.email`.

`*` stands for any key, or for any part of one (`card_*`), and `**` for any number of keys. A path goes
through lists: it means the field in each of their elements.
"""

import re
from collections.abc import Iterable, Iterator
from fnmatch import translate
from operator import is_
from typing import Any, Final, Literal, NamedTuple

Action = Literal["deny", "redact", "allow"]

REDACTED: Final = "[redacted]"

_ANY_KEYS: Final = "**"
_CACHED_KEYS: Final = 1_000
_LONGEST_CACHED: Final = 64


class FieldRule(NamedTuple):
    """What happens to the fields at some paths, in events of the types that match one of the patterns.

    `deny` removes them and `redact` hides their values; `allow` removes all other fields of `data`, or of
    `context`, if it names one there.
    """

    action: Action
    paths: tuple[str, ...]
    types: tuple[str, ...] = ("*",)


class _Node:
    """A place in the paths of some rules: the steps that go on from here, and what happens to the field here.

    With `stays`, it is the place behind `**`: any key leads to it again.
    """

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

    def below(self, key: str) -> Iterator["_Node"]:
        """The places that a key leads to."""
        if self.stays:
            yield self
        if (exact := self.exact.get(key)) is not None:
            yield exact
        yield from (node for pattern, node in self.globs.values() if pattern.match(key))


class _State:
    """All places that a path of an object leads to. Equal sets of places are one state.

    Attributes:
        ends: What happens to the field; nothing if no path of a rule ends there.
        leads_on: Whether rules are about fields below.
        keys: The only keys about which rules may be; None if they may be about any.
    """

    __slots__ = ("_below", "_known", "_nodes", "ends", "keys", "leads_on")

    def __init__(self, nodes: tuple[_Node, ...], known: dict[tuple[_Node, ...], "_State"]) -> None:
        self._nodes, self._known = nodes, known
        self._below: dict[str, _State] = {}
        self.ends = frozenset(action for node in nodes for action in node.ends)
        self.leads_on = any(node.exact or node.globs or node.any_keys or node.stays for node in nodes)
        # Few paths are looked up faster than many fields.
        is_exact = not any(node.globs or node.any_keys or node.stays for node in nodes)
        self.keys = tuple({key: None for node in nodes for key in node.exact}) if is_exact else None

    @classmethod
    def of(cls, nodes: Iterable[_Node], known: dict[tuple[_Node, ...], "_State"]) -> "_State":
        """The state of some places, and of those that are reached from there through `**` without a key."""
        found = dict.fromkeys(nodes)
        pending = list(found)
        while pending:
            node = pending.pop().any_keys
            if node is not None and node not in found:
                found[node] = None
                pending.append(node)
        places = tuple(found)
        return known.get(places) or known.setdefault(places, cls(places, known))

    def below(self, key: str) -> "_State":
        """The state behind a key."""
        found = self._below.get(key)
        if found is None:
            found = _State.of((node for place in self._nodes for node in place.below(key)), self._known)
            if len(self._below) < _CACHED_KEYS and len(key) <= _LONGEST_CACHED:
                self._below[key] = found
        return found


class Fields:
    """The rules for the fields of one object, `data` or `context`, in events of one type."""

    def __init__(self, rules: Iterable[tuple[Action, list[str]]]) -> None:
        hiding, allowing = _Node(), _Node()
        for action, steps in rules:
            (allowing if action == "allow" else hiding).add(steps, action)
        self._hiding, self._allowing = _State.of([hiding], {}), _State.of([allowing], {})

    def kept(self, value: dict[str, Any]) -> dict[str, Any]:
        """The object as it may be stored; the same one, if nothing changes."""
        if self._allowing.leads_on and not self._allowing.ends:
            value = _allowed(value, self._allowing)
        if self._hiding.ends:
            return {}
        return _hidden(value, self._hiding) if value and self._hiding.leads_on else value


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


def _allowed(value: Any, state: _State) -> Any:
    """The fields of an object, or of the objects in a list, that are on paths that end below."""
    if isinstance(value, list):
        return [_allowed(item, state) for item in value if isinstance(item, dict | list)]
    kept: dict[str, Any] = {}
    for key, item in value.items():
        below = state.below(key)
        if below.ends:
            kept[key] = item
        elif below.leads_on and isinstance(item, dict | list) and (inner := _allowed(item, below)):
            kept[key] = inner
    return kept


def _hidden(value: Any, state: _State) -> Any:
    """The object or list without the fields whose paths end below; the same one, if it has none."""
    if isinstance(value, list):
        items = [_hidden(item, state) if isinstance(item, dict | list) else item for item in value]
        return value if all(map(is_, items, value)) else items
    kept: dict[str, Any] | None = None
    for key in value if state.keys is None else state.keys:
        if key not in value:
            continue
        below, item = state.below(key), value[key]
        if "deny" in below.ends:
            kept = dict(value) if kept is None else kept
            del kept[key]
            continue
        if below.ends:
            new = redacted(item)
        elif below.leads_on and isinstance(item, dict | list):
            new = _hidden(item, below)
        else:
            continue
        if new is not item:
            kept = dict(value) if kept is None else kept
            kept[key] = new
    return value if kept is None else kept
