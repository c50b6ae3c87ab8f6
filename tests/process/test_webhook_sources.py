"""A running `touchline up` with a file of webhook sources that changes."""

import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

SOURCES = "sources:\n  pay: {kind: stripe, secret: {file: secret}}\n"


def test_sources_are_read_again_with_their_secrets(
    start: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wait_for: Callable[..., Any]
) -> None:
    """A new secret is in force soon; a broken file is a warning and a metric, and changes nothing."""
    file, secret = tmp_path / "webhooks.yaml", tmp_path / "secret"
    file.write_text(SOURCES)
    secret.write_text("first secret\n")
    monkeypatch.setenv("TOUCHLINE_WEBHOOKS", str(file))
    up = start("up").ready()

    def send(event_id: str, key: str) -> int:
        body = json.dumps({"id": event_id, "type": "charge.failed", "created": int(time.time())}).encode()
        sent = str(int(time.time()))
        signature = hmac.new(key.encode(), f"{sent}.".encode() + body, "sha256").hexdigest()
        headers = {"Stripe-Signature": f"t={sent},v1={signature}"}
        status: int = up.ask("POST", "/v1/webhooks/stripe/pay", body=body, headers=headers).status
        return status

    assert (send("evt_1", "first secret"), send("evt_1", "first secret"), send("evt_2", "no")) == (
        200,
        200,
        401,
    )
    secret.write_text("second secret\n")
    wait_for(lambda: send("evt_3", "second secret") == 200)
    assert send("evt_4", "first secret") == 401
    file.write_text("sources: 7\n")
    wait_for(lambda: "those before stay in force" in up.ask("GET", "/readyz").json().get("warning", ""))
    metrics = up.ask("GET", "/metrics").data.decode()
    assert "touchline_webhooks_refused 1.0" in metrics
    assert 'touchline_webhooks_wrong_signatures_total{source="pay"}' in metrics
    assert send("evt_5", "second secret") == 200
    wait_for(lambda: up.rows("SELECT count() AS n FROM events")[0]["n"] == 3)
    assert {row["type"] for row in up.rows("SELECT type FROM events")} == {"custom.stripe_charge_failed"}
