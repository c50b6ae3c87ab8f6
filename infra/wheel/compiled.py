"""A wheel whose innermost rooms are compiled to C, on request.

`HATCH_BUILD_HOOKS_ENABLE=true uv build --wheel` makes one for this machine's Python. The modules stay what
they are, and work as well without: nothing else needs to know, and nothing else is built by a compiler.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MODULES = (
    "streams/touchline/rules/conditions.py",
    "streams/touchline/friction/deadlines.py",
    "streams/touchline/friction/fold.py",
    "streams/touchline/friction/kinds/opening.py",
    "streams/touchline/friction/kinds/state.py",
    "streams/touchline/friction/kinds/match.py",
    "streams/touchline/friction/kinds/expect.py",
    "streams/touchline/friction/kinds/repeat.py",
    "streams/touchline/friction/kinds/sequence.py",
    "streams/touchline/friction/kinds/terms.py",
    "streams/touchline/friction/layer.py",
    "streams/touchline/friction/listeners.py",
    "streams/touchline/journeys/journeys.py",
    "streams/touchline/engine/customers/fold.py",
    "streams/touchline/engine/customers/difference.py",
    "streams/touchline/engine/outcomes.py",
    "streams/touchline/engine/customers/changes.py",
    "streams/touchline/engine/customers/held.py",
    "streams/touchline/engine/identity/ownership.py",
    "streams/touchline/engine/partition_worker.py",
    "streams/touchline/engine/plan.py",
)
"""What is compiled: all that happens to an event between its customer and the rows of its customer. No module
that defines a Struct: compiled, frozen ones cannot be hashed."""

_OPTIONS = ("--config-file=pyproject.toml", "--follow-imports=silent", "--ignore-missing-imports")
_SCRIPT = """
import sys
from mypyc.build import mypycify
from setuptools import setup
target, *modules = sys.argv[1:]
sys.argv[1:] = ["--quiet", "build_ext", "--build-lib", target, "--build-temp", target + "/objects"]
compiled = mypycify(modules, opt_level="3", group_name="touchline", target_dir=target + "/c")
setup(name="touchline", packages=[], py_modules=[], ext_modules=compiled)
"""


class CompiledHook(BuildHookInterface[Any]):
    """Compiles the modules and adds them to the wheel, beside their source."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, where a wheel is made to be installed; an editable one follows its source."""
        if version == "editable":
            return
        target = mkdtemp(prefix="touchline-compiled-")
        done = subprocess.run(  # noqa: S603 - our own interpreter and files
            [sys.executable, "-c", _SCRIPT, target, *_OPTIONS, *MODULES],
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
        )
        libraries = sorted(Path(target).glob("**/*.so"))
        if done.returncode or not libraries:
            said = f"{done.stdout}{done.stderr}"[-4000:]
            raise RuntimeError(f"the modules cannot be compiled: is there a C compiler?\n{said}")
        for library in libraries:
            build_data["force_include"][str(library)] = str(library.relative_to(target))
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
