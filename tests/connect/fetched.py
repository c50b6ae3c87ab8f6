"""Packages of real clients, fetched once into the user's cache: by npm, Maven or Go.

Each folder of clients names its packages in `package.json` with `package-lock.json`, in `pom.xml` or in
`go.mod` with `go.sum`.
Tests skip with the reason where a tool is missing or the packages cannot be fetched.
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

FETCH_SECONDS = 300.0
_NPM = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
_MAVEN = ["mvn", "-B", "-q", "dependency:copy-dependencies", "-DoutputDirectory=jars"]


def node_folder(clients: Path) -> Path:
    """A folder with the scripts of `clients` and their packages beside them, in `node_modules`."""
    _need("node", "Node is not installed (Debian: apt install nodejs npm)")
    _need("npm", "npm is not installed (Debian: apt install npm)")
    return _with_scripts(clients, _fetched(clients, ("package.json", "package-lock.json"), _NPM), ".mjs")


def java_libraries(clients: Path) -> Path:
    """The folder of the jars that the `pom.xml` of `clients` names."""
    _need("javac", "no JDK is installed (Debian: apt install default-jdk-headless)")
    _need("mvn", "Maven is not installed (Debian: apt install maven)")
    return _fetched(clients, ("pom.xml",), _MAVEN) / "jars"


def go_program(clients: Path) -> Path:
    """The program of `main.go` of `clients`, built."""
    _need("go", "Go is not installed (Debian: apt install golang-go)")
    names = ("go.mod", "go.sum", "main.go")
    return _fetched(clients, names, ["go", "build", "-o", "program", "."]) / "program"


def _fetched(clients: Path, names: Sequence[str], command: Sequence[str]) -> Path:
    """A folder of the cache in which a command has run, beside copies of the files that it reads."""
    digest = hashlib.sha256(b"".join((clients / name).read_bytes() for name in names)).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "touchline" / "clients"
    there = cache / f"{clients.name}-{digest}"
    if there.is_dir():
        return there
    coming = cache / f".{there.name}.{os.getpid()}"
    coming.mkdir(parents=True)
    try:
        for name in names:
            shutil.copy(clients / name, coming)
        try:
            done = subprocess.run(
                command, cwd=coming, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            pytest.skip(f"{command[0]} cannot fetch the clients within {FETCH_SECONDS:.0f} s")
        if done.returncode:
            pytest.skip(
                f"{command[0]} cannot fetch the clients: {(done.stdout + done.stderr).strip()[-300:]}"
            )
        try:
            coming.rename(there)
        except OSError:
            if not there.is_dir():  # Another process fetched the same files first.
                raise
    finally:
        shutil.rmtree(coming, ignore_errors=True)
    return there


def _with_scripts(clients: Path, fetched: Path, ending: str) -> Path:
    """The fetched folder with the current scripts: modules of Node look for packages beside themselves."""
    for script in clients.glob(f"*{ending}"):
        there = fetched / script.name
        if not there.exists() or there.read_bytes() != script.read_bytes():
            draft = there.with_name(f".{script.name}.{os.getpid()}")
            shutil.copy(script, draft)
            draft.replace(there)
    return fetched


def _need(tool: str, reason: str) -> None:
    if shutil.which(tool) is None:
        pytest.skip(reason)
