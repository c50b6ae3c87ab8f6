"""`touchline ingest` reads real topics into the log."""

import io
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fastavro
import pytest
import urllib3
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition

from tests.ingest.conftest import SchemaRegistry
from touchline.devbroker.broker import Broker
from touchline.log.kafka.records import Topics

if TYPE_CHECKING:
    from typer.testing import Result

Produce = Callable[..., None]
Ingest = Callable[..., dict[str, Any]]

ORDERS = """
events:
  - type: order.placed
    id: "{no}"
    time: {column: at, format: unix_ms}
    channel: {value: web}
    identifiers: {account: customer}
    data: {order_id: {column: no, as: str}, value: total, currency: {value: EUR}}
    skip: {test: "true"}
"""
AT = 1_795_255_200_000


def order(number: int, **more: Any) -> bytes:
    content = {"no": number, "at": AT + number, "customer": f"u-{number % 7}", "total": 10.5, **more}
    return json.dumps(content).encode()


def in_log(data: Path, kind: str = "touchpoints") -> list[dict[str, Any]]:
    """The lines of a kind in the log of a data folder, in their order."""
    with sqlite3.connect(data / "log.sqlite") as log:
        rows = log.execute('SELECT body FROM records WHERE kind = ? ORDER BY "offset"', (kind,)).fetchall()
    log.close()
    return [json.loads(line) for (body,) in rows for line in body.splitlines()]


@pytest.fixture
def ingest(touchline: "Callable[..., Result]", kafka: Broker, topic: str, tmp_path: Path) -> Ingest:
    """Ingests the topic up to its end, and returns the report."""
    (tmp_path / "orders.yaml").write_text(ORDERS)

    def run(*options: object, data: Path = tmp_path / "data", url: str = "") -> dict[str, Any]:
        url = url or f"kafka://{kafka.bootstrap}/{topic}"
        done = touchline("ingest", url, "--once", "--json", "--data", data, *options)
        assert done.exit_code == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    return run


def test_a_topic_is_ingested_by_the_mapping_of_a_file(
    ingest: Ingest, produce: Produce, topic: str, tmp_path: Path
) -> None:
    """Each record is counted by what became of it, and its offset is committed."""
    produce(topic, [order(1), (b"k", None), order(2, test=True), b"{broken", order(3)])
    done = ingest("--map", "orders.yaml")
    counts = ("records", "mapped", "unmapped", "empty", "unreadable", "events", "quarantined", "lost")
    assert {name: done[name] for name in counts} == {
        "records": 5,
        "mapped": 2,
        "unmapped": 1,
        "empty": 1,
        "unreadable": 1,
        "events": 2,
        "quarantined": 1,
        "lost": 0,
    }
    stored = {event["id"]: event for event in in_log(tmp_path / "data")}
    assert set(stored) == {"orders:order.placed:1", "orders:order.placed:3"}
    assert stored["orders:order.placed:1"]["time"] == AT + 1
    assert stored["orders:order.placed:1"]["producer"] == f"topic.{topic}"
    accounts = in_log(tmp_path / "data", "accounts")
    assert sum(row["events"] for row in accounts) == 3
    assert {row["producer"] for row in accounts} == {f"topic.{topic}"}
    assert ingest("--map", "orders.yaml")["records"] == 0


def test_a_refused_record_is_in_quarantine_whole_with_its_place(
    ingest: Ingest, produce: Produce, topic: str, tmp_path: Path
) -> None:
    """Whether it is no JSON, cannot be mapped, or gives an event that is refused; text or not."""
    poison = [
        b"{broken",
        b'{"no": 1}',
        order(2, total="much"),
        order(3, at=AT * 100),
        b"\xff\xfe\x00",
    ]
    produce(topic, [order(9), *poison], partition=1)
    assert ingest("--map", "orders.yaml")["quarantined"] == 5
    entries = in_log(tmp_path / "data", "quarantine")
    found = sorted((entry["message"], entry["body"], entry["field"]) for entry in entries)
    assert [body for _, body, _ in found] == [
        *(value.decode() for value in poison[:4]),
        "base64://4A",
    ]
    assert [
        re.fullmatch(rf"{topic}, partition 1, offset {number}: .+", message) is not None
        for number, (message, _, _) in enumerate(found, 1)
    ] == [True] * 5
    assert found[2][2] == "data.value"


def test_records_read_again_have_the_same_ids(
    ingest: Ingest, produce: Produce, topic: str, tmp_path: Path
) -> None:
    """Also where the mapping names none, and in quarantine."""
    (tmp_path / "orders.yaml").write_text(ORDERS.replace('    id: "{no}"\n', ""))
    produce(topic, [order(1), order(1), b"{broken"], partition=2)
    for group in ("first", "second"):
        assert ingest("--map", "orders.yaml", "--group", group)["records"] == 3
    ids = [event["id"] for event in in_log(tmp_path / "data")]
    assert len(ids) == 4
    assert len(set(ids)) == 2
    refused = [entry["id"] for entry in in_log(tmp_path / "data", "quarantine")]
    assert len(refused) == 2
    assert len(set(refused)) == 1


@pytest.mark.parametrize("compression", ["gzip", "snappy", "lz4", "zstd"])
def test_every_compression_of_kafka_is_read(
    ingest: Ingest, produce: Produce, topic: str, compression: str
) -> None:
    """A topic of others has the compression that they chose."""
    produce(topic, [order(number) for number in range(50)], compression=compression)
    assert ingest("--map", "orders.yaml")["events"] == 50


def test_the_place_the_time_and_the_key_of_a_record_are_columns(
    ingest: Ingest, produce: Produce, topic: str, tmp_path: Path
) -> None:
    """A mapping reads them from `_record`."""
    (tmp_path / "keyed.yaml").write_text("""
events:
  - type: page.viewed
    time: {column: _record.timestamp, format: unix_ms}
    channel: {value: web}
    identifiers: {account: _record.key.user}
    data: {page: url}
""")
    before = int(time.time() * 1000)
    produce(topic, [(b'{"user": "u-1"}', b'{"url": "/"}')])
    ingest("--map", "keyed.yaml")
    [event] = in_log(tmp_path / "data")
    assert event["entity"] == "account:u-1"
    assert before <= event["time"] <= time.time() * 1000


def test_without_a_mapping_records_are_native_events(
    ingest: Ingest, produce: Produce, topic: str, tmp_path: Path
) -> None:
    """Those without an id get one."""
    event = {
        "type": "page.viewed",
        "time": "2026-11-21T10:00:00Z",
        "channel": "web",
        "source": "shop",
        "identifiers": {"account": "u-1"},
        "data": {"page": "/"},
    }
    produce(topic, [json.dumps(event).encode(), json.dumps({**event, "id": "e-1"}).encode()])
    assert ingest()["events"] == 2
    assert "e-1" in {line["id"] for line in in_log(tmp_path / "data")}


def test_changes_of_a_table_are_ingested_by_the_mapping_of_its_export(
    ingest: Ingest, produce: Produce, topic: str, tmp_path: Path
) -> None:
    """A mapping that does not read `_change.op` gets no deletions; one that does says what they mean."""
    row = json.loads(order(1))
    changes = [
        {"op": "c", "before": None, "after": row},
        {"op": "u", "before": row, "after": {**row, "total": 11}},
        {"op": "d", "before": row, "after": None},
    ]
    produce(topic, [*(json.dumps(change).encode() for change in changes), (b"k", None)], partition=0)
    done = ingest("--map", "orders.yaml", "--format", "debezium")
    assert (done["events"], done["mapped"], done["unmapped"], done["empty"]) == (1, 2, 1, 1)
    (tmp_path / "changes.yaml").write_text(
        ORDERS.replace('skip: {test: "true"}', "where: {_change.op: [c, r]}")
        + """
  - type: order.cancelled
    id: "{no}"
    time: {column: at, format: unix_ms}
    channel: {value: web}
    identifiers: {account: customer}
    data: {order_id: {column: no, as: str}}
    where: {_change.op: d}
"""
    )
    done = ingest("--map", "changes.yaml", "--format", "debezium", data=tmp_path / "second")
    types = [event["type"] for event in in_log(tmp_path / "second")]
    assert types == ["order.placed", "order.cancelled"]
    assert (done["mapped"], done["unmapped"]) == (2, 1)


def test_avro_is_ingested_by_the_schemas_of_a_registry(
    ingest: Ingest, produce: Produce, topic: str, registry: SchemaRegistry, tmp_path: Path
) -> None:
    """A record whose schema is unknown goes to quarantine; the others are stored."""
    fields = {"no": "long", "at": "long", "customer": "string", "total": "double"}
    schema = {
        "type": "record",
        "name": "Order",
        "fields": [{"name": name, "type": kind} for name, kind in fields.items()],
    }
    registry.add(7, schema)
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, fastavro.parse_schema(schema), json.loads(order(1)))
    produce(topic, [b"\0\0\0\0\x07" + stream.getvalue(), b"\0\0\0\0\x08" + stream.getvalue()])
    done = ingest("--map", "orders.yaml", "--format", "avro", "--registry", registry.url)
    assert (done["events"], done["unreadable"]) == (1, 1)
    [event] = in_log(tmp_path / "data")
    assert event["data"] == {"order_id": "1", "value": 10.5, "currency": "EUR"}
    [entry] = in_log(tmp_path / "data", "quarantine")
    assert "has no schema with id 8" in entry["message"]


def test_a_mapping_that_most_records_do_not_fit_stores_nothing(
    touchline: "Callable[..., Result]", ingest: Ingest, produce: Produce, kafka: Broker, topic: str
) -> None:
    """A new group does not begin with it; the message has the commonest reason and the way to allow it."""
    produce(topic, [order(number, at="yesterday") for number in range(30)])
    url = f"kafka://{kafka.bootstrap}/{topic}"
    done = touchline("ingest", url, "--once", "--map", "orders.yaml", "--data", "data")
    assert done.exit_code == 1
    assert f"30 of the first 30 records of {topic} are refused: nothing was stored" in done.stderr
    assert "column at: cannot read 'yesterday' as time" in done.stderr
    assert ingest("--map", "orders.yaml", "--most-refused", "100%")["quarantined"] == 30


@pytest.mark.parametrize(
    ("url", "options", "why"),
    [
        ("kafka://{kafka}/none-such", ["--map", "orders.yaml"], "has no topic none-such"),
        ("http://{kafka}/{topic}", ["--map", "orders.yaml"], "write kafka://host:9092/topic"),
        ("kafka://{kafka}", ["--map", "orders.yaml"], "write kafka://host:9092/topic"),
        ("kafka://user:secret@{kafka}/{topic}", [], "TOUCHLINE_INGEST_PASSWORD"),
        ("kafka://user@{kafka}/{topic}", [], "TOUCHLINE_INGEST_PASSWORD"),
        ("kafka://{kafka}/{topic}?ca=x.pem", [], "begin it with kafkas://"),
        ("kafka://{kafka}/{topic}?user=x", [], "use mechanism, ca"),
        ("kafka://127.0.0.1:9/{topic}", [], "Kafka cannot be reached at 127.0.0.1:9"),
        ("kafka://{kafka}/{topic}", ["--format", "avro"], "pass --registry"),
        ("kafka://{kafka}/{topic}", ["--format", "avro", "--registry", "x:1"], "write https://registry"),
        ("kafka://{kafka}/{topic}", ["--map", "other.yaml"], "mapping other has no event for shop-"),
        ("kafka://{kafka}/{topic}", ["--map", "incident_log"], "a topic has no end of a group"),
        ("kafka://{kafka}/{topic}", ["--most-refused", "many"], "write a percentage"),
    ],
)
def test_what_cannot_be_ingested_says_what_to_write(
    touchline: "Callable[..., Result]",
    kafka: Broker,
    topic: str,
    tmp_path: Path,
    url: str,
    options: Sequence[str],
    why: str,
) -> None:
    """In one line, and the exit code tells it."""
    (tmp_path / "orders.yaml").write_text(ORDERS)
    (tmp_path / "other.yaml").write_text(ORDERS.replace("- type", "- files: calls*\n    type"))
    address = url.format(kafka=kafka.bootstrap, topic=topic)
    done = touchline("ingest", address, "--once", "--data", "data", *options)
    assert done.exit_code in (1, 2)
    assert why in done.stderr
    assert "secret" not in done.stderr


def test_own_topics_are_not_ingested(
    touchline: "Callable[..., Result]", kafka: Broker, topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Touchline's events would go round in circles."""
    monkeypatch.setenv("TOUCHLINE_KAFKA", kafka.bootstrap)
    monkeypatch.setenv("TOUCHLINE_TOPIC_PREFIX", topics.prefix)
    done = touchline("ingest", f"kafka://{kafka.bootstrap}/{topics.touchpoints}", "--once")
    assert done.exit_code == 1
    assert "is one of Touchline's own topics" in done.stderr


def test_a_secure_topic_is_read_as_its_url_says(
    ingest: Ingest, produce: Produce, kafka: Broker, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a user and a password, or with a certificate; the settings of Touchline's own Kafka do as well."""
    if not kafka.secure:
        pytest.skip("openssl is missing")
    produce(topic, [order(1)])
    by_password, by_certificate = kafka.by_password, kafka.by_certificate
    monkeypatch.setenv("TOUCHLINE_INGEST_PASSWORD", by_password.password)
    url = f"kafkas://{by_password.user}@{by_password.bootstrap}/{topic}?ca={by_password.ca}"
    assert ingest("--map", "orders.yaml", "--group", "one", url=url)["events"] == 1
    url = (
        f"kafkas://{by_certificate.bootstrap}/{topic}?ca={by_certificate.ca}"
        f"&certificate={by_certificate.certificate}&certificate_key={by_certificate.certificate_key}"
    )
    assert ingest("--map", "orders.yaml", "--group", "two", url=url)["events"] == 1
    for name in ("security", "user", "password", "ca"):
        monkeypatch.setenv(f"TOUCHLINE_KAFKA_{name.upper()}", str(getattr(by_password, name)))
    url = f"kafka://{by_password.bootstrap}/{topic}"
    assert ingest("--map", "orders.yaml", "--group", "three", url=url)["events"] == 1


def test_events_go_to_kafka_where_the_settings_name_it(
    ingest: Ingest,
    produce: Produce,
    kafka: Broker,
    topic: str,
    topics: Topics,
    read_topic: Callable[[str], list[Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As those that a collector accepts: in the partition of their entity, and refused ones in quarantine."""
    monkeypatch.setenv("TOUCHLINE_KAFKA", kafka.bootstrap)
    monkeypatch.setenv("TOUCHLINE_TOPIC_PREFIX", topics.prefix)
    produce(topic, [*(order(number) for number in range(20)), b"{broken"])
    ingest("--map", "orders.yaml")
    records = read_topic(topics.touchpoints)
    ids = [line["id"] for record in records if record.about.kind == "events" for line in record.lines]
    assert sorted(ids) == sorted(f"orders:order.placed:{number}" for number in range(20))
    [refused] = [line for record in read_topic(topics.quarantine) for line in record.lines]
    assert refused["body"] == "{broken"


class Running:
    """`touchline ingest` in a process of its own, without an end."""

    def __init__(self, folder: Path, url: str, *options: str) -> None:
        self.said = folder / f"said-{time.monotonic_ns()}"
        with self.said.open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "touchline.cli", "ingest", url, "--port", "0", *options],
                cwd=folder,
                stdout=said,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )

    def url(self) -> str | None:
        """Where its health is, once it says so."""
        assert self.process.poll() is None, self.said.read_text()
        found = re.search(r"is up: (http://\S+)", self.said.read_text())
        return found[1] if found else None


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts a process that ends with the test."""
    started: list[Running] = []

    def start(url: str, *options: str) -> Running:
        started.append(Running(tmp_path, url, *options))
        return started[-1]

    yield start
    for running in started:
        running.process.kill()
        running.process.wait(10)


def metric(url: str, name: str) -> float:
    """The sum of a metric over its labels."""
    text = urllib3.request("GET", f"{url}/metrics", timeout=10, retries=False).data.decode()
    lines = [line for line in text.splitlines() if line.startswith(name)]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines)


@pytest.mark.slow
def test_a_process_reads_what_comes_and_ends_on_a_signal(
    run: Callable[..., Running],
    produce: Produce,
    wait_for: Callable[..., Any],
    kafka: Broker,
    topic: str,
    registry: SchemaRegistry,
    tmp_path: Path,
) -> None:
    """It says whether it is ready, waits for a registry that is away, and shows its lag."""
    (tmp_path / "orders.yaml").write_text(ORDERS)
    options = ("--map", "orders.yaml", "--format", "debezium", "--registry", registry.url, "--data", "data")
    running = run(f"kafka://{kafka.bootstrap}/{topic}", *options)
    url: str = wait_for(running.url)

    def status() -> int:
        return urllib3.request("GET", f"{url}/readyz", timeout=10, retries=False).status

    wait_for(lambda: status() == 200)
    changes = [json.dumps({"op": "c", "after": json.loads(order(number))}).encode() for number in range(20)]
    produce(topic, changes, partition=0)
    wait_for(lambda: metric(url, "touchline_topic_records_total") == 20)
    assert metric(url, "touchline_topic_lag") == 0
    registry.status = 503
    produce(topic, [b"\0\0\0\0\x01abc", *changes], partition=0)
    wait_for(lambda: status() == 503)
    assert metric(url, "touchline_topic_records_total") == 20
    registry.status = None
    wait_for(lambda: metric(url, "touchline_topic_records_total") == 41)
    wait_for(lambda: status() == 200)
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(15) == 0
    assert "41 records" in running.said.read_text()
    assert len(in_log(tmp_path / "data")) == 40


def test_reading_once_ends_although_records_keep_coming(
    ingest: Ingest, produce: Produce, kafka: Broker, topic: str
) -> None:
    """At the end that the topic had at the start."""
    produce(topic, [order(number) for number in range(100)])
    stop = threading.Event()

    def keep_writing() -> None:
        with KafkaProducer(bootstrap_servers=kafka.bootstrap) as producer:
            for number in count(100):
                producer.send(topic, order(number))
                if stop.wait(0.02):
                    return

    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        done = ingest("--map", "orders.yaml")
    finally:
        stop.set()
        writer.join(10)
    assert done["finished"]
    assert done["records"] >= 100


def test_records_that_kafka_deleted_before_they_were_read_are_counted(
    ingest: Ingest, produce: Produce, kafka: Broker, topic: str
) -> None:
    """Those that were read are not lost."""
    produce(topic, [order(number) for number in range(10)], partition=0)
    assert ingest("--map", "orders.yaml")["lost"] == 0
    produce(topic, [order(number) for number in range(10, 20)], partition=0)
    with KafkaAdminClient(bootstrap_servers=kafka.bootstrap) as admin:
        admin.delete_records({TopicPartition(topic, 0): 15})
    done = ingest("--map", "orders.yaml")
    assert (done["records"], done["lost"]) == (5, 5)


def test_records_of_aborted_transactions_are_not_read(ingest: Ingest, kafka: Broker, topic: str) -> None:
    """And what Kafka itself writes behind transactions is no reason to wait for more."""
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap, transactional_id=f"{topic}-writer")
    producer.init_transactions()
    for number, end in ((1, producer.commit_transaction), (2, producer.abort_transaction)):
        producer.begin_transaction()
        producer.send(topic, order(number), partition=0)
        producer.flush(10)
        end()
    producer.close(5)
    done = ingest("--map", "orders.yaml")
    assert (done["records"], done["events"], done["lost"]) == (1, 1, 0)
    assert ingest("--map", "orders.yaml")["records"] == 0


def test_rules_of_privacy_hold_for_records(
    ingest: Ingest, produce: Produce, topic: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Identifiers are hashed, and quarantine keeps a digest of what cannot be read."""
    (tmp_path / "privacy.yaml").write_text("identifiers:\n  account: hash\n")
    monkeypatch.setenv("TOUCHLINE_PRIVACY", str(tmp_path / "privacy.yaml"))
    monkeypatch.setenv("TOUCHLINE_PRIVACY_KEY", "k" * 64)
    produce(topic, [order(1), order(2, at="u-2 was here"), b"{u-3"])
    ingest("--map", "orders.yaml")
    lines = [*in_log(tmp_path / "data"), *in_log(tmp_path / "data", "quarantine")]
    assert len(lines) == 3
    assert not re.search(r"u-\d", json.dumps(lines))
