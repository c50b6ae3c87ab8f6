"""`python -m touchline.sdk` says what is wrong with a configuration."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from touchline.sdk import Limits, Retry, Touchline
from touchline.sdk.doctor import Finding, examine, report

if TYPE_CHECKING:
    from typer.testing import Result


def found(check: str, url: str, **variables: str) -> Finding:
    given = {"TOUCHLINE_URL": url, "TOUCHLINE_SOURCE": "shop"}
    given |= {f"TOUCHLINE_{name}": value for name, value in variables.items()}
    return {finding.check: finding for finding in examine(given)}[check]


@pytest.mark.parametrize(
    ("status", "is_ok", "text"),
    [
        (400, True, "accepts the key"),
        (401, False, "the collector does not know the key"),
        (404, False, "check the path"),
        (405, False, "check the path"),
        (503, False, "not ready"),
        (200, False, "it answers 200, as a Touchline collector would not"),
    ],
)
def test_the_collectors_answer_is_explained(collector: Any, status: int, is_ok: bool, text: str) -> None:
    """An empty request shows whether the collector is there and knows the key; nothing is stored."""
    collector.will_answer(status)
    finding = found("collector", f"{collector.url}/touch/", KEY="k-1")
    assert (finding.is_ok, text in finding.text) == (is_ok, True), finding
    [(_, headers, events)] = collector.requests
    assert (headers["path"], headers["authorization"], events) == ("/touch/v1/events", "Bearer k-1", [])


@pytest.mark.parametrize(("date", "differs"), [("2015", "+"), ("2120", "-")])
def test_a_clock_that_is_wrong_is_found(collector: Any, date: str, differs: str) -> None:
    """The collector's date tells how far this clock is off, and in which direction."""

    def answer(handler: Any, events: Any) -> None:
        handler.send_response_only(400)
        handler.send_header("Date", f"Thu, 01 Jan {date} 00:00:00 GMT")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    collector.script.append(answer)
    finding = found("collector", collector.url)
    assert not finding.is_ok
    assert f"this clock differs by {differs}" in finding.text


def test_a_password_in_the_url_is_not_shown() -> None:
    """The findings may be copied into a ticket."""
    finding = found("configuration", "http://user:secret@127.0.0.1:9/touch")
    assert finding.text == "the source shop sends to http://127.0.0.1:9/touch"


def test_a_collector_that_is_away_is_found() -> None:
    """Nothing listens at the address."""
    finding = found("collector", "http://127.0.0.1:9")
    assert (finding.is_ok, finding.text.split(":")[0]) == (False, "ConnectionRefusedError")


@pytest.mark.parametrize(
    ("variables", "text"),
    [
        ({}, "the url is missing"),
        ({"URL": "ftp://a"}, "unknown scheme 'ftp'"),
        ({"ENABLED": "false"}, "no event is sent"),
        ({"LIMIT_EVENTS": "3"}, "names no limit"),
    ],
)
def test_a_wrong_variable_is_found(variables: dict[str, str], text: str) -> None:
    """A variable that is missing or wrong is the only finding."""
    [finding] = examine(
        {"TOUCHLINE_SOURCE": "s", **{f"TOUCHLINE_{name}": value for name, value in variables.items()}}
    )
    assert (finding.is_ok, text in finding.text) == (False, True), finding


def test_the_spool_is_examined(tmp_path: Path) -> None:
    """The number of waiting events is shown, and a folder that cannot be used is found."""

    class Down:
        def send(self, batch: Any) -> Retry:
            return Retry("down")

        def close(self) -> None:
            pass

        def forked(self) -> None:
            pass

    with Touchline(Down(), source="shop", spool=tmp_path, limits=Limits(batch_seconds=0.01)) as tl:
        tl.track("page.viewed", {"account": "u"}, page="/")
    finding = found("spool", "memory://", SPOOL=str(tmp_path))
    assert finding.is_ok
    assert "0 events wait in" in finding.text
    assert "1 other files there" in finding.text
    assert not found("spool", "memory://", SPOOL=str(next(tmp_path.glob("*.sqlite")))).is_ok
    assert "set TOUCHLINE_SPOOL to a folder" in found("spool", "memory://").text


def test_the_command_prints_the_findings() -> None:
    """The exit code is 1 if something is wrong, else 0."""
    for url, code in (("memory://", 0), ("", 1)):
        done = subprocess.run(
            [sys.executable, "-m", "touchline.sdk"],
            env={"TOUCHLINE_URL": url, "TOUCHLINE_SOURCE": "shop"},
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        assert done.returncode == code, done.stderr
        assert done.stdout.splitlines()[0].startswith("WRONG" if code else "ok")


@pytest.mark.parametrize(("url", "code"), [("memory://", 0), ("", 1)])
def test_the_command_line_prints_the_same(
    touchline: "Callable[..., Result]", monkeypatch: pytest.MonkeyPatch, url: str, code: int
) -> None:
    """`touchline doctor sdk` has the findings and exit codes of `python -m touchline.sdk`."""
    monkeypatch.setenv("TOUCHLINE_URL", url)
    monkeypatch.setenv("TOUCHLINE_SOURCE", "shop")
    done = touchline("doctor", "sdk")
    assert (done.exit_code, done.stdout.startswith("WRONG" if code else "ok")) == (code, True)
    assert done.stdout.splitlines() == report()[0]
