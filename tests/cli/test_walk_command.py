"""`touchline walk` with a real Chromium on a small real site: what it finds, and that it is no customer."""

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import Result

from tests.walks.site import served

Command = Callable[..., Result]
Ask = Callable[[Path, str], list[dict[str, Any]]]

WALKS = """
walks:
  - name: shop
    site: SITE
    source: webshop
    steps:
      - {name: start, open: /}
      - {name: gone, open: /gone}
      - {name: slow, open: {page: /slow, within: 1s}}
      - {name: away, open: /away}
      - {name: message, open: {page: /alert, expect: Still here}}
      - name: form
        form:
          page: /form
          fields: {"#name": Audit, "#token": {env: WALK_TOKEN}, "#topic": Delivery, "#agreed": "yes"}
          submit: "#send"
          expect: Thank you
      - {name: hidden, form: {page: /form, submit: "#hidden", expect: Thank you}}
      - {name: option, form: {page: /form, fields: {"#topic": Nowhere}, submit: "#send", expect: Thank you}}
      - {name: two, contact_within: 2}
      - {name: three, contact_within: 3}
  - name: nobody
    site: NOBODY
    steps: [{name: start, open: {page: /, within: 5s}}]
"""

WHY = {
    "start": "",
    "gone": "/gone answers 404: expected 200",
    "slow": "did not load in time",
    "away": "/, which is not on the walk's hosts",
    "message": "",
    "form": "",
    "hidden": "hidden, covered or disabled",
    "option": "has no such option",
    "two": "no contact option within 2 clicks of /: no link or button of 2 pages",
    "three": "",
}


def _walks(site: str) -> str:
    """The walks of a site, and of an address where nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{unused.getsockname()[1]}"
    return WALKS.replace("SITE", site).replace("NOBODY", nobody)


def _browser_is_there() -> None:
    missing = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    if missing and os.environ.get("CI") != "true":
        pytest.skip(f"{' and '.join(missing)}: not installed")


@pytest.mark.slow
def test_a_walk_finds_what_a_visitor_meets_and_is_no_customer(
    touchline: Command, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step is an event, whatever consent others need; no telemetry of the site's is sent or counted."""
    _browser_is_there()
    privacy = tmp_path / "privacy.yaml"
    privacy.write_text("consent: {purpose: analytics, types: {'audit.*': checks}, unstated: suppress}")
    monkeypatch.setenv("TOUCHLINE_PRIVACY", str(privacy))
    monkeypatch.setenv("WALK_TOKEN", "hidden-value")
    file, data = tmp_path / "walks.yaml", tmp_path / "data"
    with served() as site:
        file.write_text(_walks(site.url))
        said = touchline("walk", "run", file, "--data", data, "--json", "--no-sandbox")
    assert said.exit_code == 1, said.output
    *rows, nobody = map(orjson.loads, said.stdout.splitlines())
    assert [row["step"] for row in rows] == list(WHY)
    for row in rows:
        why = WHY[row["step"]]
        assert (row["passed"], why in row["message"]) == (not why, True), row
    assert "ERR_" in nobody["message"]
    assert site.form == {"name": ["Audit"], "token": ["hidden-value"], "topic": ["b"], "agreed": ["on"]}
    assert {"/", "/frame", "/help"} <= set(site.requests)
    assert not [path for path in site.requests if path.startswith(("/v1/", "/touchline"))]
    assert [agent.rpartition(" ")[2] for agent in site.agents] == ["TouchlineWalk/1.0"]
    assert "hidden-value" not in said.output
    assert "token=secret" not in said.output

    stored = ask(
        data,
        "SELECT type, source, producer, entity, JSONExtractString(data, 'step') AS step, "
        "JSONExtractString(data, 'run_id') AS run FROM events WHERE entity = 'walk:shop' ORDER BY time, id",
    )
    assert {row["step"]: row["type"] == "audit.step_passed" for row in stored} == {
        step: not why for step, why in WHY.items()
    }
    assert {(row["source"], row["producer"], row["run"]) for row in stored} == {
        ("webshop", "walk", rows[0]["run_id"])
    }
    counts = ask(
        data, "SELECT (SELECT count() FROM journeys) AS journeys, (SELECT count() FROM frictions) AS f"
    )
    assert [{name: int(number) for name, number in row.items()} for row in counts] == [
        {"journeys": 0, "f": 0}
    ]


def test_a_file_of_walks_is_checked(touchline: Command, tmp_path: Path) -> None:
    """Faults are listed with their places and exit code 1; no browser starts."""
    good, faulty = tmp_path / "good.yaml", tmp_path / "faulty.yaml"
    good.write_text(_walks("https://shop.example"))
    faulty.write_text("walks: [{name: shop}]")
    said = touchline("walk", "check", good)
    assert (said.exit_code, "2 walks, 11 steps, 0 errors" in said.stdout) == (0, True)
    said = touchline("walk", "check", faulty)
    assert (said.exit_code, "1:9: error: site: is missing" in said.stdout) == (1, True)
    for arguments in (("--every", "soon"), ("--every", "5s")):
        assert touchline("walk", "run", good, *arguments).exit_code == 2


def test_without_a_browser_nothing_is_reported(
    touchline: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing browser or value is said, and is no failure of the site: nothing is written."""
    file, data = tmp_path / "walks.yaml", tmp_path / "data"
    file.write_text(_walks("https://shop.example"))
    monkeypatch.setenv("PATH", str(tmp_path))
    said = touchline("walk", "run", file, "--data", data)
    assert said.exit_code == 1
    assert "the environment has no WALK_TOKEN" in said.output
    assert "Chromium and chromedriver not found" in said.output
    assert not data.exists()
