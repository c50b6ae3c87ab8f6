"""The consumer alone, on a real broker: it commits no record that was not processed."""

import os
import subprocess
import sys
from typing import Any

import pytest
from kafka import KafkaAdminClient
from kafka.admin import MemberToRemove

from touchline.log.contract import Batch
from touchline.log.kafka.log import KafkaLog
from touchline.log.kafka.records import Topics

PROGRAM = """
import signal, sys, threading
from prometheus_client import CollectorRegistry
from touchline.runtime.consumer import Consumer, Subscription
from touchline.log.kafka.records import Topics
from touchline.runtime.metrics import PartitionMetrics

from touchline.services.logs import configure_logs
from touchline.config.settings import load_settings

configure_logs()
prefix, group, what = sys.argv[1:]

class Task:
    def assigned(self, own, sender, ensure_owned): self.ensure_owned = ensure_owned
    def forget(self): pass
    def is_due(self): return False
    def flush(self, records, at_end):
        if what == "raise":
            raise RuntimeError("unexpected")
        if what == "hang":
            threading.Event().wait()
        if what == "pause":
            print("started", flush=True)
            sys.stdin.readline()
            self.ensure_owned()
        print(*[record.body.decode().strip() for record in records], flush=True)
        signal.raise_signal(signal.SIGTERM)

metrics = PartitionMetrics(CollectorRegistry())
stall = 0.3 if what == "hang" else 60
brokers = load_settings().brokers
source = Subscription(prefix + group, brokers, Topics(prefix), [2])
Consumer(source, Task(), metrics, stall_seconds=stall).run()
"""


def _run(settings: dict[str, str], topics: Topics, groups: dict[str, str]) -> list[tuple[int, str, str]]:
    """Run a consumer for each group at the same time; return exit code, output and errors of each."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, topics.prefix, group, what],
            env={**os.environ, **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for group, what in groups.items()
    ]
    outputs = [process.communicate(timeout=120) for process in running]
    return [(process.returncode, *both) for process, both in zip(running, outputs, strict=True)]


@pytest.mark.slow
def test_unprocessed_records_are_read_again(kafka: Any, kafka_settings: Any, topics: Topics) -> None:
    """A task that fails or stalls ends the process before the commit; the next process reads it again."""
    # The tests of whole deployments use a password instead.
    settings = kafka_settings(kafka.by_certificate if kafka.secure else kafka.brokers)
    log = KafkaLog(kafka.brokers, topics)
    log.append(Batch([], [], 1, [b'{"id":"1"}']))
    log.close()
    for code, out, error in _run(settings, topics, {"fails": "raise", "stalls": "hang"}):
        assert (code, out) == (70, ""), error
    for code, out, error in _run(settings, topics, {"fails": "work", "stalls": "work"}):
        assert (code, out.strip()) == (0, '{"id":"1"}'), error


@pytest.mark.slow
@pytest.mark.parametrize("lost", [True, False])
def test_a_worker_that_lost_its_partitions_writes_nothing(
    kafka: Any, kafka_settings: Any, topics: Topics, lost: bool
) -> None:
    """After a long flush the worker checks its partitions before it writes, and ends if they are lost."""
    log = KafkaLog(kafka.brokers, topics)
    log.append(Batch([], [], 1, [b'{"id":"1"}']))
    log.close()
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, topics.prefix, "slow", "pause"],
        env={**os.environ, **kafka_settings(kafka.brokers)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    if lost:
        with KafkaAdminClient(bootstrap_servers=kafka.bootstrap) as admin:
            group = f"{topics.prefix}slow"
            members = admin.describe_groups([group])[group]["members"]
            admin.remove_group_members(group, [MemberToRemove(member_id=members[0]["member_id"])])
    out, error = process.communicate("go on\n", timeout=60)
    assert (process.returncode, out) == ((70, "") if lost else (0, '{"id":"1"}\n')), error
    assert ("Superseded" in error) == lost
