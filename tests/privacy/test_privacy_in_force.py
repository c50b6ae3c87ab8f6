"""Privacy rules of processes: every way in is under them, a changed file is read again, searches find."""

import ast
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs
from typer.testing import Result

from touchline.config.settings import load_settings
from touchline.config.validator_in_force import ValidatorInForce
from touchline.privacy import PrivacyError

Command = Callable[..., Result]
KEY = "0123456789abcdef0123456789abcdef"
SECRET = "ann@private.example"


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """`rules(text)` writes the file that the settings name; each time it is a newer file."""
    path = tmp_path / "privacy.yaml"
    monkeypatch.setenv("TOUCHLINE_PRIVACY", str(path))
    monkeypatch.setenv("TOUCHLINE_PRIVACY_KEY", KEY)
    seconds = iter(range(1_000, 2_000))

    def write(text: str) -> Path:
        path.write_text(text)
        at = next(seconds)
        os.utime(path, (at, at))
        return path

    return write


def test_only_one_place_makes_validators() -> None:
    """Every process validates by the settings' plan and privacy rules, so none can forget one of them."""
    root = Path(__file__).parents[2]
    making = {
        path.name
        for floor in ("streams", "dashboards", "infra")
        for path in (root / floor / "touchline").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Validator"
    }
    assert making == {"validator_in_force.py"}


def test_changed_rules_come_into_force(rules: Callable[[str], Path]) -> None:
    """Identifiers are hashed from then on, for events and for searches."""
    rules("identifiers: {}")
    in_force = ValidatorInForce(load_settings())
    assert in_force.validator.normaliser.identifier("email", SECRET) == f"email:{SECRET}"
    rules("identifiers: {email: hash}")
    in_force.refresh()
    assert str(in_force.validator.normaliser.identifier("email", SECRET)).startswith("email:hmac-")
    assert in_force.validator.privacy is not None
    assert in_force.warning is None


@pytest.mark.parametrize("broken", ["identifiers: [", "identifiers: {email: hide}", None])
def test_broken_rules_leave_the_old_ones_in_force(rules: Callable[[str], Path], broken: str | None) -> None:
    """A file that cannot be used or is gone hides no less than before, with a warning; it is logged once."""
    path = rules("identifiers: {email: hash}")
    in_force = ValidatorInForce(load_settings())
    if broken is None:
        path.unlink()
    else:
        rules(broken)
    with capture_logs() as logs:
        in_force.refresh()
        in_force.refresh()
    assert [one["event"] for one in logs] == ["privacy.refused"]
    assert str(in_force.validator.normaliser.identifier("email", SECRET)).startswith("email:hmac-")
    assert str(in_force.warning).startswith("the privacy rules cannot be used, those before stay in force")


def test_broken_rules_prevent_the_start(
    rules: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without usable rules, or without the key that they need, nothing starts."""
    rules("identifiers:\n  email: hide")
    with pytest.raises(PrivacyError, match=r"privacy\.yaml:2:10: identifiers\.email: 'hide' is none of"):
        ValidatorInForce(load_settings())
    rules("identifiers: {email: hash}")
    monkeypatch.delenv("TOUCHLINE_PRIVACY_KEY")
    with pytest.raises(PrivacyError, match="set privacy_key"):
        ValidatorInForce(load_settings())


def test_imports_are_under_the_rules_and_searches_find(
    touchline: Command, rules: Callable[[str], Path], tmp_path: Path
) -> None:
    """No forbidden value of a file is in the data folder, and a search in clear finds the customer."""
    rules("identifiers: {email: hash}\nfields: [{deny: data.note}]\nconsent: {purpose: analytics}\n")
    file, data = tmp_path / "events.jsonl", tmp_path / "data"
    lines = [_call(1), _call(2, channel="x"), _call(3, context={"consent": {"analytics": False}}), SECRET]
    file.write_bytes(b"\n".join(one.encode() if isinstance(one, str) else orjson.dumps(one) for one in lines))
    done = touchline("import", file, "--data", data, "--most-refused", "90")
    assert done.exit_code == 0, done.output
    shown = touchline("customer", "show", f"email:{SECRET.upper()}", "--data", data)
    assert shown.exit_code == 0, shown.output
    assert "email:hmac-" in shown.stdout
    holding = [path for path in data.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert not holding
    counted = orjson.loads(touchline("accounts", "--data", data, "--json").stdout)
    (account,) = counted["producers"]
    assert (account["stored"], account["quarantined"], account["suppressed"]) == (1, 2, 1)
    assert account["unexplained"] == 0


def _call(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"call-{number}",
        "type": "contact.started",
        "time": f"2025-10-09T10:{number:02}:00Z",
        "channel": "phone",
        "source": "pbx",
        "identifiers": {"account": "u-1", "email": SECRET},
        "data": {"contact_id": str(number), "note": SECRET},
        **changes,
    }
