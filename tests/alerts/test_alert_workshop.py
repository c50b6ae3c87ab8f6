"""Alert rules with other numbers, as the page of alerts tries them, over a real store."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from touchline.config.alerts_files import load_alerts
from touchline.live.rules.workshop import TrialFailed
from touchline.runtime.alerting.queries import query_of
from touchline.services.web.alert_workshop import TRIAL_SECONDS, SimulatedAlerts
from touchline.store import Store
from touchline.vocabulary.event import Event

T = 1_795_000_000_000
DAY = 86_400_000
OWN = """extends: default
rules:
  - {id: own, kind: threshold, title: Own, events: payment.failed, customers: 600, within: 5m}
  - {id: lost, kind: loss, title: Money is lost, amount: 2000000}
"""


def _position(workshop: SimulatedAlerts, rule: str, field: str, text: str) -> dict[str, int]:
    (sheet,) = (sheet for sheet in workshop.sheets() if sheet.id == rule)
    (slider,) = (slider for slider in sheet.sliders if slider.name == field)
    return {field: slider.values.index(text)}


def test_other_numbers_open_other_incidents_and_can_be_put_in_force(
    tmp_path: Path,
    store: Store,
    fold: Callable[[Store, Sequence[Sequence[Event]], int], Iterator[None]],
    outage: list[Event],
) -> None:
    """The counts are those of the rules; the YAML can be used; each refusal says what to do."""
    for _ in fold(store, [outage], T + DAY):
        pass
    file = tmp_path / "alerts.yaml"
    file.write_text(OWN)
    alerts, slept = load_alerts(file), [0.0]
    done: list[float] = []
    workshop = SimulatedAlerts(alerts, file, query_of(store), lambda: 0.0, slept.append)

    def run(rule: str, positions: dict[str, int], cancelled: bool = False) -> Any:
        return workshop.run(rule, positions, 7, done.append, lambda: cancelled)

    # 500 customers fail in a row of three minutes.
    found = run("payment_outage", _position(workshop, "payment_outage", "customers", "1000"))
    assert (found.before, found.after, done[-1]) == (1, 0, 1.0)
    assert len(slept) > 1, "it leaves the processor to events between its parts"
    file.write_text(found.yaml)
    (changed,) = (rule for rule in load_alerts(file).rules if rule.id == "payment_outage")
    assert getattr(changed, "customers", None) == 1_000
    own = run("own", _position(workshop, "own", "customers", "500"))
    assert (own.before, own.after) == (0, 1)
    assert own.yaml == f"# {file}: in the rule own, instead of the same fields\ncustomers: 500\n"
    unusual = run("friction_unusual", _position(workshop, "friction_unusual", "false_alarms", "10 per week"))
    assert unusual.yaml.endswith("  friction_unusual:\n    false_alarms: 10 per week\n")
    assert unusual.notes[0].startswith("False alarms: ")
    lost = run("lost", _position(workshop, "lost", "amount", "5000000"))
    assert lost.yaml.endswith("\namount: 5000000\n")
    silence = run("producer_silent", _position(workshop, "producer_silent", "longer_than", "6h"))
    assert silence.yaml.endswith("longer_than: 6h\n")
    for rule, positions, cancelled, why in (
        ("gone", {}, False, "There is no alert rule 'gone' any more"),
        ("own", {}, False, "Move a slider first"),
        ("own", {"customers": 999, "title": 1}, False, "Move a slider first"),
        ("own", {"customers": 0}, True, "Cancelled"),
    ):
        with pytest.raises(TrialFailed, match=why):
            run(rule, positions, cancelled)
    slow = SimulatedAlerts(alerts, file, query_of(store), iter([0.0, TRIAL_SECONDS]).__next__)
    with pytest.raises(TrialFailed, match="touchline alerts simulate"):
        slow.run("own", {"customers": 0}, 7, done.append, lambda: False)
