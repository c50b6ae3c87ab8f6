"""The particulars of the transport `kafka://`."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.waiting import wait_for
from touchline.devbroker.broker import Broker
from touchline.log.kafka.records import Topics
from touchline.sdk import Accepted, Batch, Limits, Refused, Retry, TooLarge, Touchline
from touchline.sdk.transports import Kafka

ReadTopic = Callable[[str], list[Any]]


def transport(broker: Broker, path: str, seconds: float = 10) -> Kafka:
    return Kafka(urlsplit(f"kafka://{broker.bootstrap}/{path}"), "shop", seconds)


def ids(read_topic: ReadTopic, topics: Topics) -> list[str]:
    return [line["id"] for record in read_topic(topics.inbox) for line in record.lines]


@pytest.mark.parametrize(
    ("path", "topic"),
    [
        ("", "touchline.inbox"),
        ("/", "touchline.inbox"),
        ("/shop.", "shop.inbox"),
        ("/shop.touchpoints", "shop.inbox"),
        ("/shop.inbox", "shop.inbox"),
        ("/touchpoints", "inbox"),
    ],
)
def test_the_path_names_the_prefix_or_the_topic(path: str, topic: str) -> None:
    """The path may be the prefix of the topics or the topic of touchpoints; both give the inbox."""
    assert Kafka(urlsplit(f"kafka://a.example:9092,b.example:9093{path}"), "shop", 1).topic == topic


def test_a_record_has_headers_of_its_client(
    kafka: Broker, topics: Topics, read_topic: ReadTopic, quick: Limits
) -> None:
    """Headers: raw events, the source as the producer, the number of the batch, the client's account."""
    with Touchline(f"kafka://{kafka.bootstrap}/{topics.prefix}", source="till-ü", limits=quick) as tl:
        for _ in range(2):
            tl.track("page.viewed", {"account": "u"})
            assert tl.flush(20)
    first, second = (record.about for record in read_topic(topics.inbox))
    assert (first.kind, first.producer, first.batch, second.batch) == ("raw", "till-ü", 1, 2)
    assert abs(first.received_at / 1000 - time.time()) < 60
    assert first.account.startswith("client=")
    assert "emitted=1" in first.account


@pytest.mark.parametrize("way", ["SCRAM-SHA-512", "PLAIN", "certificate"])
def test_a_secure_broker_lets_it_in(
    kafka: Broker, topics: Topics, read_topic: ReadTopic, quick: Limits, way: str
) -> None:
    """Events arrive over TLS, with the password as the key or with a certificate."""
    if not kafka.secure:
        pytest.skip("openssl is not installed: nothing makes a certificate")
    one = kafka.by_certificate if way == "certificate" else kafka.by_password
    more = (
        f"certificate={one.certificate}&certificate_key={one.certificate_key}"
        if way == "certificate"
        else f"mechanism={way}"
    )
    user = f"{one.user}@" if one.user else ""
    url = f"kafkas://{user}{one.bootstrap}/{topics.prefix}?ca={one.ca}&{more}"
    with Touchline(url, key=one.password, source="shop", limits=quick) as tl:
        tl.track("page.viewed", {"account": "u"}, id="1")
        assert tl.flush(20)
    assert ids(read_topic, topics) == ["1"]


def test_a_failed_login_has_an_outcome(kafka: Broker, topics: Topics) -> None:
    """A wrong password refuses the batch; a certificate that is not trusted retries it."""
    if not kafka.secure:
        pytest.skip("openssl is not installed: nothing makes a certificate")
    one = kafka.by_password
    trusting = urlsplit(f"kafkas://{one.user}@{one.bootstrap}/{topics.prefix}?ca={one.ca}")
    assert Kafka(trusting, "shop", 5, "wrong").send(Batch([b"{}"])) == Refused(
        "SaslAuthenticationFailedError", of_client=True
    )
    doubting = urlsplit(f"kafkas://{one.user}@{one.bootstrap}/{topics.prefix}")
    assert Kafka(doubting, "shop", 5, "wrong").send(Batch([b"{}"])) == Retry("SSLCertVerificationError")


def test_a_batch_that_is_too_large_is_halved(
    kafka: Broker, topics: Topics, read_topic: ReadTopic, quick: Limits
) -> None:
    """A batch larger than a Kafka record is sent in halves, and no event is lost."""
    assert transport(kafka, topics.prefix).send(Batch([b"x" * 600_000] * 2)) == TooLarge()
    limits = Limits(batch_seconds=0.01, batch_bytes=4_000_000, batch_events=200)
    with Touchline(f"kafka://{kafka.bootstrap}/{topics.prefix}", source="shop", limits=limits) as tl:
        for _ in range(150):
            tl.track("page.viewed", {"account": "u"}, text="x" * 20_000)
        assert tl.flush(30)
        assert (tl.stats.accepted, tl.stats.lost) == (150, {})
    assert len(set(ids(read_topic, topics))) == 150


def test_without_a_broker_a_batch_is_tried_again(quick: Limits) -> None:
    """Without a broker the outcome names the error at once, and the client keeps the events."""
    one = Kafka(urlsplit("kafka://127.0.0.1:1/"), "shop", 5)
    assert one.send(Batch([b"{}"])) == Retry("ConnectionRefusedError")
    tl = Touchline("kafka://127.0.0.1:1", source="shop", limits=quick)
    tl.track("page.viewed", {"account": "u"})
    assert not tl.flush(0.2)
    assert tl.stats.pending == 1
    assert not tl.close(0.2)
    assert tl.stats.lost == {"undelivered": 1}


def test_a_missing_topic_is_tried_again(kafka: Broker) -> None:
    """A missing topic is retried, and no producer stays open."""
    one = transport(kafka, "nowhere.", seconds=1)
    assert one.send(Batch([b"{}"])) == Retry("KafkaTimeoutError")
    assert one._producer is None


def test_a_broker_that_stands_still_is_waited_for_within_the_limit(
    kafka: Broker, topics: Topics, read_topic: ReadTopic
) -> None:
    """A batch without an acknowledgement is retried by a new producer; a repeated event keeps its id."""
    one = transport(kafka, topics.prefix, seconds=2)
    assert one.send(Batch([b'{"id":"before"}'])) == Accepted()
    assert kafka.pid is not None
    os.kill(kafka.pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert isinstance(one.send(Batch([b'{"id":"during"}'])), Retry)
        assert time.monotonic() - began < 10
        assert one._producer is None
    finally:
        os.kill(kafka.pid, signal.SIGCONT)
    wait_for(lambda: one.send(Batch([b'{"id":"during"}'])) == Accepted())
    one.close()
    assert set(ids(read_topic, topics)) == {"before", "during"}


FORK = """
import os, sys
from touchline.sdk import Touchline
tl = Touchline(sys.argv[1], source="shop")
tl.track("page.viewed", {"account": "u"}, id="parent-1")
assert tl.flush(20)
child = os.fork()
tl.track("page.viewed", {"account": "u"}, id="child-2" if child == 0 else "parent-2")
if child:
    assert os.waitpid(child, 0)[1] == 0
"""

AT_THE_END = """
import sys
from touchline.sdk import Touchline
tl = Touchline(sys.argv[1], source="shop")
for number in range(5):
    tl.track("page.viewed", {"account": "u"}, id=str(number))
"""


def run(program: str, url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", program, url],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_parent_and_child_send_after_a_fork(kafka: Broker, topics: Topics, read_topic: ReadTopic) -> None:
    """Parent and child exit cleanly, and the events of each arrive once."""
    done = run(FORK, f"kafka://{kafka.bootstrap}/{topics.prefix}")
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(ids(read_topic, topics)) == ["child-2", "parent-1", "parent-2"]


def test_queued_events_are_sent_at_exit(kafka: Broker, topics: Topics, read_topic: ReadTopic) -> None:
    """A program that exits without `close` sends its events and prints nothing."""
    done = run(AT_THE_END, f"kafka://{kafka.bootstrap}/{topics.prefix}")
    assert (done.returncode, done.stderr) == (0, "")
    assert ids(read_topic, topics) == ["0", "1", "2", "3", "4"]


def test_exit_does_not_wait_for_a_broker_that_is_down() -> None:
    """Without a broker the process exits within the client's limit and logs the loss."""
    began = time.monotonic()
    done = run(AT_THE_END, "kafka://127.0.0.1:1")
    assert done.returncode == 0
    assert "5 events lost, undelivered" in done.stderr
    assert "Traceback" not in done.stderr
    assert time.monotonic() - began < 30


def test_without_kafka_python_the_message_names_the_extra() -> None:
    """The error is raised where the client is created."""
    program = """
import sys
from importlib.machinery import ModuleSpec
import importlib.util
real = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "kafka" else real(name, *more)
from touchline.sdk import Touchline
try:
    Touchline(sys.argv[1], source="shop")
except ValueError as error:
    print(error)
"""
    assert "pip install './touchline[kafka]'" in run(program, "kafka://127.0.0.1:1").stdout
