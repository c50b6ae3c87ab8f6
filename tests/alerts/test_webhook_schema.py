"""The published JSON Schema of webhooks, and the example of a receiver."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from tests.waiting import wait_for
from touchline.alerts.addresses import Webhook
from touchline.alerts.channels import Undelivered, send, send_bulletin
from touchline.alerts.messages.bulletin import Bulletin
from touchline.alerts.messages.message import Link, Message, Notice, Origin, message
from touchline.alerts.messages.webhook_body import webhook_schema
from touchline.tables import AlertRow

DOCS = Path(__file__).parents[2] / "docs"
PUBLISHED = DOCS / "reference" / "webhook.schema.json"
EXAMPLE = DOCS / "examples" / "webhook_receiver.py"
LIVE = "https://touchline.shop.example"
DIGEST = Bulletin(key="weekly.2026-W48", subject="s", summary="s", text="t", html="h", link="", sent_at=0)


def _messages(row: AlertRow, now: int) -> list[Message]:
    """Messages that differ in all fields that may be empty."""
    over = replace(
        row, status="resolved", resolved_at=row.opened_at + 1, usual=None, evidence=(), customers=0
    )
    known = replace(row, causes=("cause",), changes=("change",), cost="cost", version=2)
    notice = Notice(("Acknowledged by Kim",), "Kim", (Link("Snooze", f"{LIVE}/act/1"),))
    return [
        message(known, "firing", Origin(LIVE, {"installation": "berlin"}), now, notice=notice),
        message(over, "resolved", Origin(), now),
        message(replace(over, status="retracted"), "resolved", Origin(), now),
        message(over, "followup", Origin(), now),
    ]


def test_what_is_sent_is_what_the_schema_says(receiver: Any, row: AlertRow) -> None:
    """Every body is valid; the schema allows no other field and lets none away."""
    schema = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    to = Webhook(kind="webhook", url=receiver.url)
    for one in _messages(row, row.opened_at):
        send(to, one)
    send_bulletin(to, DIGEST)
    firing, over, *_ = receiver.bodies
    assert (firing["until"], over["until"]) == (None, "2026-11-18T11:06:40.001Z")
    assert firing["actions"] == [{"label": "Snooze", "url": f"{LIVE}/act/1"}]
    for body in receiver.bodies:
        validator.validate(body)
        assert not validator.is_valid({**body, "more": 1})
        for name in body:
            assert not validator.is_valid({other: body[other] for other in body if other != name})


def test_the_published_schema_is_generated() -> None:
    """docs/reference/webhook.schema.json is what `touchline alerts schema` prints."""
    assert json.loads(PUBLISHED.read_text(encoding="utf-8")) == webhook_schema()


@pytest.fixture
def example() -> Iterator[tuple[int, Any]]:
    """The example of a receiver as a process, and its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = os.environ | {"WEBHOOK_SECRET": "s3cret"}
    command = [sys.executable, str(EXAMPLE), str(port)]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        wait_for(lambda: _listens(port))
        yield port, process
        process.kill()


def _listens(port: int) -> bool:
    with socket.socket() as trying:
        return trying.connect_ex(("127.0.0.1", port)) == 0


def test_the_example_takes_what_is_genuine_once(example: tuple[int, Any], row: AlertRow) -> None:
    """It logs a notification once, and refuses a wrong secret, no signature, and an old request."""
    port, process = example
    url = f"http://127.0.0.1:{port}/hook"
    now = int(time.time() * 1000)
    firing, over = _messages(row, now)[:2]
    to = Webhook.model_validate({"kind": "webhook", "url": url, "secret": "s3cret"})
    for one in (firing, firing, over):
        send(to, one)
    old = _messages(row, now - 3_600_000)[0]
    for secret, given in (("other", firing), (None, firing), ("s3cret", old)):
        wrong = Webhook.model_validate({"kind": "webhook", "url": url, "secret": secret})
        with pytest.raises(Undelivered, match="answered 401"):
            send(wrong, given)
    process.terminate()
    assert process.stdout.read().splitlines() == [
        "incident firing [critical] Payments fail (installation berlin, source webshop)",
        "incident resolved [resolved] Payments fail (source webshop)",
    ]
