"""`touchline plan`: lint, diff, codegen, docs."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.stored_twice import store_twice
from touchline.store import open_store

Run = Callable[..., Any]

PLAN = """\
types:
  quote.requested:
    description: The customer asked for a quote.
    owner: sales
    channels: [web, phone]
    fields:
      quote_id: {type: id, required: true, description: the quote}
      value: {type: number, min: 0, description: amount | in euros}
      kind: {enum: [new, renewal], description: what for}
tighten:
  checkout.started: {required: [value]}
"""
RULES = """\
rules:
  - {id: dear_quote, kind: match, when: {types: quote.requested, where: {data.value: {gt: 100}}}}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with a plan and rules, where commands run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "touchline.yaml").write_text(PLAN)
    (tmp_path / "rules.yaml").write_text(RULES)
    return tmp_path


def test_lint_of_a_good_plan(touchline: Run) -> None:
    """A plan without faults and doubts ends with exit code 0 and says what it declares."""
    result = touchline("plan", "lint", "touchline.yaml")
    assert result.exit_code == 0
    assert result.stdout == "1 type of your own and 1 tightened, 0 errors, 0 warnings\n"


def test_lint_lists_faults_and_doubts(touchline: Run, folder: Path) -> None:
    """Faults end with exit code 1; each has its place; `--json` has them as rows."""
    (folder / "bad.yaml").write_text("types:\n  a.b: {description: x, phase: 12}\n  c.d: {description: y}\n")
    result = touchline("plan", "lint", "bad.yaml")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "bad.yaml:2:32: error: a.b: phase: 12 should be less than or equal to 9",
        "bad.yaml:3:3: warning: c.d: has no 'owner': write who answers for it",
        "1 type of your own and 0 tightened, 1 error, 1 warning",
    ]
    rows = json.loads(touchline("plan", "lint", "bad.yaml", "--json").stdout)
    assert [row["level"] for row in rows] == ["error", "warning"]


def test_the_plan_in_force_needs_a_setting(touchline: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a file, commands read the plan of the settings; without one of both, they say what to do."""
    result = touchline("plan", "lint")
    assert (result.exit_code, "set plan (touchline.toml" in result.stderr) == (2, True)
    monkeypatch.setenv("TOUCHLINE_PLAN", "touchline.yaml")
    assert touchline("plan", "lint").exit_code == 0


def test_diff_refuses_a_breaking_change(touchline: Run, folder: Path) -> None:
    """A breaking change ends with exit code 1 and names what it breaks; `--allow-breaking` accepts it."""
    new = PLAN.replace("enum: [new, renewal]", "enum: [new]").replace("      value:", "      amount:")
    (folder / "new.yaml").write_text(new)
    arguments = ("plan", "diff", "new.yaml", "--from", "touchline.yaml", "--rules", "rules.yaml")
    result = touchline(*arguments)
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "ok      quote.requested.amount: new",
        "BREAKS  quote.requested.kind: without renewal",
        "        events that producers send now would be refused: change the producers first",
        "BREAKS  quote.requested.value: removed",
        "        rules that read it: dear_quote",
        "3 changes, 2 breaking",
    ]
    assert "--allow-breaking" in result.stderr
    assert touchline(*arguments, "--allow-breaking").exit_code == 0
    rows = json.loads(touchline(*arguments, "--json", "--allow-breaking").stdout)
    assert [(row["field"], row["breaking"], row["rules"]) for row in rows] == [
        ("amount", False, []),
        ("kind", True, []),
        ("value", True, ["dear_quote"]),
    ]


def test_diff_compares_with_the_plan_in_force(touchline: Run, folder: Path) -> None:
    """Without `--from`, the plan of the settings is compared; without one, the vocabulary alone."""
    (folder / "touchline.toml").write_text('plan = "touchline.yaml"\nrules = "rules.yaml"\n')
    assert touchline("plan", "diff", "touchline.yaml").stdout == "0 changes, 0 breaking\n"
    (folder / "touchline.toml").write_text('rules = "rules.yaml"\n')
    result = touchline("plan", "diff", "touchline.yaml")
    assert "ok      quote.requested: new" in result.stdout
    assert "BREAKS  checkout.started.value: becomes required" in result.stdout


def test_diff_counts_stored_events(touchline: Run, folder: Path) -> None:
    """A change that breaks says how many events of the type are stored, each counted once."""
    (folder / "touchline.toml").write_text('plan = "touchline.yaml"\nrules = "rules.yaml"\n')
    events = [
        {
            "id": f"e-{number}",
            "type": "quote.requested",
            "time": "2024-03-01T10:00:00Z",
            "channel": "web",
            "source": "shop",
            "identifiers": {"account": "u-1"},
            "data": {"quote_id": f"q-{number}"},
        }
        for number in range(3)
    ]
    (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    imported = touchline("import", "events.jsonl", "--data", "data")
    assert imported.exit_code == 0, imported.output
    with open_store(folder / "data" / "store") as store:
        store_twice(store, "events", "data LIKE '%q-1%'")
    (folder / "new.yaml").write_text("types: {}\n")
    result = touchline("plan", "diff", "new.yaml", "--data", "data")
    assert result.stdout.splitlines()[:4] == [
        "ok      checkout.started.value: is no longer required",
        "BREAKS  quote.requested: removed",
        "        events that producers send now would be refused: change the producers first",
        "        rules that read it: dear_quote",
    ]
    assert "        3 events of the type are stored" in result.stdout.splitlines()


def test_codegen_prints_or_writes_a_module(touchline: Run, folder: Path) -> None:
    """`codegen` prints Python, or writes it to a file."""
    result = touchline("plan", "codegen", "touchline.yaml")
    compile(result.stdout, "shop_events.py", "exec")
    assert re.findall(r"def (\w+)\(", result.stdout) == ["checkout_started", "quote_requested"]
    assert touchline("plan", "codegen", "touchline.yaml", "--output", "shop_events.py").exit_code == 0
    assert (folder / "shop_events.py").read_text() == result.stdout
    failed = touchline("plan", "codegen", "touchline.yaml", "--output", "none/shop_events.py")
    assert (failed.exit_code, "name another file" in failed.stderr) == (1, True)


def test_docs_prints_a_page(touchline: Run) -> None:
    """The page has a table of all types, and the fields of each."""
    page = touchline("plan", "docs", "touchline.yaml").stdout
    assert "| `quote.requested` | The customer asked for a quote. | sales | phone, web |" in page
    assert "| `value` | number, at least 0 |  | amount \\| in euros |" in page
    assert "| `kind` | new or renewal |  | what for |" in page
    assert re.findall("^## (.*)", page, re.MULTILINE) == ["checkout.started", "quote.requested"]


def test_rules_know_the_types_of_the_plan(touchline: Run) -> None:
    """`rules lint` warns of a type and a field that neither vocabulary nor plan has."""
    known = touchline("rules", "lint", "rules.yaml", "--plan", "touchline.yaml")
    assert known.stdout == "1 rule can be used, 0 errors, 0 warnings\n"
    unknown = touchline("rules", "lint", "rules.yaml")
    assert "'quote.requested' is not a type of the vocabulary" in unknown.stdout
    assert "declare it in the tracking plan" in unknown.stdout


def test_commands_refuse_a_faulty_plan(touchline: Run, folder: Path) -> None:
    """A plan with faults ends every command that uses it, with the places of the faults."""
    (folder / "bad.yaml").write_text("types: {a.b: {}}\n")
    for command in ("docs", "codegen", "diff"):
        result = touchline("plan", command, "bad.yaml")
        assert (result.exit_code, "bad.yaml:1:14" in result.stderr) == (1, True)
