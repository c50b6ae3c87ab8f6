"""A guide of docs/guides: the files that it has its reader write, and the commands of its sections."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import MappingProxyType

from tests.waiting import wait_for

GUIDES = Path(__file__).parents[2] / "docs" / "guides"

LIMIT = 60.0
"""Seconds that a command may take."""

_FILE = re.compile(r"`([\w.]+)`:\n\n```\w+\n(.*?)^```", re.DOTALL | re.MULTILINE)
_SHELL = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
_FRICTION = re.compile(r"^\| `(\w+)` \|", re.MULTILINE)


def free_port() -> int:
    """A port of loopback that nothing listens on."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Guide:
    """A guide on this machine: with a collector, a port and a folder of its own.

    Args:
        name: The page, without `.md`.
        folder: Where its files are written and its commands run.
        collector: The address of the collector.
        environment: Further variables of its commands.
    """

    def __init__(self, name: str, folder: Path, collector: str, environment: dict[str, str]) -> None:
        self.folder = folder
        self.port = free_port()
        page = (GUIDES / f"{name}.md").read_text(encoding="utf-8")
        self._page = page.replace("http://127.0.0.1:8080", collector).replace("8000", str(self.port))
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        self.environment = {**os.environ, **environment, "PATH": path, "PYTHONUNBUFFERED": "1"}

    def write_files(self, replaced: Mapping[str, str] = MappingProxyType({})) -> None:
        """Write its files, with some texts replaced."""
        for name, text in _FILE.findall(self._page):
            for old, new in replaced.items():
                assert old in text, f"{name}: {old}"
                text = text.replace(old, new)
            (self.folder / name).write_text(text, encoding="utf-8")

    def section(self, title: str) -> str:
        """The text of a section."""
        return self._page.partition(f"\n## {title}\n")[2].partition("\n## ")[0]

    def commands(self, title: str) -> str:
        """The commands of a section."""
        found = _SHELL.search(self.section(title))
        assert found is not None, title
        return found[1]

    def customers(self) -> list[str]:
        """The addresses of the customers' pages that it has its reader open."""
        return re.findall(r"<(http://[^>]+/customer/[^>]+)>", self.section("What you see"))

    def frictions(self) -> set[str]:
        """The frictions that it promises."""
        return set(_FRICTION.findall(self.section("What you see")))

    def do(self, title: str) -> str:
        """Run the commands of a section, and return their output."""
        done = subprocess.run(
            ["sh", "-e", "-c", self.commands(title)],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @contextmanager
    def running(self, title: str) -> Iterator[None]:
        """Run the commands of a section, whose last one does not end, and stop them at the end."""
        log = self.folder / "log"
        *before, last = self.commands(title).splitlines()
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["sh", "-e", "-c", "\n".join([*before, f"exec {last}"])],
                cwd=self.folder,
                env=self.environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            if str(self.port) in self._page:
                wait_for(lambda: self._listens(process, log), LIMIT)
            yield
        finally:
            process.terminate()
            try:
                process.wait(LIMIT)
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

    def _listens(self, process: "subprocess.Popen[bytes]", log: Path) -> bool:
        assert process.poll() is None, log.read_text()
        with closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
