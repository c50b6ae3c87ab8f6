"""`touchline.sdk.testing`: a team's own tests fail for events that a collector would not store."""

import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from touchline.sdk import Limits, Touchline
from touchline.sdk.testing import Recorder

PLAN = """
types:
  quote.requested:
    description: The customer asked for a quote.
    violations: allow
    fields:
      quote_id: {type: id, required: true, description: the quote}
"""
WHO = {"account": "u-17"}


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "touchline.yaml"
    path.write_text(PLAN)
    return path


def _sent(recorder: Recorder, type: str, **data: object) -> str:
    """What the recorder says of one event."""
    with Touchline(recorder, source="shop", limits=Limits(batch_seconds=0.01)) as tl:
        tl.track(type, WHO, data=data)
        tl.flush()
        violations = recorder.violations
    return "; ".join(map(str, violations))


def test_valid_events_pass(plan: Path) -> None:
    """Events of the vocabulary and of the plan pass, also with fields of one's own."""
    recorder = Recorder(plan)
    tl = Touchline(recorder, source="shop")
    tl.checkout_started(WHO, cart_id="c", data={"till": 7})
    tl.track("quote.requested", WHO, quote_id="q-1")
    assert recorder.types() == ["checkout.started", "quote.requested"]
    assert recorder.of("quote.requested")[0]["data"] == {"quote_id": "q-1"}
    recorder.check()
    recorder.clear()
    assert recorder.events == []
    tl.close()


@pytest.mark.parametrize(
    ("type", "data", "message"),
    [
        (
            "chekout.started",
            {},
            "chekout.started: type: unknown event type (did you mean 'checkout.started'?)",
        ),
        (
            "checkout.started",
            {},
            "checkout.started: data.cart_id: `cart_id` is required: id of the cart; send the same id with its"
            " order",
        ),
        (
            "checkout.started",
            {"cart_id": "c", "value": "80"},
            "checkout.started: data.value: expected a number, got a string of 2 characters",
        ),
        (
            "checkout.started",
            {"cart_id": "c", "valeu": 80},
            "checkout.started: data.valeu: unknown field (did you mean 'value'?); if it is your own, declare"
            " it in the tracking plan",
        ),
        ("quote.requested", {}, "quote.requested: data.quote_id: `quote_id` is required: the quote"),
    ],
)
def test_a_wrong_event_is_a_violation(plan: Path, type: str, data: dict[str, object], message: str) -> None:
    """A misspelt type or field and a wrong value are found, with the path and what to write instead."""
    assert _sent(Recorder(plan), type, **data) == message


def test_check_names_every_violation_and_loss() -> None:
    """The check fails with a line for each violation, and for events that the client could not send."""
    recorder = Recorder()
    tl = Touchline(recorder, source="shop")
    tl.track("chekout.started", WHO)
    tl.track("page.viewed", WHO, page="/", time=datetime(2026, 11, 21, 10))
    tl.track("page.viewed", WHO, page="/", view=object())
    with pytest.raises(
        AssertionError,
        match=r"(?s)unknown event type.*1 events lost as 'invalid' by the client.*1 fields left out",
    ):
        recorder.check()
    tl.close()


TESTS = """
from touchline.sdk import Touchline

def test_right(touchline_recorder):
    tl = Touchline(touchline_recorder, source="shop")
    tl.track("quote.requested", {"account": "1"}, quote_id="q")
    assert touchline_recorder.types() == ["quote.requested"]
    tl.close()

def test_wrong(touchline_recorder):
    tl = Touchline(touchline_recorder, source="shop")
    tl.track("quote.requestd", {"account": "1"}, quote_id="q")
    tl.flush()
    tl.close()

def test_without():
    tl = Touchline("memory://", source="shop")
    tl.track("quote.requestd", {"account": "1"})
    tl.flush()
    tl.close()
"""

pytest_plugins = ["pytester"]


def test_the_fixture_fails_a_test_that_sends_a_wrong_event(pytester: pytest.Pytester) -> None:
    """The plan in the root folder is read; a wrong event fails its test; other tests are left alone."""
    pytester.makefile(".yaml", touchline=PLAN)
    pytester.makepyfile(TESTS)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*unknown event type (did you mean 'quote.requested'?)*"])


def test_the_plugin_needs_the_base_install_alone() -> None:
    """Pytest loads the plugin in every run, so it imports nothing that the extra installs."""
    code = (
        "import sys, touchline.sdk.testing.plugin\n"
        "assert not {'pydantic', 'pydantic_core', 'msgspec', 'yaml'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_without_the_extra_the_fixture_says_what_to_install(pytester: pytest.Pytester) -> None:
    """In a base install, tests that use the fixture fail with the name of the extra; others pass."""
    pytester.makeconftest("import sys\nsys.modules['pydantic'] = None\n")
    pytester.makepyfile(TESTS)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, errors=2)
    result.stdout.fnmatch_lines(["*touchline_recorder needs pydantic: install the extra `testing`*"])


def test_the_plan_may_be_elsewhere(pytester: pytest.Pytester) -> None:
    """The configuration file of pytest names another plan."""
    pytester.mkdir("plans")
    (pytester.path / "plans" / "ours.yaml").write_text(PLAN)
    pytester.makeini("[pytest]\ntouchline_plan = plans/ours.yaml\n")
    pytester.makepyfile(TESTS)
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=2, failed=1)
