"""The same contestants from a compiled wheel, built for the run and asked turn by turn in its own process."""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from zipfile import ZipFile

from benchmarks.timing import Stopwatch, Turn

BUILD_SECONDS = 600

_ROOT = Path(__file__).parents[1]


@contextmanager
def compiled(names: Sequence[str], events: int, flush: int) -> Iterator[dict[str, Callable[[], Turn]] | str]:
    """Contestants `compiled_…` for these of `fold`, or why there are none."""
    with TemporaryDirectory() as folder:
        if missing := built_wheel(Path(folder)):
            yield missing
            return
        with subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "benchmarks.fold_turns", str(events), str(flush)],
            cwd=_ROOT,
            env={**os.environ, "PYTHONPATH": folder},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as process:
            yield {f"compiled_{name}": partial(_turn, process, name) for name in names}
            if process.stdin is not None:
                process.stdin.close()


def built_wheel(folder: Path) -> str | None:
    """Build the compiled wheel and unpack it into the folder; says what was in the way."""
    if which("cc") is None:
        return "the compiled wheel is not measured: there is no C compiler (cc)"
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


def _turn(process: "subprocess.Popen[bytes]", name: str) -> Turn:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the process of the compiled wheel has no pipes")
    process.stdin.write(f"{name}\n".encode())
    process.stdin.flush()
    cpu, wall, events, counts, outcome = pickle.load(process.stdout)  # noqa: S301 - our own child
    watch = Stopwatch()
    watch.cpu, watch.wall = cpu, wall
    return Turn(watch, events, lambda: outcome, counts)
