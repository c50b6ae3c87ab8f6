"""`touchline schema`."""

import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from touchline.cli.configure.schema import app, example
from touchline.vocabulary import Envelope
from touchline.vocabulary.registry import EVENT_TYPES, envelope_schema, json_schema


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_there_is_one_example_for_each_type() -> None:
    """The package has one example per type, and no other."""
    files = resources.files("touchline.vocabulary").joinpath("examples").iterdir()
    assert sorted(file.name for file in files) == sorted(f"{name}.json" for name in EVENT_TYPES)


def test_list_names_every_type_under_its_family() -> None:
    """The list has one line per type, with version and meaning, below its family."""
    lines = run("list").stdout.splitlines()
    family = ""
    found = {}
    for line in filter(None, lines):
        if line.startswith("  "):
            name, version, doc = line.split(maxsplit=2)
            found[name] = (family, version, doc)
        else:
            family = line
    assert found == {
        name: (event_type.family, f"v{event_type.version}", event_type.doc)
        for name, event_type in EVENT_TYPES.items()
    }


def test_list_for_scripts() -> None:
    """With --json the list is an array of objects."""
    listed = json.loads(run("list", "--json").stdout)
    assert [row["type"] for row in listed] == list(EVENT_TYPES)
    assert listed[0] == {
        "type": "campaign.delivered",
        "family": "marketing",
        "phase": 0,
        "version": 1,
        "doc": EVENT_TYPES["campaign.delivered"].doc,
    }


def test_show_describes_fields_and_gives_an_example() -> None:
    """`show` prints the description of each field, which fields are required, and an example."""
    shown = run("show", "feedback.given").stdout
    assert "feedback.given  v1  (voice, phase 1)" in shown
    assert "csat | nps | ces | review | complaint, required" in shown
    assert shown.endswith(example("feedback.given").decode())


@pytest.mark.parametrize("name", EVENT_TYPES)
def test_every_type_can_be_shown(name: str) -> None:
    """`show` prints every field of every type."""
    shown = run("show", name)
    assert shown.exit_code == 0
    assert all(f"  {field} " in shown.stdout for field in EVENT_TYPES[name].model.model_fields)


def test_show_prints_the_schema_alone() -> None:
    """With --json the output is the JSON Schema alone."""
    assert json.loads(run("show", "promise.made", "--json").stdout) == json_schema("promise.made")


def test_show_prints_an_event_that_can_be_sent() -> None:
    """With --example the output is the example alone."""
    assert (
        Envelope.model_validate_json(run("show", "promise.made", "--example").stdout).type == "promise.made"
    )


def test_show_gives_one_thing_at_a_time() -> None:
    """Schema and example together are a usage error."""
    assert run("show", "promise.made", "--json", "--example").exit_code == 2


@pytest.mark.parametrize(
    ("name", "hint"),
    [("checkout.start", "did you mean checkout.started"), ("qqqq", "see `touchline schema list`")],
)
def test_an_unknown_type_is_answered_with_the_closest(name: str, hint: str) -> None:
    """An unknown type exits with 1 and a hint."""
    result = run("show", name)
    assert result.exit_code == 1
    assert f"there is no event type '{name}'" in result.stderr
    assert hint in result.stderr


def test_export_writes_every_schema(tmp_path: Path) -> None:
    """The new folder has one schema per type and the envelope's; the output has their number."""
    folder = tmp_path / "new" / "schemas"
    result = run("export", str(folder))
    written = {file.stem: json.loads(file.read_text()) for file in folder.iterdir()}
    assert result.exit_code == 0
    assert f"Wrote {len(written)} schemas" in result.stdout
    assert written == {"envelope": envelope_schema()} | {name: json_schema(name) for name in EVENT_TYPES}


def test_export_twice_leaves_the_same(tmp_path: Path) -> None:
    """Exporting into a folder with schemas overwrites them."""
    assert run("export", str(tmp_path)).exit_code == run("export", str(tmp_path)).exit_code == 0


def test_export_refuses_a_file(tmp_path: Path) -> None:
    """If the target is a file, nothing is written and the message says so."""
    file = tmp_path / "taken"
    file.write_text("mine")
    result = run("export", str(file))
    assert result.exit_code == 1
    assert "is a file; name a folder" in result.stderr
    assert file.read_text() == "mine"


def test_export_says_where_it_cannot_write(tmp_path: Path) -> None:
    """If the folder cannot be created, the command exits with 1 and the reason."""
    (tmp_path / "taken").write_text("mine")
    result = run("export", str(tmp_path / "taken" / "below"))
    assert result.exit_code == 1
    assert "cannot write to" in result.stderr


def test_types_of_the_tracking_plan_are_shown(
    touchline: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`list`, `show` and `export` have the types of the plan in force; these have no examples."""
    plan = "types: {quote.requested: {description: Asked., fields: {copy: boolean}}}\n"
    (tmp_path / "touchline.yaml").write_text(plan)
    monkeypatch.setenv("TOUCHLINE_PLAN", "touchline.yaml")
    assert "  quote.requested " in touchline("schema", "list").stdout
    shown = touchline("schema", "show", "quote.requested")
    assert (shown.exit_code, "  copy  boolean" in shown.stdout) == (0, True)
    schema = json.loads(touchline("schema", "show", "quote.requested", "--json").stdout)
    assert "copy" in schema["properties"]["data"]["properties"]
    refused = touchline("schema", "show", "quote.requested", "--example")
    assert (refused.exit_code, "has no examples" in refused.stderr) == (1, True)
    touchline("schema", "export", "schemas")
    assert (tmp_path / "schemas" / "quote.requested.json").exists()
