"""The pytest plugin: the fixture `touchline_recorder`. It does nothing in tests that do not use it."""

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from touchline.sdk.testing.recorder import Recorder

PLAN = "touchline.yaml"
"""The tracking plan, if the root folder of the tests has one and no other is named."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option of the configuration file."""
    parser.addini(
        "touchline_plan", f"Tracking plan, from the root folder; {PLAN} there if none is named.", default=""
    )


@pytest.fixture
def touchline_recorder(pytestconfig: pytest.Config) -> "Recorder":
    """A transport for `Touchline(…)` that keeps events; the test fails if a collector would not store one."""
    try:
        from touchline.sdk.testing.recorder import Recorder
    except ModuleNotFoundError as error:
        message = f"touchline_recorder needs {error.name}: install the extra `testing` of touchline"
        raise pytest.UsageError(message) from None
    return Recorder(_plan(pytestconfig))


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, Any, Any]:
    """Check what a test recorded as part of the test, so that it fails instead of its teardown."""
    __tracebackhide__ = True
    result = yield
    recorder: Any = pyfuncitem.funcargs.get("touchline_recorder")
    if recorder is not None:
        recorder.check()
    return result


def _plan(config: pytest.Config) -> Path | None:
    named = config.getini("touchline_plan")
    if named:
        return config.rootpath / str(named)
    usual = config.rootpath / PLAN
    return usual if usual.exists() else None
