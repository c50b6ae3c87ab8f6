"""A running `touchline up` with a tracking plan whose file changes, and a start with other phases."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

PLAN = """
types:
  quote.requested: {{description: Asked for., phase: {first}}}
  quote.sent: {{description: Sent., phase: {second}}}
"""
RULES = """
rules:
  - {id: quick_quote, kind: sequence, first: quote.requested, then: quote.sent, within: 1h}
"""


def _event(id_: str, type_: str, time: str) -> bytes:
    event = {"id": id_, "type": type_, "time": time, "channel": "web", "source": "shop"}
    return json.dumps(event | {"identifiers": {"account": "u-1"}}).encode()


def test_a_plan_is_read_again_and_its_phases_at_the_next_start(
    start: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wait_for: Callable[..., Any]
) -> None:
    """A changed plan is in force soon, a broken one is a warning; other phases refold at the next start."""
    plan, rules = tmp_path / "touchline.yaml", tmp_path / "rules.yaml"
    plan.write_text("types: {}\n")
    rules.write_text(RULES)
    monkeypatch.setenv("TOUCHLINE_PLAN", str(plan))
    monkeypatch.setenv("TOUCHLINE_RULES", str(rules))
    time = datetime.now(UTC).isoformat()

    def count(sql: str) -> int:
        return int(up.rows(f"SELECT {sql}")[0]["n"])

    def frictions() -> int:
        return count("count() AS n FROM current_frictions")

    up = start("up").ready()
    # At one time, `1-sent` comes first by its id.
    asked, sent = _event("2-asked", "quote.requested", time), _event("1-sent", "quote.sent", time)
    assert up.post(asked)[1]["results"][0]["reason"] == "unknown_type"
    plan.write_text(PLAN.format(first=5, second=5))
    wait_for(lambda: up.post(asked)[1]["results"][0]["status"] == "stored")
    assert up.post(sent)[1]["results"][0]["status"] == "stored"
    wait_for(lambda: count("uniqExact(id) AS n FROM events") == 2)
    assert frictions() == 0

    plan.write_text("types: [\n")
    wait_for(lambda: "the one before stays in force" in up.ask("GET", "/readyz").json().get("warning", ""))
    assert b"touchline_plan_refused 1.0" in up.ask("GET", "/metrics").data
    plan.write_text(PLAN.format(first=1, second=2))
    wait_for(lambda: "restart the workers" in up.ask("GET", "/readyz").json().get("warning", ""))
    assert frictions() == 0
    assert up.end() == 0

    up = start("up").ready()
    wait_for(lambda: frictions() == 1)
    assert "warning" not in up.ask("GET", "/readyz").json()
