"""Changes to the content of a YAML file, which Hypothesis draws: anything may stand anywhere."""

from collections.abc import Iterable, Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

Path = tuple[Any, ...]
"""The way to a value: keys, and indexes in lists."""


def changed(content: dict[str, Any], words: Sequence[str]) -> SearchStrategy[Any]:
    """The content with one to three of its values replaced, often by the `words`."""
    one_change = st.tuples(st.sampled_from(_places(content)), _values(words))
    return st.lists(one_change, min_size=1, max_size=3).map(lambda changes: _changed(content, changes))


def _values(words: Sequence[str]) -> SearchStrategy[Any]:
    scalars = st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-1, 1) | st.text(max_size=4)
    known = st.sampled_from(words)
    return st.recursive(
        scalars | known,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(known | st.text(max_size=3), inner, max_size=3)
        ),
        max_leaves=6,
    )


def _changed(content: Any, changes: Iterable[tuple[Path, Any]]) -> Any:
    for path, new in changes:
        try:
            content = _put(content, path, new)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the place away
    return content


def _places(value: Any, path: Path = ()) -> list[Path]:
    """The way to every value inside of `value`."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for name, one in inside for place in _places(one, (*path, name)))]


def _put(value: Any, path: Path, new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = _put(value[path[0]], path[1:], new)
    return copy
