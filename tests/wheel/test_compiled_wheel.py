"""The wheel whose innermost rooms are compiled: it is the same program."""

import os
import pickle
import subprocess
import sys
from pathlib import Path
from shutil import which
from zipfile import ZipFile

import pytest

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the content of the compiled wheel."""
    if which("cc") is None:
        pytest.skip("no C compiler (cc): the compiled wheel cannot be built here")
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder],
        cwd=ROOT,
        env={**os.environ, "HATCH_BUILD_HOOKS_ENABLE": "true"},
        check=True,
        capture_output=True,
        timeout=600,
    )
    (built,) = folder.glob("*.whl")
    with ZipFile(built) as packed:
        packed.extractall(folder)
    return folder


def test_the_compiled_rooms_pass_the_same_tests(wheel: Path) -> None:
    """The laws and the tests of what is compiled hold for it as for the plain modules."""
    tested = [
        "tests/rules",
        "tests/friction",
        "tests/journeys",
        "tests/laws/test_friction_law.py",
        "tests/laws/test_partition_law.py",
        "tests/laws/test_worker_law.py",
        "tests/engine/test_held.py",
        "tests/engine/test_partition_worker.py",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tested],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(wheel), "HYPOTHESIS_PROFILE": "dev"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_it_is_the_compiled_modules_that_are_imported(wheel: Path) -> None:
    """What the wheel brings compiled is what Python imports from it."""
    code = (
        "from touchline.friction import fold\n"
        "from touchline.friction.kinds import match\n"
        "print(fold.__file__, match.__file__)"
    )
    said = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(wheel)},
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    ).stdout.split()
    assert [Path(one).suffix for one in said] == [".so", ".so"]
    assert all(Path(one).is_relative_to(wheel) for one in said)


def test_the_benchmark_measures_the_compiled_fold(wheel: Path) -> None:
    """A turn returns its times, its number of events, its counts and the frictions that it found."""
    output = subprocess.run(
        [sys.executable, "-m", "benchmarks.support.compiled_fold", "500", "50"],
        input=b"in_order\n",
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(wheel)},
        check=True,
        capture_output=True,
        timeout=120,
    ).stdout
    cpu, wall, events, counts, frictions = pickle.loads(output)
    assert min(cpu, wall, counts["folded_per_event"], len(frictions)) > 0
    assert events == 500
