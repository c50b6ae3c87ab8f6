"""The engine alone, on a real broker: nothing is committed that was not worked off."""

import os
import subprocess
import sys
from typing import Any

from touchline.collector.log import Batch
from touchline.pipeline.kafka.log import KafkaLog
from touchline.pipeline.kafka.records import Topics

PROGRAM = """
import signal, sys, threading
from prometheus_client import CollectorRegistry
from touchline.pipeline.faust_app import Engine
from touchline.pipeline.kafka.records import Topics
from touchline.pipeline.watch import PartitionMetrics

from touchline.cli.logs import configure_logs
from touchline.cli.settings import load_settings

configure_logs()
prefix, group, what = sys.argv[1:]

class Task:
    def assigned(self, own, sender): pass
    def forget(self): pass
    def is_due(self): return False
    def flush(self, records, at_end):
        if what == "raise":
            raise RuntimeError("unexpected")
        if what == "hang":
            threading.Event().wait()
        print(*[record.body.decode().strip() for record in records], flush=True)
        signal.raise_signal(signal.SIGTERM)

metrics = PartitionMetrics(CollectorRegistry())
Engine(prefix + group, load_settings().brokers, Topics(prefix), [2], Task(), metrics, stall_seconds=0.3).run()
"""


def _run(settings: dict[str, str], topics: Topics, named: dict[str, str]) -> list[tuple[int, str, str]]:
    """An engine for each group, all at once; how each ended, and what it said."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, topics.prefix, group, what],
            env={**os.environ, **settings},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for group, what in named.items()
    ]
    said = [one.communicate(timeout=120) for one in running]
    return [(one.returncode, *both) for one, both in zip(running, said, strict=True)]


def test_what_was_not_worked_off_comes_again(kafka: Any, kafka_settings: Any, topics: Topics) -> None:
    """A task that fails or gets nowhere ends the process before a commit; the next is given it again."""
    # Tests of whole deployments have a password.
    settings = kafka_settings(kafka.by_certificate if kafka.secure else kafka.brokers)
    log = KafkaLog(kafka.brokers, topics)
    log.append(Batch([], [], 1, [b'{"id":"1"}']))
    log.close()
    for code, out, error in _run(settings, topics, {"fails": "raise", "stalls": "hang"}):
        assert (code, out) == (70, ""), error
    for code, out, error in _run(settings, topics, {"fails": "work", "stalls": "work"}):
        assert (code, out.strip()) == (0, '{"id":"1"}'), error
