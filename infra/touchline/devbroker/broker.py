"""A local Kafka broker for development and tests, without a container.

Java runs it; Maven fetches it once into the user's cache. Its folder holds `server.properties` (with
the port), `broker.pid`, `broker.log`, the data, and the `secrets` of a secure broker.
"""

import base64
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from random import sample
from typing import Final

from touchline.devbroker.security import USER, Security, security_in
from touchline.log.kafka.brokers import Brokers
from touchline.vocabulary.errors import TouchlineError

FETCH_SECONDS: Final = 600
READY_SECONDS: Final = 60
STOP_SECONDS: Final = 20

_PORTS: Final = range(20_000, 32_000)

_FILES: Final = Path(__file__).parent / "kafka"
"""`pom.xml` and `server.properties`."""

_JVM: Final = (
    "-Xms64m",
    "-Xmx384m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Djava.awt.headless=true",
)
_LOG: Final = ("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true")

# The process id may belong to another program by then.
_GUARD: Final = 'read -r _; ps -ww -o args= -p "$1" | grep -qF -- "$2" && kill -KILL "$1"'


class BrokerError(TouchlineError):
    """The broker cannot run; the message says why and what to do."""


class ToolMissing(BrokerError):
    """Java or Maven is not installed."""


class Broker:
    """A broker and its folder.

    Args:
        folder: The broker's folder, made if missing, reused if not.
        port: Port on 127.0.0.1; 0 for the folder's last port, or a free one.
        secure: Also listen with TLS and SASL, like a managed broker, on other ports; needs openssl.
        lasting: Keep running when this process ends. Otherwise it ends with it, even by SIGKILL.
    """

    def __init__(self, folder: Path, port: int = 0, *, secure: bool = False, lasting: bool = False) -> None:
        self._folder = folder.absolute()
        self._properties = self._folder / "server.properties"
        self._pid_file = self._folder / "broker.pid"
        self._port = port or self._last_port("PLAINTEXT")
        self.secure = secure
        """Whether it also listens with TLS and SASL."""
        self._lasting = lasting
        self._child: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        """The address for clients."""
        return f"127.0.0.1:{self._port}"

    @property
    def brokers(self) -> Brokers:
        """The connection without security."""
        return Brokers(self.bootstrap)

    @property
    def by_password(self) -> Brokers:
        """The connection with user and password, once a secure broker is started."""
        made = self._security()
        address = f"127.0.0.1:{self._last_port('SASL_SSL')}"
        return Brokers(address, "SASL_SSL", user=USER, password=made.password, ca=made.ca)

    @property
    def by_certificate(self) -> Brokers:
        """The connection with a client certificate, once a secure broker is started."""
        made = self._security()
        address = f"127.0.0.1:{self._last_port('SSL')}"
        return Brokers(address, "SSL", ca=made.ca, certificate=made.certificate, certificate_key=made.key)

    @property
    def pid(self) -> int | None:
        """The process id, or None if the broker does not run."""
        try:
            pid = int(self._pid_file.read_text())
        except (FileNotFoundError, ValueError):
            return None
        return pid if str(self._properties) in _command_of(pid) else None

    def start(self) -> None:
        """Start the broker and return when it answers; does nothing if it runs already.

        Raises:
            ToolMissing: Java, or Maven the first time, is not installed.
            BrokerError: it cannot be fetched, or does not answer in time.
        """
        if self.pid is None:
            self._release_guard()
            java = _tool("java", "install Java 17 or later (Debian: default-jre-headless)")
            jars = f"{_fetched()}{os.sep}*"
            self._port = self._port or _free_port()
            if _answers(self._port):
                raise BrokerError(
                    f"another process listens on {self.bootstrap}: choose another port with --port"
                )
            self._prepare(java, jars)
            with (self._folder / "broker.log").open("ab") as log:
                self._child = subprocess.Popen(  # noqa: S603 - our own command line
                    [java, *_JVM, *_LOG, "-cp", jars, "kafka.Kafka", str(self._properties)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            if not self._lasting:
                self._guard = _guard(self._child.pid, self._properties)
            self._pid_file.write_text(f"{self._child.pid}\n")
        self._wait_until(self._is_ready, READY_SECONDS, "did not answer")

    def stop(self) -> bool:
        """Stop the broker, by force if it takes too long; return whether it ran.

        Raises:
            BrokerError: it did not end.
        """
        return self._end(signal.SIGTERM) or self._end(signal.SIGKILL)

    def kill(self) -> None:
        """Kill the broker, like a crash."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop the broker if it runs, and start it on the same port with the same data."""
        self.stop()
        self.start()

    def _prepare(self, java: str, jars: str) -> None:
        logs = self._folder / "logs"
        logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        template = (_FILES / "server.properties").read_text(encoding="utf-8")
        values = {"{port}": str(self._port), "{controller_port}": str(_free_port()), "{logs}": str(logs)}
        scram: list[str] = []
        if self.secure:
            template += (_FILES / "secure.properties").read_text(encoding="utf-8")
            values |= self._secured()
            scram = ["--add-scram", f"SCRAM-SHA-512=[name={USER},password={values['{password}']}]"]
        for name, value in values.items():
            template = template.replace(name, value)
        self._properties.write_text(template, encoding="utf-8")
        self._properties.chmod(0o600)
        if not (logs / "meta.properties").exists():
            # A leading - would be read as an option.
            cluster = base64.urlsafe_b64encode(b"\0" + uuid.uuid4().bytes[1:]).decode().rstrip("=")
            tool = ["kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(self._properties)]
            _run([java, *_JVM, "-cp", jars, *tool, *scram], READY_SECONDS, f"{logs} could not be formatted")

    def _secured(self) -> dict[str, str]:
        return {
            "{sasl_port}": str(self._last_port("SASL_SSL") or _free_port()),
            "{tls_port}": str(self._last_port("SSL") or _free_port()),
            "{secrets}": str(self._folder / "secrets"),
            "{password}": self._security().password,
        }

    def _security(self) -> Security:
        openssl = _tool("openssl", "install OpenSSL (Debian: openssl)")
        folder = self._folder / "secrets"
        return security_in(
            folder, lambda words: _run([openssl, *words], READY_SECONDS, f"{folder} could not be filled")
        )

    def _last_port(self, listener: str) -> int:
        try:
            properties = self._properties.read_text(encoding="utf-8")
        except FileNotFoundError:
            return 0
        found = re.search(rf"\b{listener}://127\.0\.0\.1:(\d+)", properties)
        return int(found[1]) if found else 0

    def _is_ready(self) -> bool:
        if self._child is not None and self._child.poll() is not None:
            log = (self._folder / "broker.log").read_text(encoding="utf-8", errors="replace")[-2000:]
            raise BrokerError(f"the broker exited while it started; its last log lines:\n{log}")
        return _answers(self._port) and _serves(self.bootstrap)

    def _end(self, number: signal.Signals) -> bool:
        pid = self.pid
        if pid is None:
            return False
        os.kill(pid, number)
        try:
            self._wait_until(lambda: self._gone(pid), STOP_SECONDS, "did not end")
        except BrokerError:
            if number == signal.SIGKILL:
                raise
            return False
        self._pid_file.unlink(missing_ok=True)
        self._release_guard()
        return True

    def _release_guard(self) -> None:
        if self._guard is not None:
            self._guard.communicate()
            self._guard = None

    def _gone(self, pid: int) -> bool:
        if self._child is not None and self._child.pid == pid:
            return self._child.poll() is not None
        return not _command_of(pid)

    def _wait_until(self, done: Callable[[], bool], seconds: float, failed: str) -> None:
        give_up_at = time.monotonic() + seconds
        while not done():
            if time.monotonic() > give_up_at:
                log = self._folder / "broker.log"
                raise BrokerError(f"the broker on {self.bootstrap} {failed} in {seconds:.0f} s: see {log}")
            time.sleep(0.1)


def _guard(pid: int, properties: Path) -> subprocess.Popen[bytes]:
    """A process that kills a broker once its standard input ends, which this process alone holds open."""
    return subprocess.Popen(  # noqa: S603 - our own command line
        [_tool("sh", "install a POSIX shell"), "-c", _GUARD, "sh", str(pid), str(properties)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _fetched() -> Path:
    """The folder of the broker's libraries, fetched if missing."""
    pom = _FILES / "pom.xml"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "touchline" / "kafka"
    there = cache / hashlib.sha256(pom.read_bytes()).hexdigest()[:12]
    if there.is_dir():
        return there
    maven = _tool("mvn", "install Maven (Debian: maven)")
    cache.mkdir(parents=True, exist_ok=True)
    coming = cache / f".{there.name}.{os.getpid()}"
    try:
        copy = ["dependency:copy-dependencies", f"-DoutputDirectory={coming}"]
        _run([maven, "-B", "-q", "-f", str(pom), *copy], FETCH_SECONDS, "Kafka could not be fetched by Maven")
        try:
            coming.rename(there)
        except OSError:
            if not there.is_dir():  # another process fetched the same files first
                raise
    finally:
        shutil.rmtree(coming, ignore_errors=True)
    return there


def _tool(name: str, advice: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise ToolMissing(f"the broker needs {name}, which is not installed: {advice}")
    return found


def _run(command: Sequence[str], seconds: float, failed: str) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - our own command line
            command, capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL, check=False
        )
    except subprocess.TimeoutExpired:
        raise BrokerError(f"{failed} within {seconds:.0f} s: try again") from None
    if done.returncode:
        raise BrokerError(f"{failed}:\n{(done.stdout + done.stderr).strip()[-2000:]}")


def _command_of(pid: int) -> str:
    """The command line of a process; empty if there is no such process."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        if Path("/proc/self").exists():
            return ""
    ps = ["ps", "-o", "command=", "-p", str(pid)]
    return subprocess.run(ps, capture_output=True, text=True, check=False).stdout  # noqa: S603 - two words


def _free_port() -> int:
    # Below the ephemeral ports: a client that reconnects to a stopped broker could otherwise connect to
    # itself and hold the port.
    for port in sample(_PORTS, len(_PORTS)):
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
    raise BrokerError(
        f"no port from {_PORTS.start} to {_PORTS.stop - 1} is free: stop the programs that use them"
    )


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _serves(bootstrap: str) -> bool:
    """Whether the cluster lists an available broker."""
    from kafka import KafkaAdminClient
    from kafka.errors import KafkaError

    try:
        with KafkaAdminClient(bootstrap_servers=bootstrap, bootstrap_timeout_ms=5_000) as admin:
            return bool(admin.describe_cluster()["brokers"])
    except KafkaError:
        return False
