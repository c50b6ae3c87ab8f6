"""The layout is the architecture: who may import whom, and which rooms touch nothing outside themselves."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = ("schemas", "producers", "streams", "dashboards", "infra")

MAY_IMPORT: dict[str, set[str]] = {
    "vocabulary": set(),
    "tables": {"vocabulary"},
    "sdk": set(),
    "log": {"vocabulary"},
    "collector": {"vocabulary", "log"},
    "simulation": {"vocabulary", "sdk"},
    "identity": {"vocabulary"},
    "friction": {"vocabulary"},
    "journeys": {"vocabulary"},
    "alerts": {"vocabulary", "tables", "friction"},
    "engine": {"vocabulary", "tables", "identity", "friction", "journeys"},
    "store": {"vocabulary", "tables", "identity", "engine"},
    "runtime": {
        *("vocabulary", "tables", "identity", "friction", "journeys", "alerts", "engine", "log", "store"),
    },
    "analysis": {"vocabulary", "tables", "identity", "friction", "journeys", "engine", "store"},
    "measures": {"vocabulary", "tables"},
    "panels": {"measures"},
    "grafana": {"alerts", "measures", "panels"},
    "live": {
        "vocabulary",
        "tables",
        "identity",
        "friction",
        "journeys",
        "store",
        "analysis",
        "measures",
        "panels",
    },
    "cli": {
        *("vocabulary", "tables", "sdk", "collector", "simulation"),
        *("identity", "friction", "journeys", "alerts", "engine", "log", "store", "runtime", "analysis"),
        *("measures", "panels", "grafana", "live"),
    },
}
"""Each room and the rooms below it that it may import. The SDK knows nothing of the server."""

PURE = ("vocabulary", "identity", "friction", "journeys", "alerts", "measures", "panels")
"""Rooms of values in, values out."""

REACHING_OUT = {"alerts": "channels"}
"""The one folder of a pure room that is not."""

OUTSIDE = {
    *("asyncio", "concurrent", "gzip", "http", "io", "logging", "multiprocessing", "os", "pathlib", "queue"),
    *("random", "select", "secrets", "selectors", "shutil", "signal", "socket", "sqlite3", "ssl"),
    *("subprocess", "sys", "tempfile", "threading", "time", "urllib"),
    *("clickhouse_connect", "chdb", "nicegui", "starlette", "structlog", "typer", "uvicorn"),
}
"""Modules that reach a clock, a disk, a socket, a thread, the environment or chance."""

OUTSIDE_CALLS = {"open", "input", "print", "now", "utcnow", "today", "uuid1", "uuid4", "uuid7"}
"""Calls that do the same by a built-in or by a module that is itself harmless."""

SDK_NEEDS = {"orjson", "uuid_utils"}
"""What the base install has besides the standard library."""


def _modules(room: str) -> Iterator[tuple[Path, ast.Module]]:
    for floor in FLOORS:
        for path in sorted((ROOT / floor / "touchline" / room).rglob("*.py")):
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            module = node.module or ""
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _rooms() -> set[str]:
    return {
        path.name
        for floor in FLOORS
        for path in (ROOT / floor / "touchline").iterdir()
        if path.is_dir() and path.name != "__pycache__"
    }


def test_every_room_has_its_place() -> None:
    """A new room is given a line here, and the namespace itself has no module."""
    assert _rooms() == set(MAY_IMPORT)
    assert not [floor for floor in FLOORS if (ROOT / floor / "touchline" / "__init__.py").exists()]


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_go_down_only(room: str) -> None:
    """A room imports itself and the rooms below it."""
    allowed = MAY_IMPORT[room] | {room}
    for path, tree in _modules(room):
        for name in _imports(tree):
            parts = name.split(".")
            if parts[0] == "touchline":
                assert parts[1] in allowed, f"{path.relative_to(ROOT)} imports {name}"


@pytest.mark.parametrize("room", PURE)
def test_pure_rooms_touch_nothing_outside(room: str) -> None:
    """No clock, disk, socket, thread, environment or chance in the pure rooms."""
    for path, tree in _modules(room):
        if REACHING_OUT.get(room) in path.parts:
            continue
        reached = {name.split(".")[0] for name in _imports(tree)} & OUTSIDE
        called = {
            node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute)
        } & OUTSIDE_CALLS
        assert not reached | called, f"{path.relative_to(ROOT)} reaches {reached | called}"


def test_the_sdk_needs_the_base_install_alone() -> None:
    """What an instrumented app carries is the standard library and two small packages; an extra for Kafka."""
    import sys

    for path, tree in _modules("sdk"):
        for name in _imports(tree):
            top = name.split(".")[0]
            extra = path.name in ("kafka.py", "kafka_access.py") and top == "kafka"
            assert top == "touchline" or top in SDK_NEEDS or top in sys.stdlib_module_names or extra, (
                f"{path.relative_to(ROOT)} imports {name}"
            )


@pytest.mark.parametrize("library", ["chdb", "clickhouse_connect", "faust"])
def test_one_file_imports_the_engine(library: str) -> None:
    """A trap of a library is handled in one place."""
    importing = {
        str(path.relative_to(ROOT))
        for room in MAY_IMPORT
        for path, tree in _modules(room)
        if any(name.split(".")[0] == library for name in _imports(tree))
    }
    assert len(importing) <= 1, importing
