"""A broker of one's own, and the command that starts it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from kafka import KafkaAdminClient

from touchline.devbroker.broker import Broker, BrokerError, ToolMissing


def touchline(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "touchline.cli", *words]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=120, env={**os.environ, **environment}, check=False
    )


def topics_of(broker: Broker) -> list[str]:
    with KafkaAdminClient(bootstrap_servers=broker.bootstrap) as admin:
        return sorted(admin.list_topics())


@pytest.mark.slow
def test_what_is_written_outlives_a_crash(kafka: Broker) -> None:
    """A broker that was killed comes back on its port with its topics."""
    with KafkaAdminClient(bootstrap_servers=kafka.bootstrap) as admin:
        admin.create_topics({"kept": {"num_partitions": 2, "replication_factor": 1}})
    before, bootstrap = kafka.pid, kafka.bootstrap
    kafka.kill()
    assert kafka.pid is None
    kafka.restart()
    assert kafka.pid not in (None, before)
    assert kafka.bootstrap == bootstrap
    assert "kept" in topics_of(kafka)


def test_a_taken_port_is_refused(kafka: Broker, tmp_path: Path) -> None:
    """A second broker does not start on the port of the first, and says so at once."""
    with pytest.raises(BrokerError, match=rf"{kafka.bootstrap}: choose another"):
        Broker(tmp_path, int(kafka.bootstrap.rpartition(":")[2])).start()


@pytest.mark.slow
def test_the_command_starts_and_ends_a_broker(kafka: Broker, tmp_path: Path) -> None:
    """`up` leaves a broker that answers, a second `up` finds it, `down` ends it, and both print JSON."""
    up = ["dev", "kafka", "up", "--port", "0", "--data", str(tmp_path), "--json"]
    first = touchline(*up)
    assert first.returncode == 0, first.stderr
    try:
        again = touchline(*up)
        assert json.loads(again.stdout) == json.loads(first.stdout)
        broker = Broker(tmp_path / "kafka")
        assert json.loads(first.stdout) == {"bootstrap": broker.bootstrap, "pid": broker.pid}
        assert topics_of(broker) == []
    finally:
        ended = touchline("dev", "kafka", "down", "--data", str(tmp_path), "--json")
    assert json.loads(ended.stdout) == {"ended": True}
    assert Broker(tmp_path / "kafka").pid is None
    nothing = touchline("dev", "kafka", "down", "--data", str(tmp_path))
    assert (nothing.returncode, nothing.stdout) == (0, "No broker runs there.\n")


@pytest.mark.slow
def test_a_broker_ends_with_the_process_that_started_it(
    kafka: Broker, tmp_path: Path, wait_for: Callable[..., None]
) -> None:
    """A killed process leaves no broker behind; one that is stopped leaves no guard behind."""
    script = (
        "import sys; from pathlib import Path; from touchline.devbroker.broker import Broker\n"
        "broker = Broker(Path(sys.argv[1])); broker.start(); print(broker.pid, flush=True); input()\n"
        "broker.stop(); print('stopped', flush=True); input()"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert int(process.stdout.readline()) == Broker(tmp_path).pid
        process.kill()
    wait_for(lambda: Broker(tmp_path).pid is None)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.stdout.readline() == "stopped\n"
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        assert not children.exists() or children.read_text() == ""
        process.kill()


def test_without_java_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the program and the package; the command fails with 1 and no traceback."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing, match=r"needs java, .*default-jre-headless"):
        Broker(tmp_path / "broker").start()
    said = touchline("dev", "kafka", "up", "--data", str(tmp_path), PATH=str(tmp_path))
    assert said.returncode == 1
    assert "needs java, which is not installed" in said.stderr
    assert "Traceback" not in said.stderr


def test_without_maven_and_a_cache_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Java alone is not enough where Kafka was never fetched."""
    (tmp_path / "java").write_text("#!/bin/sh\n")
    (tmp_path / "java").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(ToolMissing, match=r"needs mvn, .*Debian: maven"):
        Broker(tmp_path / "broker").start()
