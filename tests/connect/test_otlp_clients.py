"""OpenTelemetry's exporters for Python and JavaScript send to a real collector."""

import gzip
import json
import logging
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource

from tests.collector.served import Served, serving
from tests.connect.fetched import node_folder
from tests.connect.outage import LOSE_ANSWER, OK, REFUSE, Outage
from touchline.collector import Keys
from touchline.log.sqlite import SqliteLog

pytestmark = pytest.mark.slow

CLIENTS = Path(__file__).parent / "otlp_clients"
SECONDS = 60
AT = 1_795_987_140_123_456_789
ABOUT: dict[str, str | int | float] = {
    "user.id": "u-17",
    "session.id": "s-9",
    "cart.id": "77",
    "value": 80.5,
    "items": 3,
}


@pytest.fixture(scope="module")
def outage() -> Outage:
    return Outage()


@pytest.fixture(scope="module")
def served(outage: Outage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One collector for all clients: each test reads the events of its own source."""
    folder = tmp_path_factory.mktemp("otlp")
    log = SqliteLog(folder / "log.sqlite")
    try:
        with serving(log, log, Keys(folder / "keys.json"), around=outage.around) as served:
            yield served
    finally:
        log.close()


def events(served: Served, source: str) -> list[dict[str, Any]]:
    """The events of a source in the order in which they came; those that came twice have one id."""
    lines = [line for line in served.lines("touchpoints") if line["source"] == source]
    return list({line["id"]: line for line in lines}.values())


@pytest.mark.parametrize("compression", list(Compression))
def test_python(
    served: Served, outage: Outage, compression: Compression, caplog: pytest.LogCaptureFixture
) -> None:
    """Named records are stored once, although a 503 is repeated; the exporter reports no failure."""
    source = f"shop-python-{compression.value}"
    exporter = OTLPLogExporter(f"{served.url}/v1/logs", compression=compression)
    provider = LoggerProvider(Resource({"service.name": source}))
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    logger = provider.get_logger("shop.web")
    outage.plan = [LOSE_ANSWER]
    for _ in range(2):
        logger.emit(LogRecord(timestamp=AT, event_name="com.example.checkout.started", attributes={**ABOUT}))
    logger.emit(LogRecord(timestamp=AT, body="a line of a log", attributes={**ABOUT}))
    body: dict[str, Any] = {"answers": ["a", 2, True], "nested": {"note": "Grüße"}}
    logger.emit(LogRecord(observed_timestamp=AT, event_name="QuizFinished", body=body, attributes={**ABOUT}))
    with caplog.at_level(logging.ERROR):
        provider.force_flush()
        provider.shutdown()
    assert not caplog.records
    found = events(served, source)
    assert [event["type"] for event in found] == ["checkout.started"] * 2 + ["custom.quiz_finished"]
    for event in found:
        assert (event["identifiers"], event["time"]) == (["account:u-17"], AT // 1_000_000)
        assert event["context"]["session_id"] == "s-9"
    assert found[0]["data"] == {"cart_id": "77", "value": 80.5, "items": 3}
    assert found[2]["data"] == found[0]["data"] | body


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_javascript(served: Served, outage: Outage, compression: str) -> None:
    """Named records are stored once, although 503s are repeated."""
    outage.plan = [LOSE_ANSWER, OK, REFUSE]
    outage.requests = 0
    before = len(served.lines("touchpoints"))
    script = node_folder(CLIENTS) / "send.mjs"
    command = ["node", str(script), f"{served.url}/v1/logs", compression]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert outage.requests == 4
    lines = served.lines("touchpoints")[before:]
    found = list({line["id"]: line for line in lines}.values())
    assert [event["type"] for event in found] == [
        "checkout.started",
        "element.clicked",
        "custom.com_example_quiz_finished",
    ]
    for event in found:
        assert (event["source"], event["channel"]) == ("shop-js", "app")
        assert (event["identifiers"], event["time"]) == (["account:u-17"], 1_795_987_140_123)
        assert event["context"]["session_id"] == "s-9"
    assert found[0]["data"] == {"cart_id": "77", "value": 80.5, "items": 3}
    assert found[1]["data"]["element"] == "pay"
    assert found[2]["data"]["nested"] == {"note": "Grüße"}
    assert found[2]["data"]["answers"] == ["a", 2, True]


def test_errors_have_the_form_of_the_protocol(served: Served) -> None:
    """A broken body gets 400, and a google.rpc.Status in the encoding of the request."""
    for content_type, packed in (
        ("application/json", gzip.compress),
        ("application/x-protobuf", zlib.compress),
    ):
        encoding = "gzip" if packed is gzip.compress else "deflate"
        headers = {"Content-Type": content_type, "Content-Encoding": encoding}
        answer = served.http.request(
            "POST", f"{served.url}/v1/logs", body=packed(b"\xff\xff"), headers=headers
        )
        assert (answer.status, answer.headers["Content-Type"]) == (400, content_type)
        if content_type == "application/json":
            assert json.loads(answer.data)["code"] == 3
        else:
            assert answer.data.startswith(b"\x08\x03\x12")
        assert b"in quarantine" in answer.data
