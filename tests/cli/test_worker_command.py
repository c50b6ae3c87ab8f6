"""`touchline worker` and `touchline identity` where they cannot begin."""

from typing import Any

import pytest


@pytest.mark.parametrize("command", [["worker"], ["worker", "--processes", "2"], ["identity"]])
def test_what_is_missing_is_named(
    command: list[str], touchline: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without Kafka, a shared store, or a broker that answers, the command says what to do."""
    said = touchline(*command)
    assert said.exit_code == 1
    assert "set kafka" in said.stderr
    monkeypatch.setenv("TOUCHLINE_KAFKA", "127.0.0.1:1")
    said = touchline(*command)
    assert said.exit_code == 1
    assert "set store" in said.stderr
    monkeypatch.setenv("TOUCHLINE_STORE", "http://127.0.0.1:1")
    said = touchline(*command)
    assert said.exit_code == 1
    assert "Kafka cannot be reached at 127.0.0.1:1" in said.stderr
