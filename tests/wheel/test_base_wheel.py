"""The base install is the SDK and two packages, in every Python that the project supports."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from shutil import which

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]

PROGRAM = """
import json, sys
from importlib.metadata import distributions
from touchline.sdk import Touchline
with Touchline("memory://", source="shop", spool=sys.argv[1]) as tl:
    tl.track("page.viewed", {"account": "u"}, page="/")
print(json.dumps([tl.transport.types(), sorted(d.name.replace("_", "-") for d in distributions())]))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as an installation from the repository builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=300)
    (built,) = folder.glob("*.whl")
    return built


def _installed(version: str) -> str | None:
    """The path of an installed Python; None if there is none."""
    python = which(f"python{version}")
    if python is None:
        return None
    # The command may be pyenv's, which runs a version only where that one is chosen.
    found = subprocess.run(
        [python, "-c", "import sys; print(sys.executable)"],
        env={**os.environ, "PYENV_VERSION": version},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    return found.stdout.strip() if found.returncode == 0 else None


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_the_base_install_works(wheel: Path, tmp_path: Path, version: str) -> None:
    """An environment with the base install has three packages, and an event can be tracked in it."""
    python = _installed(version)
    if python is None:
        pytest.skip(f"Python {version} is not installed here")
    place = tmp_path / "environment"
    subprocess.run([python, "-m", "venv", str(place)], check=True, capture_output=True, timeout=120)
    pip = [str(place / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    done = subprocess.run([*pip, str(wheel)], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    command = [str(place / "bin" / "python"), "-c", PROGRAM, str(tmp_path / "spool")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    types, packages = json.loads(done.stdout)
    assert types == ["page.viewed"]
    assert set(packages) - {"pip", "setuptools"} == {"orjson", "touchline", "uuid-utils"}


def test_no_message_tells_to_install_a_package_that_is_not_published() -> None:
    """Commands to install in messages and pages name a folder or a repository, never the bare name."""
    wrong = re.compile(r"(pip install|uv add|uv pip install)\s+(-\S+\s+)*[\"']?touchline(?! @)\b")
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for folder in ("schemas", "producers", "streams", "dashboards", "infra", "docs", "README.md")
        for path in ([ROOT / folder] if folder.endswith(".md") else (ROOT / folder).rglob("*"))
        if path.suffix in (".py", ".md", ".html", ".toml", ".yaml", ".sh")
        for match in wrong.finditer(path.read_text(encoding="utf-8"))
    ]
    assert not found
