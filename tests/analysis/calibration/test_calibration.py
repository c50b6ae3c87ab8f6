"""Weights fitted to simulated journeys with a planted effect of each rule, and the command over a store."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import copytree
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from benchmarks.support.planted_weights import PLANTED, RULES, WEIGHTS, simulate

from tests.analysis.calibration.returning import BEGAN, fill
from touchline.analysis.calibration.calibration import calibrate
from touchline.analysis.calibration.weights import suggested, weights
from touchline.analysis.reading.calibration import CalibrationReader
from touchline.config.rule_packs import load_pack
from touchline.runtime.alerting.queries import query_of
from touchline.store import open_store
from touchline.vocabulary.durations import DAY

if TYPE_CHECKING:
    from typer.testing import Result

Run = Callable[..., "Result"]


def test_planted_weights_are_recovered() -> None:
    """The intervals hold the planted log-odds, and a rule that means nothing loses its weight."""
    held, changes = 0, []
    for seed in range(10):
        found = calibrate(simulate(seed, 3_000))
        held += sum(
            found.effects[rule].low <= planted <= found.effects[rule].high
            for rule, planted in zip(RULES, PLANTED, strict=True)
        )
        assert found.test is not None
        assert found.test.rules_predict
        assert found.test.area is not None
        assert found.test.others is not None
        assert found.test.area.value > found.test.others.value
        assert found.test.brier < found.test.base
        changes.append(suggested(found, WEIGHTS))
    assert held >= 0.93 * 40 - 2
    assert sum("dead_clicks" in change and change["dead_clicks"] <= 3 for change in changes) >= 5
    assert all(change.get("long_wait", 10) >= 10 for change in changes)


def test_without_a_signal_nothing_is_suggested() -> None:
    """Rules that tell nothing have an AUC of about 0.5, and at most one run in 20 suggests anything."""
    found = [calibrate(simulate(seed, 2_000, np.zeros(4))) for seed in range(40)]
    assert sum(bool(suggested(one, WEIGHTS)) for one in found) <= 2
    areas = [one.test.strikes.value for one in found if one.test and one.test.strikes]
    assert np.mean(areas) == pytest.approx(0.5, abs=0.01)


def test_predicted_chances_are_those_observed() -> None:
    """Tenths of the later journeys have about the share of outcomes that was predicted."""
    found = calibrate(simulate(1, 20_000)).test
    assert found is not None
    assert sum(group.number for group in found.groups) == found.number == 6_000
    assert [group.predicted for group in found.groups] == sorted(group.predicted for group in found.groups)
    for group in found.groups:
        assert group.observed == pytest.approx(group.predicted, abs=0.08)
    assert found.slope[1] < 1 < found.slope[2]


def test_weights_keep_the_points_of_all_frictions() -> None:
    """Fitted weights, where they are above 0, cost as many points in all as the configured ones."""
    found = calibrate(simulate(2, 6_000))
    fitted = weights(found, WEIGHTS)
    cost = sum(found.effects[rule].met * max(0.0, one.fitted) for rule, one in fitted.items())
    assert cost == pytest.approx(sum(found.effects[rule].met * WEIGHTS[rule] for rule in RULES))
    for one in fitted.values():
        assert one.suggested == one.configured or not one.low <= one.configured <= one.high
        assert 0 <= one.suggested <= 100


def test_few_outcomes_are_left_out_and_said() -> None:
    """A rule with fewer than ten of either outcome is left out; with few in all, nothing is said."""
    journeys = simulate(3, 2_000)
    met = journeys.met.copy()
    met[:, 3] = False
    met[np.flatnonzero(journeys.outcome)[:9], 3] = True
    met[np.flatnonzero(~journeys.outcome)[:20], 3] = True
    found = calibrate(replace(journeys, met=met))
    assert set(found.effects) == set(RULES[:3])
    assert found.left_out == {
        "promise_broken": "too few: 9 with the outcome and 20 without, 10 each are needed"
    }
    for few in (simulate(3, 150), replace(journeys, outcome=np.zeros(2_000, dtype=bool)), simulate(3, 0)):
        none = calibrate(few)
        assert (none.test, none.effects) == (None, {})
        assert none.missing.startswith("too few")
        assert suggested(none, WEIGHTS) == {}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose promises, once broken, keep customers away."""
    folder = tmp_path_factory.mktemp("returning")
    with open_store(folder / "store") as store:
        fill(store, 3_000, planted=0.6)
    return folder


def test_outcomes_are_those_of_a_plain_count(filled: Path) -> None:
    """Who came back within 60 days, and what was met before the journey ended, are as in the rows."""
    with open_store(filled / "store") as store:
        reader = CalibrationReader(query_of(store), BEGAN, BEGAN + 180 * DAY)
        journeys = reader.journeys(14 * DAY, ("promise_broken", "dead_clicks", "silence_after_friction"))
        scores = reader.scores(("promise_broken", "dead_clicks", "silence_after_friction"))
        rows = store.query(
            "SELECT toString(customer), toUnixTimestamp64Milli(start), toUnixTimestamp64Milli(last) "
            "FROM journeys"
        ).result_rows
    own: dict[str, list[tuple[int, int]]] = {}
    for who, start, last in rows:
        own.setdefault(who, []).append((start, last))
    covered = [(who, start, last) for who, start, last in rows if last < BEGAN + 120 * DAY]
    away = sum(not any(last < other <= last + 60 * DAY for other, _ in own[who]) for who, _, last in covered)
    assert (len(journeys), int(journeys.outcome.sum())) == (len(covered), away)
    assert not journeys.met[:, 2].any()
    assert journeys.strikes.max() == 20
    later = [max(start for start, _ in walks) - min(start for start, _ in walks) for walks in own.values()]
    assert 0 < sum(bool(gap) for gap in later) < len(own)
    # Earlier journeys, and what was spent in the 90 days before: the order of the first journey.
    assert {tuple(np.round(np.expm1(row[1:]), 6)) for row in journeys.adjusted} == {(0, 0), (1, 20)}
    assert len(scores) == 3_000
    assert scores.met[:, 0].sum() == pytest.approx(1_500, abs=100)
    assert scores.outcome.mean() == pytest.approx(0.45, abs=0.05)


def test_the_command_writes_rules_that_can_be_used(touchline: Run, filled: Path, tmp_path: Path) -> None:
    """The file has the suggested weights and all other rules; nothing but the file changes."""
    out = tmp_path / "weights.yaml"
    result = touchline("calibrate", "--data", filled, "--json", "--rules-out", out)
    assert result.exit_code == 0, result.output
    content: dict[str, Any] = json.loads(result.stdout)
    assert content["away"]["rules_predict"]
    assert content["low_scores"]["rules_predict"]
    assert content["left_out"] == ["left_after_friction", "silence_after_friction"]
    change = content["suggested"]
    assert set(change) <= {"promise_broken", "dead_clicks"}
    assert change["dead_clicks"] <= 2
    before, after = load_pack(), load_pack(out)
    assert not after.faults
    assert {rule.id: rule.weight for rule in after.rules} == {
        rule.id: change.get(rule.id, rule.weight) for rule in before.rules
    }
    assert touchline("rules", "lint", out).exit_code == 0
    again = touchline("calibrate", "--data", filled, "--rules-out", out)
    assert again.exit_code == 2
    assert "the file exists" in again.output


def test_an_own_rules_file_keeps_its_content(touchline: Run, filled: Path, tmp_path: Path) -> None:
    """Rules that the own file writes get their weight there, those that it extends under `change`."""
    own = tmp_path / "rules.yaml"
    own.write_text(
        "extends: default\nchange: {dead_clicks: {count: 4}}\nrules:\n"
        "  - {id: promise_broken, kind: match, when: promise.broken, weight: 1}\n"
    )
    (tmp_path / "touchline.toml").write_text(f'rules = "{own}"\n')
    text = own.read_text()
    shown = touchline("calibrate", "--data", filled, "--rules-out", "new.yaml")
    assert shown.exit_code == 0, shown.output
    assert "the rules predict" in shown.output
    assert own.read_text() == text
    new = load_pack(tmp_path / "new.yaml")
    assert not new.faults
    rules = {rule.id: rule for rule in new.rules}
    assert rules["promise_broken"].weight > 1
    assert rules["dead_clicks"].count == 4  # type: ignore[union-attr]


def test_data_that_do_not_go_on_for_60_days_say_nothing(
    touchline: Run, tmp_path: Path, new_store: Path
) -> None:
    """Without journeys whose 60 days are over the command says so, and writes no file."""
    copytree(new_store, tmp_path / "data" / "store", symlinks=True)
    result = touchline("calibrate", "--data", tmp_path / "data", "--rules-out", "new.yaml")
    assert result.exit_code == 1
    assert "too few to say: 0 with the outcome and 0 without" in result.output
    assert "new.yaml is not written" in result.output
    assert not (tmp_path / "new.yaml").exists()
    assert touchline("calibrate", "--data", tmp_path / "data", "--since", "9000d").exit_code == 2
