"""`touchline webhooks check`."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from touchline.cli.main import app

SOURCES = """
sources:
  shop: {kind: shopify, secret: [{env: SHOP_SECRET}, hidden]}
  pay: {kind: stripe, secret: {env: SHOP_SECRET}}
  forms: {kind: generic, mapping: bpi2012}
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SHOP_SECRET", "hidden")
    monkeypatch.setenv("TOUCHLINE_PUBLIC_URL", "https://events.shop.example/")
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "webhooks.yaml"
    path.write_text(SOURCES)
    return path


def test_check_prints_the_address_of_each_source(file: Path) -> None:
    """Each line has an address as it is entered at the provider, and what its requests need; no secret."""
    shown = CliRunner().invoke(app, ["webhooks", "check", str(file)])
    assert shown.exit_code == 0, shown.output
    assert [line.split(maxsplit=1) for line in shown.output.splitlines()] == [
        ["https://events.shop.example/v1/webhooks/shopify/shop", "a signature with either of two secrets"],
        ["https://events.shop.example/v1/webhooks/stripe/pay", "a signature"],
        ["https://events.shop.example/v1/webhooks/generic/forms", "a key"],
    ]
    assert "hidden" not in shown.output


def test_check_prints_json_of_the_file_in_force(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a file, the one of the settings is checked."""
    monkeypatch.setenv("TOUCHLINE_WEBHOOKS", str(file))
    rows = json.loads(CliRunner().invoke(app, ["webhooks", "check", "--json"]).output)
    address = "https://events.shop.example/v1/webhooks/stripe/pay"
    assert rows[1] == {"source": "pay", "kind": "stripe", "address": address, "secrets": 1}


def test_check_fails_with_the_faults(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Faults, a missing secret, and no file at all end with an exit code and what to do."""
    file.write_text(SOURCES.replace("kind: stripe", "kind: strip"))
    faulty = CliRunner().invoke(app, ["webhooks", "check", str(file)])
    assert (faulty.exit_code, "did you mean 'stripe'?" in faulty.output) == (1, True)
    file.write_text(SOURCES)
    monkeypatch.delenv("SHOP_SECRET")
    missing = CliRunner().invoke(app, ["webhooks", "check", str(file)])
    assert (missing.exit_code, "the environment has no SHOP_SECRET" in missing.output) == (1, True)
    assert CliRunner().invoke(app, ["webhooks", "check"]).exit_code == 2
