"""The built script: what the source gives, small, and served to everybody."""

import gzip
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "producers" / "browser"
BUILT = ROOT / "producers" / "touchline" / "collector" / "browser"
NAMES = ("touchline.js", "touchline.mjs", "touchline.d.mts")
MOST_BYTES = 6 * 1024


@pytest.mark.parametrize("name", ["touchline.js", "touchline.mjs"])
def test_the_script_is_small(name: str) -> None:
    """It has at most 6 KB, compressed."""
    size = len(gzip.compress((BUILT / name).read_bytes(), 9))
    print(f"{name}: {size} bytes compressed")  # noqa: T201 - what the test is for
    assert size <= MOST_BYTES


def test_the_served_types_are_those_of_the_source() -> None:
    """The types are copied as they are, which needs no Node to check."""
    name = "touchline.d.mts"
    assert (BUILT / name).read_bytes() == (SOURCE / "src" / name).read_bytes()


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source, and the bundler that its lock file names. Without Node or the bundler, tests skip."""
    folder = tmp_path_factory.mktemp("tools") / "browser"
    if shutil.which("npm") is None:
        pytest.skip("Node and npm are not installed (Debian: apt install nodejs npm)")
    shutil.copytree(SOURCE, folder, ignore=shutil.ignore_patterns("node_modules"))
    if (SOURCE / "node_modules").is_dir():
        (folder / "node_modules").symlink_to(SOURCE / "node_modules")
        return folder
    command = ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    except subprocess.TimeoutExpired:
        pytest.skip("npm cannot install the bundler within 120 s")
    if done.returncode:
        pytest.skip(f"npm cannot install the bundler: {done.stderr.strip()[-200:]}")
    return folder


@pytest.mark.slow
def test_the_committed_files_are_what_the_source_gives(tools: Path, tmp_path: Path) -> None:
    """A build gives exactly the committed bytes; CONTRIBUTING says how to build."""
    subprocess.run(["node", "build.mjs", str(tmp_path)], cwd=tools, check=True, timeout=120)
    assert [name for name in NAMES if (tmp_path / name).read_bytes() != (BUILT / name).read_bytes()] == []


@pytest.mark.slow
def test_the_source_is_well_typed(tools: Path) -> None:
    """The compiler of TypeScript finds nothing, and the published types are those of the module."""
    done = subprocess.run(
        ["node", "node_modules/typescript/bin/tsc"], cwd=tools, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout) == (0, "")
