"""`touchline import` checks whole files before it stores anything."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import Result

from touchline.services.importing import spool

Command = Callable[..., Result]
Folder = Callable[[Path], Path]

MAPPING = """
events:
  - type: contact.started
    id: "{no}"
    time: {column: at, zone: UTC}
    channel: phone
    identifiers: {account: who}
    data: {contact_id: no, reason: why}
"""


@pytest.fixture
def calls(tmp_path: Path) -> Callable[[int, int], tuple[Path, Path]]:
    """A CSV file of calls, the first of them without a valid time, and its mapping."""

    def _calls(refused: int, rows: int) -> tuple[Path, Path]:
        mapping = tmp_path / "calls.yaml"
        mapping.write_text(MAPPING)
        file = tmp_path / f"calls-{refused}.csv"
        file.write_text(
            "no,at,who,why\n"
            + "".join(
                f"{n},{'soon' if n <= refused else f'2025-10-09T10:{n % 60:02}:00'},u-{n % 7},billing\n"
                for n in range(1, rows + 1)
            )
        )
        return file, mapping

    return _calls


def test_a_dry_run_shows_events_and_refused_rows_and_stores_nothing(
    touchline: Command, calls: Any, tmp_path: Path
) -> None:
    """It shows rows as events, and the refused ones in groups with their numbers; no folder is created."""
    file, mapping = calls(2, 100)
    said = touchline("import", file, "--map", mapping, "--data", "data", "--dry-run")
    assert said.exit_code == 0, said.output
    assert "2025-10-09 10:03" in said.stdout
    assert "account:u-3" in said.stdout
    assert "100 rows, 98 events, 2 refused (2 %). Nothing was imported." in said.stdout
    assert "2 rows (2, 3): mapping calls: column at: cannot read 'soon' as time" in said.stdout
    assert not (tmp_path / "data").exists()


def test_a_dry_run_in_json(touchline: Command, calls: Any, tmp_path: Path) -> None:
    """A script reads the counts, the reasons, and the first fifty rows with their events as stored."""
    file, mapping = calls(2, 100)
    said = touchline("import", file, "--map", mapping, "--data", "data", "--dry-run", "--json")
    (one,) = orjson.loads(said.stdout)
    assert (one["rows"], one["events"], one["refused"], one["stops"]) == (100, 98, 2, False)
    (reason,) = one["reasons"]
    assert (reason["rows"], reason["first_rows"]) == (2, [2, 3])
    assert [shown["row"] for shown in one["shown"]] == list(range(2, 52))
    assert "cannot read 'soon'" in one["shown"][0]["refused"]
    (event,) = one["shown"][2]["events"]
    assert event["identifiers"] == ["account:u-3"]
    assert event["data"] == {"contact_id": "3", "reason": "billing"}
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("refused", "flags", "code"),
    [
        (0, ["--strict"], 0),
        (1, ["--strict"], 1),
        (5, [], 0),
        (6, [], 1),
        (6, ["--most-refused", "6%"], 0),
        (60, ["--most-refused", "59.5%"], 1),
    ],
)
def test_too_many_refused_rows_stop_an_import(
    touchline: Command,
    calls: Any,
    ask: Any,
    tmp_path: Path,
    refused: int,
    flags: list[str],
    code: int,
    with_store: Folder,
) -> None:
    """Above the limit nothing is stored, and the reasons are named; a dry run ends with the same code."""
    file, mapping = calls(refused, 100)
    clean, _ = calls(0, 100)
    files = (clean, file) if file != clean else (file,)
    rehearsed = touchline("import", *files, "--map", mapping, "--data", "data", "--dry-run", *flags)
    assert rehearsed.exit_code == code, rehearsed.output
    if not code:
        with_store(tmp_path / "data")
    said = touchline("import", *files, "--map", mapping, "--data", "data", *flags)
    assert said.exit_code == code, said.output
    if code:
        assert f"{refused} of 100 rows refused ({refused} %)" in said.stderr
        assert "mapping calls: column at: cannot read 'soon' as time" in said.stderr
        assert not (tmp_path / "data").exists()
    else:
        (row,) = ask(tmp_path / "data", "SELECT count() AS n FROM events")
        assert int(row["n"]) == 100
        (row,) = ask(tmp_path / "data", "SELECT count() AS n FROM quarantine FINAL")
        assert int(row["n"]) == refused


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--strict", "--most-refused", "5%"], "--strict allows no refused row"),
        (["--most-refused", "lots"], "write a percentage from 0% to 100%"),
    ],
)
def test_wrong_limits(touchline: Command, calls: Any, flags: list[str], message: str) -> None:
    """Limits that contradict each other, or are no percentage, are wrong usage."""
    file, mapping = calls(0, 3)
    said = touchline("import", file, "--map", mapping, *flags)
    assert said.exit_code == 2
    assert message in said.stderr


@pytest.mark.parametrize("most", [0, 1_500_000, 10**9], ids=["nothing", "one portion", "everything"])
def test_what_does_not_fit_into_the_spool_is_read_again(
    touchline: Command,
    calls: Any,
    ask: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    most: int,
    with_store: Folder,
) -> None:
    """Whatever part of the files fits, every event is stored once and every refused row is kept once."""
    monkeypatch.setattr(spool.Spool.__init__, "__defaults__", (most,))
    file, mapping = calls(3, 6_000)
    other, _ = calls(2, 200)
    with_store(tmp_path / "data")
    said = touchline("import", file, other, "--map", mapping, "--data", "data")
    assert said.exit_code == 0, said.output
    assert "2 files, 6,200 rows" in said.stdout
    (row,) = ask(tmp_path / "data", "SELECT count() AS n, uniqExact(id) AS ids FROM events")
    # Calls 4 to 200 are in both files.
    assert (int(row["n"]), int(row["ids"])) == (5_998, 5_998)
    (row,) = ask(tmp_path / "data", "SELECT count() AS n FROM quarantine FINAL")
    assert int(row["n"]) == 5
    assert not [path for path in (tmp_path / "data").iterdir() if path.name.startswith("tmp")]


@pytest.mark.parametrize("command", [["--dry-run"], []])
def test_phone_numbers_without_country_code_are_reported(
    touchline: Command,
    calls: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: list[str],
    with_store: Folder,
) -> None:
    """Without a region, numbers that stay as written are counted, with what to write; with one, none do."""
    file, mapping = calls(0, 0)
    mapping.write_text(MAPPING.replace("{account: who}", "{account: who, phone: line}"))
    lines = ["030 1234567", "+49 30 1234567", "unknown", "", "0301234567"]
    file.write_text(
        "no,at,who,line,why\n"
        + "".join(f"{n},2025-10-09T10:00:00,u-{n},{line},phone:1\n" for n, line in enumerate(lines, 1))
    )
    with_store(tmp_path / "data")
    arguments = ("import", file, "--map", mapping, "--data", "data", *command)
    said = touchline(*arguments)
    assert said.exit_code == 0, said.output
    assert "2 phone numbers without country code kept as written, since no region is set" in said.stdout
    assert 'Write your country, such as region = "GB", in touchline.toml' in said.stdout
    monkeypatch.setenv("TOUCHLINE_REGION", "DE")
    assert "kept as written" not in touchline(*arguments, "--again").stdout


@pytest.mark.parametrize("command", [["--dry-run"], []])
def test_a_file_without_rows_is_a_warning(
    touchline: Command, calls: Any, tmp_path: Path, command: list[str]
) -> None:
    """A header alone is said to be no rows; --strict refuses it, and stores nothing."""
    file, mapping = calls(0, 0)
    arguments = ("import", file, "--map", mapping, "--data", "data", *command)
    strict = touchline(*arguments, "--strict")
    assert strict.exit_code == 1
    assert "no rows" in strict.output
    assert not (tmp_path / "data").exists()
    said = touchline(*arguments)
    assert said.exit_code == 0, said.output
    assert "warning: " in said.stdout
    assert "no rows" in said.stdout
    assert touchline(*arguments, "--strict").exit_code == 1


@pytest.mark.parametrize("name", ["mappings", "mappings.yaml", "mappings.py"])
def test_a_folder_is_no_mapping_and_no_file(
    touchline: Command, calls: Any, tmp_path: Path, name: str
) -> None:
    """A folder is named as one, with what to write instead."""
    file, mapping = calls(0, 3)
    (tmp_path / name).mkdir()
    said = touchline("import", file, "--map", name)
    assert (said.exit_code, said.stderr.strip()) == (
        1,
        f"the mapping {name} is a folder: write the path of a .yaml or .py file",
    )
    said = touchline("import", name, "--map", mapping)
    assert (said.exit_code, f"{name} is a folder: pass the files in it" in said.stderr) == (1, True)


def test_a_dry_run_shows_values_as_json(touchline: Command, lines: Any) -> None:
    """True, false, lists and objects are shown as JSON, not as Python writes them."""
    data = {"contact_id": "1", "urgent": True, "tags": ["a", None], "more": {"old": False}}
    event = {"id": "1", "type": "contact.started", "time": "2025-10-09T10:00:00Z", "channel": "phone"}
    more = {"source": "pbx", "identifiers": {"account": "u-1"}, "data": data}
    said = touchline("import", lines([event | more]), "--dry-run")
    assert 'contact_id 1, urgent true, tags ["a",null], more {"old":false}' in said.stdout


def test_conflicting_duplicates_are_reported(touchline: Command, calls: Any) -> None:
    """An id that is used twice for different events is counted, within a file and against the store."""
    file, mapping = calls(0, 2)
    file.write_text(
        file.read_text() + "2,2025-10-09T10:02:00,u-9,refund\n2,2025-10-09T10:02:00,u-2,billing\n"
    )
    said = touchline("import", file, "--map", mapping, "--data", "data")
    assert "2 stored, 2 were there already" in said.stdout
    assert "1 of these differ from the first event with their id, which stands" in said.stdout
    file.write_text(file.read_text().replace("1,2025-10-09T10:01", "1,2025-10-09T11:01"))
    done = orjson.loads(touchline("import", file, "--map", mapping, "--data", "data", "--json").stdout)
    assert (done["duplicates"], done["conflicting"]) == (4, 2)


def test_options_of_reading_override_those_of_the_mapping(
    touchline: Command, calls: Any, tmp_path: Path
) -> None:
    """A delimiter by flag is used in place of a detected one; a wrong one, or one without use, is refused."""
    file, mapping = calls(0, 30)
    file.write_text(file.read_text().replace(",", "%"))
    rehearse = ("import", file, "--map", mapping, "--dry-run", "--json")
    assert touchline(*rehearse).exit_code == 1
    said = touchline(*rehearse, "--delimiter", "%")
    assert orjson.loads(said.stdout)[0]["events"] == 30
    wrong = touchline(*rehearse, "--encoding", "klingon")
    assert (wrong.exit_code, "write one such as utf-8" in wrong.stderr) == (1, True)
    without = touchline("import", file, "--delimiter", "%")
    assert (without.exit_code, "--delimiter needs a mapping" in without.stderr) == (2, True)


def test_a_suggestion_is_printed_and_nothing_else(touchline: Command, calls: Any, tmp_path: Path) -> None:
    """Standard output is the mapping, ready for a file; one file at a time."""
    file, _ = calls(0, 30)
    file.write_text(file.read_text().replace("who", "customer"))
    said = touchline("import", "--suggest", file)
    assert said.exit_code == 0, said.output
    assert said.stdout.startswith(f"# A mapping for {file.name}, suggested")
    mapping = tmp_path / "suggested.yaml"
    mapping.write_text(said.stdout)
    assert touchline("import", file, "--map", mapping, "--dry-run", "--strict").exit_code == 0
    assert touchline("import", "--suggest", file, file).exit_code == 2
    assert touchline("import", "--suggest", "gone.csv").exit_code == 1
    assert not (tmp_path / "touchline-data").exists()


def test_what_detection_chose_is_said(touchline: Command, calls: Any, tmp_path: Path) -> None:
    """An import and a dry run name what the reader chose by itself."""
    file, mapping = calls(0, 30)
    file.write_text(file.read_text().replace(",", ";"))
    rehearsed = touchline("import", file, "--map", mapping, "--data", "data", "--dry-run")
    assert "delimiter ';'" in rehearsed.stdout
    said = touchline("import", file, "--map", mapping, "--data", "data")
    assert f"{file}: detected delimiter ';'" in said.stdout
