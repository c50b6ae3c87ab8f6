"""Every error of the server rooms hangs under `TouchlineError` and stands in the tree of its file."""

import ast
from pathlib import Path

from touchline.store import errors as store_errors
from touchline.vocabulary import errors

ROOT = Path(__file__).parents[2]
FLOORS = ("schemas", "producers", "streams", "dashboards", "infra")
BUILT_IN = {"Exception", "ValueError", "OSError", "RuntimeError", "LookupError", "KeyError", "TypeError"}


def _public_errors() -> dict[str, set[str]]:
    """The names of the bases of each public exception class outside the SDK."""
    classes: dict[str, set[str]] = {}
    for floor in FLOORS:
        for path in (ROOT / floor / "touchline").rglob("*.py"):
            if path.is_relative_to(ROOT / "producers/touchline/sdk"):
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    classes[node.name] = {base.id for base in node.bases if isinstance(base, ast.Name)}
    found: dict[str, set[str]] = {}
    while more := {
        name: bases
        for name, bases in classes.items()
        if name not in found and bases & (BUILT_IN | found.keys())
    }:
        found |= more
    return found


def test_every_error_has_the_root() -> None:
    """A public exception class inherits from `TouchlineError`, directly or through another one."""
    found = _public_errors()
    rooted = {"TouchlineError"}
    while more := {name for name, bases in found.items() if bases & rooted} - rooted:
        rooted |= more
    assert not found.keys() - rooted


def test_every_error_stands_in_a_tree() -> None:
    """The trees of `vocabulary.errors` and `store.errors` list all public exception classes and no other."""
    trees = f"{errors.__doc__}\n{store_errors.__doc__}".splitlines()
    listed = {line.split("── ")[1].split()[0] for line in trees if "── " in line}
    assert listed | {"TouchlineError", "StoreError"} == _public_errors().keys()
