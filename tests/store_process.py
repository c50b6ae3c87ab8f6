"""A `touchline store` that tests start, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.waiting import wait_for_url

if TYPE_CHECKING:
    from touchline.store.address import Address


class StoreProcess:
    """A `touchline store` on its own data folder."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder, self._options = folder, options
        self.start()

    def start(self, port: int = 0) -> None:
        """Start it, on any free port by default; return when it is up."""
        output = self._folder / "output"
        command = [sys.executable, "-m", "touchline.cli", "store", "--data", str(self._folder / "data")]
        with output.open("wb") as stream:
            self.process = subprocess.Popen(
                [*command, "--port", str(port), *self._options],
                cwd=self._folder,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        self.url = wait_for_url(self.process, output)

    def password(self, role: str) -> str:
        """The password of a role."""
        return (self._folder / "data" / "secrets" / role).read_text()

    def address(self, role: str) -> "Address":
        """The store's address for a role."""
        from touchline.store.address import Address

        return Address(self.url, role, self.password(role))

    def kill(self) -> None:
        """Kill it (SIGKILL)."""
        self.process.kill()
        self.process.wait(30)
