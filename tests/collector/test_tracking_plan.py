"""The collector validates events by the tracking plan, which may change while it runs."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from touchline.collector.acceptance import accept
from touchline.collector.dialects.dialect import Received
from touchline.config.settings import load_settings
from touchline.config.validator_in_force import ValidatorInForce
from touchline.tracking import PlanError, parse_plan
from touchline.vocabulary.validation import Validator

NOW = 1_709_290_800_000  # 2024-03-01T11:00:00Z
PLAN = """
types:
  quote.requested:
    description: The customer asked for a quote.
    channels: [web]
    violations: {violations}
    fields:
      quote_id: {{type: id, required: true, description: the quote}}
tighten:
  checkout.started:
    required: [value]
    violations: {violations}
"""
MakeEvent = Callable[..., dict[str, Any]]


def _accept(violations: str, *events: dict[str, Any]) -> Any:
    validator = Validator(types=parse_plan(PLAN.format(violations=violations)))
    return accept(Received(orjson.dumps(events), NOW, "shop-1"), validator=validator)


def test_an_own_type_is_stored(event: MakeEvent) -> None:
    """An event of an own type that the plan allows is stored as any other."""
    acceptance = _accept("quarantine", event(type="quote.requested", data={"quote_id": "q"}))
    assert [result.status for result in acceptance.results] == ["stored"]
    assert orjson.loads(acceptance.batch.touchpoints[0])["context"] == {}


def test_a_violation_goes_to_quarantine_by_default(event: MakeEvent) -> None:
    """Wrong data and a channel that the plan excludes are quarantined, with field and message."""
    acceptance = _accept(
        "quarantine",
        event(type="quote.requested", data={}),
        event(type="quote.requested", data={"quote_id": "q"}, channel="phone"),
        event(data={"cart_id": "c"}),
    )
    found = [(one.status, one.reason, one.field, one.message) for one in acceptance.results]
    assert found == [
        ("quarantined", "invalid_data", "data.quote_id", "`quote_id` is required: the quote"),
        (
            "quarantined",
            "wrong_channel",
            "channel",
            "the tracking plan has this type on web: send it there, or change the plan",
        ),
        (
            "quarantined",
            "invalid_data",
            "data.value",
            "`value` is required: amount in whole units of the currency",
        ),
    ]
    assert len(acceptance.batch.quarantine) == 3


def test_an_allowed_violation_is_stored_and_named(event: MakeEvent) -> None:
    """With `allow`, the event is stored; its result says what is wrong, and its context names the field."""
    acceptance = _accept("allow", event(type="quote.requested", data={}, context={"page": "/"}))
    (result,) = acceptance.results
    assert (result.status, result.reason, result.field) == ("stored", "invalid_data", "data.quote_id")
    stored = orjson.loads(acceptance.batch.touchpoints[0])
    assert stored["context"] == {"page": "/", "plan_violation": "data.quote_id"}


def test_a_rejected_event_is_kept_by_nobody_but_its_producer(serve: Any, event: MakeEvent) -> None:
    """With `reject`, HTTP answers so and keeps nothing; an event of an inbox goes to quarantine."""
    text = PLAN.format(violations="reject")
    served = serve(validator=lambda: Validator(types=parse_plan(text)))
    wrong = event(type="quote.requested", data={}, time=_soon())
    results = served.send([wrong, event(data={"cart_id": "c", "value": 1}, time=_soon())]).json()["results"]
    assert [(one["status"], one["reason"]) for one in results] == [
        ("rejected", "invalid_data"),
        ("stored", None),
    ]
    assert served.lines("quarantine") == []
    assert [row["events"] for row in served.lines("accounts")] == [1]
    assert (
        served.metric('touchline_events_total{producer="local",reason="invalid_data",result="rejected"}') == 1
    )
    assert [one.status for one in _accept("reject", wrong).results] == ["quarantined"]


def test_what_the_vocabulary_excludes_is_never_allowed(event: MakeEvent) -> None:
    """A tightened type allows at most what the vocabulary allows."""
    acceptance = _accept("allow", event(data={"value": 1}), event(data={"cart_id": "c"}))
    assert [(one.status, one.field) for one in acceptance.results] == [
        ("quarantined", "data.cart_id"),
        ("stored", "data.value"),
    ]


@pytest.fixture
def plan(tmp_path: Path) -> Callable[[str], Path]:
    """`plan(text)` writes the file of a plan; its time changes with each writing."""
    path = tmp_path / "touchline.yaml"
    seconds = iter(range(1_700_000_000, 1_800_000_000))

    def write(text: str) -> Path:
        path.write_text(text)
        at = next(seconds)
        os.utime(path, (at, at))
        return path

    return write


def test_a_changed_plan_comes_into_force(plan: Callable[[str], Path]) -> None:
    """When the file changes, the types of the new plan are known."""
    in_force = ValidatorInForce(load_settings(plan=plan("types: {}")))
    assert "quote.requested" not in in_force.validator.types
    plan(PLAN.format(violations="allow"))
    in_force.refresh()
    assert in_force.validator.types["quote.requested"].violations == "allow"
    assert in_force.warning is None


@pytest.mark.parametrize("broken", ["types: [", "types: {a.b: {}}", None])
def test_a_broken_plan_leaves_the_old_one_in_force(plan: Callable[[str], Path], broken: str | None) -> None:
    """A file that cannot be used or is gone is a warning and logged once; a good one is in force again."""
    path = plan(PLAN.format(violations="allow"))
    in_force = ValidatorInForce(load_settings(plan=path))
    if broken is None:
        path.unlink()
    else:
        plan(broken)
    with capture_logs() as logs:
        in_force.refresh()
        in_force.refresh()
    assert [one["event"] for one in logs] == ["plan.refused"]
    assert "quote.requested" in in_force.validator.types
    assert str(in_force.warning).startswith("the tracking plan cannot be used, the one before stays in force")
    plan("types: {}")
    in_force.refresh()
    assert in_force.warning is None
    assert "quote.requested" not in in_force.validator.types


def test_a_changed_phase_is_a_warning(plan: Callable[[str], Path]) -> None:
    """Workers take phases at their start: until then a changed one is a warning."""
    in_force = ValidatorInForce(load_settings(plan=plan("types: {a.b: {description: x, phase: 3}}")))
    plan("types: {a.b: {description: x, phase: 4}}")
    in_force.refresh()
    assert "restart the workers" in str(in_force.warning)
    plan("types: {a.b: {description: y, phase: 3}}")
    in_force.refresh()
    assert in_force.warning is None


def test_a_broken_plan_prevents_the_start(plan: Callable[[str], Path]) -> None:
    """Without a plan that could stay in force, the process does not start."""
    with pytest.raises(PlanError, match=r"touchline\.yaml:1:14: a\.b: description: is missing"):
        ValidatorInForce(load_settings(plan=plan("types: {a.b: {}}")))


def test_a_collector_describes_the_types_in_force(serve: Any, event: MakeEvent) -> None:
    """/openapi.json and /asyncapi.json have the plan's types, also after a change; own events are stored."""
    validators = [Validator(types=parse_plan(PLAN.format(violations="allow")))]
    served = serve(validator=lambda: validators[-1], warning=lambda: "a warning")

    def described(name: str) -> set[str]:
        document = served.http.request("GET", f"{served.url}/{name}").json()
        return set(document["components"]["schemas"])

    assert "quote.requested" in described("openapi.json")
    assert "quote.requested" in described("asyncapi.json")
    sent = event(type="quote.requested", data={"quote_id": "q"}, time=_soon())
    assert served.send(sent).json()["results"][0]["status"] == "stored"
    validators.append(Validator())
    assert "quote.requested" not in described("openapi.json")
    assert served.send(sent).json()["results"][0]["reason"] == "unknown_type"
    assert served.http.request("GET", f"{served.url}/readyz").json()["warning"] == "a warning"


def _soon() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
