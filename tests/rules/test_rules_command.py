"""`touchline rules`, as it is typed."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from touchline.cli.main import app
from touchline.config.rule_packs import load_rules
from touchline.rules import parse_rules

MINE = """
extends: default
calendars:
  desk: {zone: Europe/Berlin, hours: {mon-fri: 09:00-17:00}, holidays: [2026-12-25]}
change:
  complaint_unanswered: {within: 8 business hours, calendar: desk}
disable: [rage_clicks]
rules:
  - {id: asked_twice, kind: repeat, of: assistance.requested, count: 2, within: 1h, title: Asked twice}
examples:
  asked_twice:
    - title: twice within the hour
      events: [{at: 0m, type: assistance.requested}, {at: 9m, type: assistance.requested}]
      expect: [{anchor: 1, at: 9m}]
"""

Rules = Callable[..., Result]


@pytest.fixture
def rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rules:
    """Runs `touchline rules …` in a folder that has `mine.yaml` and no settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TOUCHLINE_RULES", raising=False)
    Path("mine.yaml").write_text(MINE, encoding="utf-8")
    return lambda *words: CliRunner().invoke(app, ["rules", *words])


def test_list_gives_the_rules_in_force(rules: Rules) -> None:
    """As JSON, each with its kind, weight, factor and owner; a file's over the pack's."""
    pack = json.loads(rules("list", "--json").stdout)
    assert {one["id"] for one in pack} == {rule.id for rule in load_rules().rules}
    assert pack[0] == {
        "id": "cart_abandoned",
        "kind": "expect",
        "title": "Cart abandoned",
        "weight": 5,
        "factor": "process",
        "owner": "online shop",
    }
    mine = {one["id"] for one in json.loads(rules("list", "--rules", "mine.yaml", "--json").stdout)}
    assert mine == {one["id"] for one in pack} - {"rage_clicks"} | {"asked_twice"}


def test_list_is_a_table_to_read(rules: Rules) -> None:
    """Without --json each rule has its line, with its whole id."""
    shown = rules("list").stdout
    assert all(rule.id in shown for rule in load_rules().rules)


def test_the_settings_say_which_rules_are_in_force(rules: Rules) -> None:
    """A rules file named in touchline.toml is the one that is listed."""
    Path("touchline.toml").write_text('rules = "mine.yaml"\n')
    assert "asked_twice" in rules("list", "--json").stdout


def test_show_gives_a_rule_that_can_be_used_as_it_is(rules: Rules) -> None:
    """What is shown is a rules file: the rule as changed, its calendar, the examples of the file."""
    shown = rules("show", "complaint_unanswered", "--rules", "mine.yaml").stdout
    known = next(one for one in load_rules(Path("mine.yaml")).rules if one.id == "complaint_unanswered")
    assert parse_rules(shown) == (known,)
    assert "examples" not in yaml.safe_load(shown)
    untouched = yaml.safe_load(rules("show", "cart_abandoned", "--rules", "mine.yaml").stdout)
    assert len(untouched["examples"]["cart_abandoned"]) >= 2


def test_show_knows_what_was_meant(rules: Rules) -> None:
    """A rule that is not there is a failure which names a near one."""
    result = rules("show", "cart_abandonned")
    assert result.exit_code == 1
    assert "did you mean 'cart_abandoned'?" in result.stderr


def test_test_runs_the_examples(rules: Rules) -> None:
    """The pack's examples pass, a file's own are run, and rules without one are named."""
    assert rules("test").exit_code == 0
    result = rules("test", "--rules", "mine.yaml")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == ["1 of 1 examples pass", "without an example: complaint_unanswered"]


def test_test_says_what_was_expected_and_what_was_found(rules: Rules) -> None:
    """An example that does not come true ends with exit code 1 and both sides."""
    Path("mine.yaml").write_text(MINE.replace("anchor: 1, at: 9m", "anchor: 2, at: 9m"))
    result = rules("test", "--rules", "mine.yaml")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[:3] == [
        "asked_twice: twice within the hour: at 9m",
        "  expected: {anchor: 2, at: 9m}",
        "  found:    {anchor: 1, at: 9m}",
    ]


def test_lint_points_at_faults_and_doubts(rules: Rules) -> None:
    """Every fault and warning has its line and column; faults alone end with exit code 1."""
    Path("bad.yaml").write_text("""rules:
  - {id: a, kind: match, when: order.plced}
  - {id: b, kind: match, wen: order.placed}
examples:
  c: []
""")
    result = rules("lint", "bad.yaml")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "bad.yaml:2:32: warning: rule 'a'.when: 'order.plced' is not a type of the vocabulary "
        "(did you mean 'order.placed'?); if it is your own, declare it in the tracking plan",
        "bad.yaml:3:5: error: rule 'b'.when: is missing",
        "bad.yaml:3:26: error: rule 'b'.wen: unknown key (did you mean 'when'?)",
        "bad.yaml:5:3: error: examples: there is no rule 'c'",
        "1 rule can be used, 3 errors, 1 warning",
    ]
    assert rules("lint", "mine.yaml").exit_code == 0


@pytest.mark.parametrize("words", [["list", "--rules"], ["test", "--rules"], ["lint"]])
def test_a_file_that_is_not_there_is_named(rules: Rules, words: list[str]) -> None:
    """A file that cannot be read is a failure, in one line."""
    result = rules(*words, "none.yaml")
    assert result.exit_code == 1
    assert result.stderr.startswith("none.yaml: cannot be read:")


def test_rules_at_fault_are_not_listed(rules: Rules) -> None:
    """List, show and test refuse a file at fault, with the place of each fault."""
    Path("bad.yaml").write_text("rules: [{id: a, kind: match, wen: x}]")
    result = rules("list", "--rules", "bad.yaml")
    assert result.exit_code == 1
    assert "bad.yaml:1:30: rule 'a'.wen: unknown key" in result.stderr


PAGE = Path(__file__).parents[2] / "docs" / "rules.md"
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_the_files_shown_in_the_docs_are_right(rules: Rules, number: int) -> None:
    """Every rules file in docs/rules.md is free of faults and doubts, and its examples pass."""
    Path("shown.yaml").write_text(BLOCKS[number], encoding="utf-8")
    linted = rules("lint", "shown.yaml").stdout
    assert linted.endswith(" can be used, 0 errors, 0 warnings\n"), linted
    assert rules("test", "--rules", "shown.yaml").exit_code == 0
