"""Builds the compiled wheel and runs the variants of the fold from it, in a child process."""

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from zipfile import ZipFile

from benchmarks.support.timing import Run, Stopwatch, Variant

BUILD_SECONDS = 600

_ROOT = Path(__file__).parents[2]


@contextmanager
def compiled_variants(names: Sequence[str], events: int, flush: int) -> Iterator[dict[str, Variant] | str]:
    """Yield the variants `compiled_NAME` for these names, or the reason why there are none."""
    with TemporaryDirectory() as folder:
        if missing := build_wheel(Path(folder)):
            yield missing
            return
        with subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "benchmarks.support.compiled_fold", str(events), str(flush)],
            cwd=_ROOT,
            env={**os.environ, "PYTHONPATH": folder},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as process:
            yield {f"compiled_{name}": partial(_run, process, name) for name in names}
            if process.stdin is not None:
                process.stdin.close()


def build_wheel(folder: Path) -> str | None:
    """Build the compiled wheel and unpack it into the folder; return what prevented it, or None."""
    if which("cc") is None:
        return "the compiled wheel is not measured: no C compiler (cc)"
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder],
        cwd=_ROOT,
        env={**os.environ, "HATCH_BUILD_HOOKS_ENABLE": "true"},
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    if done.returncode:
        return f"the compiled wheel is not measured: {done.stderr[-500:]}"
    for wheel in folder.glob("*.whl"):
        with ZipFile(wheel) as packed:
            packed.extractall(folder)
    return None


def _run(process: "subprocess.Popen[bytes]", name: str) -> Run:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the child process has no pipes")
    process.stdin.write(f"{name}\n".encode())
    process.stdin.flush()
    cpu, wall, events, counts, outcome = pickle.load(process.stdout)  # noqa: S301 - our own child
    watch = Stopwatch()
    watch.cpu, watch.wall = cpu, wall
    return Run(watch, events, lambda: outcome, counts)
