"""The layout is the architecture: which rooms import which, and which modules a pure room may use."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = ("schemas", "producers", "streams", "dashboards", "infra")

IMPORTS: dict[str, str] = {
    "vocabulary": "",
    "tables": "",
    "documents": "",
    "tracking": "vocabulary documents",
    "privacy": "vocabulary documents",
    "sdk": "",
    "testing": "vocabulary documents tracking sdk",
    "log": "vocabulary",
    "imports": "vocabulary",
    "collector": "vocabulary documents log imports",
    "topics": "vocabulary log collector imports",
    "simulation": "vocabulary sdk",
    "walks": "vocabulary documents",
    "identity": "vocabulary",
    "rules": "vocabulary documents",
    "friction": "vocabulary rules",
    "journeys": "vocabulary",
    "alerts": "vocabulary tables documents rules",
    "engine": "vocabulary tables identity friction journeys",
    "store": "vocabulary tables identity engine",
    "outlet": "tables",
    "runtime": "vocabulary tables identity friction journeys alerts engine log store outlet",
    "analysis": "vocabulary tables identity rules friction journeys alerts engine store",
    "measures": "vocabulary",
    "cases": "vocabulary measures",
    "panels": "vocabulary measures",
    "reports": "vocabulary analysis measures panels",
    "segments": "vocabulary documents rules measures panels",
    "grafana": "vocabulary alerts measures panels segments",
    "live": "vocabulary tables alerts analysis measures cases panels reports segments",
    "config": "vocabulary documents tracking collector privacy walks identity rules friction alerts log store"
    " measures",
    "devbroker": "vocabulary log",
    "services": "vocabulary tables documents collector imports topics walks identity rules friction alerts"
    " engine log store outlet runtime analysis measures cases panels reports segments live config",
    "cli": "vocabulary tables documents tracking sdk collector imports topics simulation walks identity rules"
    " friction alerts engine log store runtime analysis measures cases panels reports segments grafana live"
    " config devbroker services",
}
"""Each room and the other rooms that it imports: exactly these, and only rooms that stand above it here."""

PURE = {
    "vocabulary": "msgspec phonenumbers pydantic pydantic_core uuid_utils zoneinfo",
    "identity": "msgspec",
    "documents": "pydantic pydantic_core yaml",
    "tracking": "keyword pydantic pydantic_core",
    "privacy": "hmac msgspec pydantic pydantic_core",
    "walks": "email orjson pydantic pydantic_core urllib",
    "rules": "pydantic pydantic_core re2 zoneinfo",
    "friction": "msgspec",
    "journeys": "msgspec",
    "alerts": "base64 hmac msgspec pydantic pydantic_core",
    "engine": "msgspec orjson",
    "outlet": "msgspec",
    "analysis": "msgspec numpy py3langid scipy snowballstemmer stopwordsiso",
    "measures": "",
    "cases": "orjson urllib",
    "panels": "urllib zlib",
    "reports": "html msgspec urllib zoneinfo",
    "segments": "pydantic",
}
"""Rooms of values in, values out, and what each imports besides `STANDARD` and pure rooms."""

STANDARD = {
    *("bisect", "collections", "contextlib", "dataclasses", "datetime", "decimal", "difflib", "enum"),
    *(
        "fnmatch",
        "functools",
        "hashlib",
        "heapq",
        "itertools",
        "json",
        "math",
        "operator",
        "re",
        "statistics",
        "string",
        "types",
        "typing",
    ),
    *("unicodedata", "uuid"),
}
"""Modules of the standard library that a pure room may import. `FORBIDDEN` names their impure functions."""

FORBIDDEN = {
    *("now", "utcnow", "today", "uuid1", "uuid4", "uuid6", "uuid7", "uuid8"),
    *("open", "input", "print", "read_text", "read_bytes", "write_text", "write_bytes", "breakpoint"),
    *("eval", "exec", "__import__"),
}
"""Functions of allowed modules, and built-ins, that read a clock, chance, a file or the terminal."""

PASSIVE = {"tables"}
"""Rooms that pure rooms may import although they are not pure: `tables` reads its own SQL files."""

ADAPTERS = {"alerts": {"channels"}, "analysis": {"reading"}}
"""Parts of pure rooms that are exempt: the channels send messages, `reading` reads the store."""

SDK_NEEDS = {"orjson", "uuid_utils"}
"""What the base install has besides the standard library."""


INNER = {"testing": ("sdk", "testing")}
"""Rooms in the folder of another room, which does not import them: only tests of applications do."""


@cache
def _modules(room: str) -> list[tuple[Path, ast.Module]]:
    """Each module of a room, by its path from the root, and its syntax tree."""
    return [
        (path.relative_to(ROOT), ast.parse(path.read_text(encoding="utf-8")))
        for floor in FLOORS
        for path in sorted((ROOT / floor / "touchline").joinpath(*INNER.get(room, (room,))).rglob("*.py"))
        if _room(("touchline", *path.relative_to(ROOT / floor / "touchline").parts)) == room
    ]


def _room(name: tuple[str, ...]) -> str:
    """The room of a module of ours, by its name split at its dots, or by its path."""
    return next((room for room, inner in INNER.items() if name[1 : 1 + len(inner)] == inner), name[1])


def _imports(tree: ast.Module) -> Iterator[tuple[str, ...]]:
    """Every imported name, split at its dots."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from ((*(node.module or "").split("."), alias.name) for alias in node.names)


def _calls(tree: ast.Module) -> Iterator[str]:
    """The last name of every function that is called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield node.func.id
            elif isinstance(node.func, ast.Attribute):
                yield node.func.attr


def test_every_room_is_listed() -> None:
    """Every room has a line in `IMPORTS`, and the namespace itself has no module."""
    rooms = {
        path.name
        for floor in FLOORS
        for path in (ROOT / floor / "touchline").iterdir()
        if path.is_dir() and path.name != "__pycache__"
    }
    assert rooms == set(IMPORTS) - set(INNER)
    assert not [floor for floor in FLOORS if (ROOT / floor / "touchline" / "__init__.py").exists()]


@pytest.mark.parametrize("room", IMPORTS)
def test_a_room_imports_the_rooms_of_its_line(room: str) -> None:
    """A room imports every room of its line, no other room, and no room below it."""
    allowed = set(IMPORTS[room].split())
    used: dict[str, Path] = {}
    for path, tree in _modules(room):
        names = [name for name in _imports(tree) if name[0] == "touchline"]
        used |= {_room(name): path for name in names if _room(name) != room}
    assert not {other: f"imported by {path}" for other, path in used.items() if other not in allowed}
    assert not allowed - used.keys(), f"{room} no longer imports these: remove them from its line"
    order = list(IMPORTS)
    assert all(order.index(other) < order.index(room) for other in allowed)


@pytest.mark.parametrize("room", PURE)
def test_a_pure_room_imports_allowed_modules_alone(room: str) -> None:
    """A pure room imports the allowed modules of the standard library, its own packages and pure rooms."""
    own = set(PURE[room].split())
    used: set[str] = set()
    for path, tree in _modules(room):
        if ADAPTERS.get(room, set()) & set(path.parts):
            continue
        for name in _imports(tree):
            if name[0] == "touchline":
                assert name[1] in PURE.keys() | PASSIVE, f"{path} imports {'.'.join(name)}"
            else:
                assert name[0] in STANDARD | own, f"{path} imports {'.'.join(name)}"
                used.add(name[0])
    assert not own - used, f"{room} no longer imports these: remove them from its line"


@pytest.mark.parametrize("room", PURE)
def test_a_pure_room_calls_nothing_that_reaches_outside(room: str) -> None:
    """A pure room neither calls nor imports a function that reads a clock, chance, a file or the terminal."""
    for path, tree in _modules(room):
        if ADAPTERS.get(room, set()) & set(path.parts):
            continue
        names = {*_calls(tree), *(name[-1] for name in _imports(tree))}
        assert not names & FORBIDDEN, f"{path} uses {names & FORBIDDEN}"


def test_the_sdk_needs_the_base_install_alone() -> None:
    """The SDK imports the standard library, two packages and, in modules of their names, kafka and celery."""
    for path, tree in _modules("sdk"):
        vendor = {path.stem.removesuffix("_client")} & {"kafka", "celery"}
        for name in _imports(tree):
            allowed = name[0] in {"touchline", *SDK_NEEDS, *vendor} or name[0] in sys.stdlib_module_names
            assert allowed, f"{path} imports {'.'.join(name)}"


@pytest.mark.parametrize(
    "library", ["chdb", "clickhouse_connect", "faust", "grafana_api", "apprise", "re2", "scipy"]
)
def test_one_file_imports_a_vendors_library(library: str) -> None:
    """At most one module imports the library, so its quirks are handled in one place."""
    importing = {
        path for room in IMPORTS for path, tree in _modules(room) if library in {n[0] for n in _imports(tree)}
    }
    assert len(importing) <= 1, importing


def test_collectors_load_no_engine() -> None:
    """A collector and an ingest process load neither the store's engine nor its client: 250 MB each."""
    code = (
        "import sys, touchline.services.collector, touchline.services.ingesting\n"
        "print(*sorted({'chdb', 'clickhouse_connect', 'numpy', 'pyarrow'} & sys.modules.keys()))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout == "\n"
