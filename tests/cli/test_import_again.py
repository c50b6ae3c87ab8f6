"""`touchline import --again`: what a file gave before is replaced, whatever interrupts it."""

import signal
from collections.abc import Callable
from pathlib import Path
from shutil import copytree
from typing import Any, NamedTuple

import orjson
import pytest
from typer.testing import CliRunner, Result

from touchline.cli.main import app
from touchline.imports.bookmarks import Bookmarks
from touchline.services.importing import replacing
from touchline.services.importing.history import History
from touchline.store.server_file import find_server

Command = Callable[..., Result]
Folder = Callable[[Path], Path]

MAPPING = """
events:
  - type: contact.started
    id: "{no}"
    time: {column: at, zone: UTC}
    channel: phone
    identifiers: IDENTIFIERS
    data: {contact_id: no}
"""

TABLES = (
    "SELECT * EXCEPT (received_at, log_offset, context) FROM events ORDER BY id",
    "SELECT * EXCEPT (detected_at, version) FROM current_frictions ORDER BY customer, id",
    "SELECT * EXCEPT (version) FROM current_journeys ORDER BY customer, id",
    "SELECT entity, customer FROM current_identities ORDER BY entity",
    "SELECT DISTINCT identifier, identifiers FROM occurrences ORDER BY identifier, identifiers",
)

BEFORE, AFTER = "{account: who, device: line}", "{phone: number, account: who}"


class Killed(BaseException):
    """The process died here."""


def _dying(turn: int) -> Callable[[Any], Any]:
    """Makes functions that together raise Killed at this call."""
    countdown = turn

    def dying(function: Any) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal countdown
            countdown -= 1
            if countdown == 0:
                raise Killed
            return function(*arguments, **named)

        return call

    return dying


CALLS = "no,at,who,line,number\n" + "".join(
    f"{n},2025-10-{1 + n % 20:02}T10:{n % 60:02}:00,u-{n % 9},l-{n % 4},+4930{1_000_000 + n % 7}\n"
    for n in range(300)
)
"""Calls of a few callers, who call again and again from a few lines."""

OTHERS = [
    {
        "id": f"o-{n}",
        "time": f"2025-10-0{n}T09:00:00Z",
        "type": "contact.started",
        "channel": "phone",
        "source": "pbx",
        "identifiers": {"account": "u-1", "device": "l-1"},
        "data": {"contact_id": "x"},
    }
    for n in range(1, 4)
]
"""The events of another file."""


class Imported(NamedTuple):
    """Data folders with the other events and the calls, by each of the two mappings. No test changes them."""

    calls: Path
    before: Path
    after: Path


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory, with_store: Folder) -> Imported:
    """The folders, each filled by two imports."""
    folder = tmp_path_factory.mktemp("imported")
    calls, others = folder / "calls.csv", folder / "others.jsonl"
    calls.write_text(CALLS)
    others.write_bytes(b"".join(orjson.dumps(event) + b"\n" for event in OTHERS))
    filled = Imported(calls, with_store(folder / "before"), with_store(folder / "after"))
    for data, identifiers in ((filled.before, BEFORE), (filled.after, AFTER)):
        for arguments in ([others], [calls, "--map", _mapping(folder, identifiers)]):
            said = CliRunner().invoke(app, ["import", *map(str, arguments), "--data", str(data)])
            assert said.exit_code == 0, said.output
    return filled


@pytest.fixture
def data(imported: Imported, tmp_path: Path) -> Path:
    """A data folder with the other events, and the calls by the earlier mapping."""
    return copytree(imported.before, tmp_path / "data", symlinks=True)


@pytest.fixture
def expected(imported: Imported, ask_all: Any) -> list[Any]:
    """The tables of an import by the later mapping alone, beside another file's events."""
    tables: list[Any] = ask_all(imported.after, TABLES)
    return tables


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    """A CSV file of the calls."""
    file = tmp_path / "calls.csv"
    file.write_text(CALLS)
    return file


@pytest.fixture
def mapping(tmp_path: Path) -> Callable[[str], Path]:
    """The mapping of the calls, with these identifiers."""
    return lambda identifiers: _mapping(tmp_path, identifiers)


def _mapping(folder: Path, identifiers: str) -> Path:
    path = folder / "calls.yaml"
    path.write_text(MAPPING.replace("IDENTIFIERS", identifiers))
    return path


def test_another_mapping_takes_the_place_of_the_first(
    touchline: Command,
    ask: Any,
    ask_all: Any,
    imported: Imported,
    data: Path,
    mapping: Any,
    expected: list[Any],
) -> None:
    """Afterwards the tables are as if the file had been imported by the later mapping alone."""
    calls = imported.calls
    assert ask_all(data, TABLES) != expected
    skipped = touchline("import", calls, "--map", mapping(AFTER), "--data", data)
    assert "imported before, nothing to do (--again replaces it)" in skipped.stdout
    said = touchline("import", calls, "--map", mapping(AFTER), "--data", data, "--again", "--json")
    assert said.exit_code == 0, said.output
    done = orjson.loads(said.stdout)
    assert (done["withdrawn"], done["stored"], done["duplicates"]) == (300, 300, 0)
    assert ask_all(data, TABLES) == expected
    (entry,) = ask(data, "SELECT what, identifiers, reason FROM ledger FINAL")
    assert entry["what"] == "withdraw"
    assert entry["identifiers"] == []
    assert "calls.csv is imported again: 300 events" in entry["reason"]


def test_a_corrected_file_takes_the_place_of_the_one_at_its_path(
    touchline: Command, ask: Any, calls: Path, mapping: Any, with_store: Folder, tmp_path: Path
) -> None:
    """A file that was exported again replaces its earlier contents, and no other file's events."""
    data, others = with_store(tmp_path / "data"), tmp_path / "others.csv"
    others.write_text("no,at,who,line,number\nx1,2025-10-09T10:00:00,u-1,l-1,\n")
    touchline("import", calls, others, "--map", mapping(BEFORE), "--data", data)
    calls.write_text("".join(calls.read_text().splitlines(keepends=True)[:4]))
    said = touchline("import", calls, "--map", mapping(BEFORE), "--data", data, "--again")
    assert "300 events of an earlier import withdrawn" in said.stdout
    assert len(ask(data, TABLES[0])) == 4
    assert len(orjson.loads((data / "imports.json").read_bytes())) == 2


@pytest.mark.slow
@pytest.mark.parametrize("turn", [None, 2, 3, 4, 5, 6])
def test_refused_rows_go_with_what_the_file_gave(
    touchline: Command,
    ask: Any,
    calls: Path,
    mapping: Any,
    with_store: Folder,
    tmp_path: Path,
    turn: int | None,
) -> None:
    """A corrected file has no earlier row in quarantine, after a kill too; other files keep theirs."""
    data, others = with_store(tmp_path / "data"), tmp_path / "others.csv"
    before = mapping(BEFORE)
    refused = "SELECT message FROM quarantine FINAL ORDER BY message"
    others.write_text(calls.read_text().replace("\n1,2025-", "\n1,soon-").replace("\n0,", "\nx,"))
    right = calls.read_text()
    calls.write_text(right.replace("\n7,2025-", "\n7,soon-").replace("\n8,2025-", "\n8,soon-"))
    touchline("import", calls, others, "--map", before, "--data", data)
    assert len(ask(data, refused)) == 3
    calls.write_text(right)
    if turn is not None:
        with pytest.MonkeyPatch.context() as patch:
            dying = _dying(turn)
            patch.setattr(replacing, "WITHDRAWN_TOGETHER", 150)
            patch.setattr(Bookmarks, "put", dying(Bookmarks.put))
            patch.setattr(History, "_append", dying(History._append))
            with pytest.raises(Killed):
                touchline("import", calls, "--map", before, "--data", data, "--again")
    said = touchline("import", calls, "--map", before, "--data", data, *(() if turn else ("--again",)))
    assert said.exit_code == 0, said.output
    if turn is None:
        assert "2 refused rows of an earlier import removed from quarantine" in said.stdout
    (row,) = ask(data, refused)
    assert row["message"].startswith("others.csv, row 3: ")
    (row,) = ask(data, "SELECT count() AS n FROM events")
    assert int(row["n"]) == 301


@pytest.mark.slow
@pytest.mark.parametrize("turn", [2, 4, 5, 7])
def test_whatever_import_follows_an_interrupted_one_ends_it(
    touchline: Command,
    ask_all: Any,
    imported: Imported,
    data: Path,
    mapping: Any,
    expected: list[Any],
    turn: int,
) -> None:
    """Killed before any of its writes but the first, it is ended by a plain import."""
    calls = imported.calls
    after = mapping(AFTER)
    dying = _dying(turn)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replacing, "WITHDRAWN_TOGETHER", 100)
        patch.setattr(Bookmarks, "put", dying(Bookmarks.put))
        patch.setattr(History, "_append", dying(History._append))
        with pytest.raises(Killed):
            touchline("import", calls, "--map", after, "--data", data, "--again")
    said = touchline("import", calls, "--map", after, "--data", data)
    assert said.exit_code == 0, said.output
    assert ask_all(data, TABLES) == expected


@pytest.mark.slow
def test_a_running_server_replaces_it(
    touchline: Command,
    start: Any,
    wait: Callable[[Callable[[], object]], None],
    ask: Any,
    ask_all: Any,
    imported: Imported,
    data: Path,
    mapping: Any,
    expected: list[Any],
) -> None:
    """While a server runs on the folder, it withdraws the old events and folds the new ones."""
    server = start("up", "--data", data, "--port", "0")
    wait(lambda: find_server(data))
    said = touchline("import", imported.calls, "--map", mapping(AFTER), "--data", data, "--again")
    assert said.exit_code == 0, said.output
    assert "300 events of an earlier import withdrawn" in said.stdout
    wait(lambda: ask(data, "SELECT count() AS n FROM events") == ask(data, "SELECT 303 AS n"))
    server.send_signal(signal.SIGTERM)
    output, _ = server.communicate(timeout=60)
    assert server.returncode == 0, output
    events, _, _, identities, occurrences = ask_all(data, TABLES)
    assert [events, identities, occurrences] == [expected[0], expected[3], expected[4]]
