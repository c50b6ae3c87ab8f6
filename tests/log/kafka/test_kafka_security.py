"""Kafka behind TLS and passwords: every client gets in as the settings say, and a mistake is named."""

import os
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from touchline.config.settings import SettingsError, load_settings
from touchline.devbroker.broker import Broker
from touchline.log.contract import Batch, LogUnavailable
from touchline.log.kafka.brokers import Brokers, KafkaUnavailable
from touchline.log.kafka.log import KafkaLog
from touchline.log.kafka.partitions import count_partitions
from touchline.log.kafka.probe import probe
from touchline.log.kafka.records import Topics

SECRET = "not the password"


@pytest.fixture
def secure(kafka: Broker) -> Broker:
    """A broker with listeners like a managed one's."""
    if not kafka.secure:
        pytest.skip("openssl is not installed: nothing makes a certificate")
    return kafka


@pytest.mark.parametrize("way", ["SCRAM-SHA-512", "PLAIN", "certificate"])
def test_a_collector_writes_by_every_way(
    secure: Broker, topics: Topics, read_topic: Callable[[str], Any], way: Any
) -> None:
    """A password by either mechanism, or a certificate: what is appended is in the topic."""
    brokers = secure.by_certificate if way == "certificate" else replace(secure.by_password, mechanism=way)
    assert count_partitions(brokers, topics.touchpoints) == 4
    with closing(KafkaLog(brokers, topics)) as log:
        log.append(Batch([b'{"id":"1","entity":"account:1"}'], [], 1))
    assert [line["id"] for one in read_topic(topics.touchpoints) for line in one.lines] == ["1"]


def mistakes(broker: Broker) -> dict[str, tuple[Brokers, str]]:
    """Settings that are wrong in one thing each, and what the message must name."""
    user, certificate, plain = broker.by_password, broker.by_certificate, broker.brokers
    return {
        "password": (replace(user, password=SECRET), "refuses user 'touchline'.*kafka_password"),
        "mechanism": (
            replace(user, mechanism="SCRAM-SHA-256"),
            "kafka_mechanism to one of PLAIN, SCRAM-SHA-512",
        ),
        "authority": (replace(user, ca=certificate.certificate), "has no valid certificate.*kafka_ca"),
        "name": (
            replace(user, bootstrap=user.bootstrap.replace("127.0.0.1", "localhost")),
            "localhost:.*not valid for 'localhost'.*kafka to a name",
        ),
        "file": (replace(user, ca=Path("none.pem")), "kafka_ca none.pem .*no such file"),
        "pair": (
            replace(certificate, certificate_key=certificate.certificate),
            "kafka_certificate .* and kafka_certificate_key",
        ),
        "no certificate": (
            replace(certificate, certificate=None, certificate_key=None),
            "kafka_security is SSL.*kafka_certificate",
        ),
        "plain to TLS": (
            replace(plain, bootstrap=user.bootstrap),
            "speaks TLS, but kafka_security is PLAINTEXT",
        ),
        "TLS to plain": (replace(user, bootstrap=plain.bootstrap), "kafka_security is SASL_SSL.*speaks TLS"),
        "no user": (replace(certificate, bootstrap=user.bootstrap), "requires a user.*SASL_SSL.*kafka_user"),
        "needless user": (
            replace(user, security="SASL_PLAINTEXT", ca=None, bootstrap=plain.bootstrap),
            "expects no user, but kafka_security is SASL_PLAINTEXT",
        ),
    }


MISTAKES = (
    *("password", "mechanism", "authority", "name", "file", "pair", "no certificate"),
    *("plain to TLS", "TLS to plain", "no user", "needless user"),
)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named(secure: Broker, mistake: str) -> None:
    """The message says at once which server, which setting and what to do, and holds no password."""
    brokers, says = mistakes(secure)[mistake]
    with pytest.raises(KafkaUnavailable, match=says) as refused:
        probe(brokers, log_in=True)
    for secret in (SECRET, secure.by_password.password):
        assert secret not in f"{refused.value}{brokers!r}"


class _Website(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@pytest.mark.parametrize("security", ["PLAINTEXT", "SSL"])
def test_a_server_that_is_not_kafka_is_recognised(security: Any) -> None:
    """A server that does not speak Kafka is reported, with and without TLS."""
    with socketserver.TCPServer(("127.0.0.1", 0), _Website) as website:
        serving = threading.Thread(target=website.handle_request)
        serving.start()
        with pytest.raises(KafkaUnavailable, match=f"closes the connection.*kafka_security is {security}"):
            probe(Brokers(f"127.0.0.1:{website.server_address[1]}", security))
        serving.join(10)


def test_a_refused_password_is_a_health_error(
    secure: Broker, topics: Topics, wait_for: Callable[..., None]
) -> None:
    """A collector does not take events, and /readyz says why."""
    brokers = replace(secure.by_password, password=SECRET)
    with closing(KafkaLog(brokers, topics)) as log:
        wait_for(lambda: "kafka_password" in (log.health_error() or ""))
        with pytest.raises(LogUnavailable, match="refuses user 'touchline'"):
            log.append(Batch([b'{"id":"1","entity":"account:1"}'], [], 1))


def test_a_command_says_what_is_wrong_and_no_password(
    secure: Broker, kafka_settings: Callable[[Brokers], dict[str, str]]
) -> None:
    """`touchline migrate` with a wrong password fails with 1, and no stream holds it."""
    brokers = replace(secure.by_password, password=SECRET)
    done = subprocess.run(
        [sys.executable, "-m", "touchline.cli", "migrate"],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **kafka_settings(brokers)},
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "check kafka_user, kafka_password and kafka_mechanism" in done.stderr
    assert SECRET not in done.stderr


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"kafka_security": "SASL_SSL"}, "set kafka_user and kafka_password"),
        ({"kafka_security": "SASL_SSL", "kafka_user": "u"}, "set kafka_user and kafka_password"),
        ({"kafka_user": "u", "kafka_password": SECRET}, "kafka_security is PLAINTEXT, which sends neither"),
        ({"kafka_ca": "ca.pem"}, "kafka_security is PLAINTEXT: nothing is encrypted"),
        ({"kafka_security": "SSL", "kafka_certificate": "c.pem"}, "belong together"),
        ({"kafka_security": "TLS"}, "kafka_security: should be 'PLAINTEXT', 'SSL'"),
        ({"kafka": f"u:{SECRET}@a.example:9092"}, "set kafka_user and kafka_password instead"),
        ({"kafka": "kafka://a.example:9092"}, "write host:9092"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(settings: dict[str, str], says: str) -> None:
    """The message names the settings, and holds no password."""
    with pytest.raises(SettingsError, match=says) as refused:
        load_settings(**{"kafka": "a.example:9092", **settings})
    assert SECRET not in str(refused.value)
