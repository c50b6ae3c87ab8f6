"""`touchline import`: what is put in is stored once, whatever happens on the way."""

import re
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet
import pytest
from typer.testing import Result

from touchline.simulation import Retailer
from touchline.store.server_file import find_server

# In the past of any clock: what lies ahead of it is refused.
NOW = 1_760_000_000_000
DAY = 86_400_000

Command = Callable[..., Result]
Folder = Callable[[Path], Path]
Event = dict[str, Any]

TABLES = (
    "SELECT * EXCEPT (received_at, log_offset) FROM events ORDER BY id",
    "SELECT * EXCEPT (detected_at, version) FROM current_frictions ORDER BY customer, id",
    "SELECT * EXCEPT (version) FROM current_journeys ORDER BY customer, id",
    "SELECT entity, customer FROM current_identities ORDER BY entity",
    "SELECT * EXCEPT (received_at) FROM quarantine FINAL ORDER BY id",
)
"""All that a store holds, save when and by which writing it came to be."""


def _call(number: int, **changes: Any) -> Event:
    return {
        "id": f"call-{number}",
        "type": "contact.started",
        "time": f"2025-10-09T10:{number:02}:00Z",
        "channel": "phone",
        "source": "pbx",
        "identifiers": {"account": "u-1"},
        "data": {"contact_id": str(number), "reason": "billing"},
        **changes,
    }


BAD: list[tuple[Event | bytes, str, str]] = [
    (b'{"id": "cut', "malformed_json", ""),
    (_call(51, type="page.viewed", data={"page": "/"}, identifiers={}), "no_identifier", "identifiers"),
    (_call(52, type="contact.begun"), "unknown_type", "type"),
    (_call(53, time="1970-01-01T00:00:00Z"), "time_too_old", "time"),
    (_call(54, time="2100-01-01T00:00:00Z"), "time_in_future", "time"),
    (_call(55, channel=7), "invalid_envelope", "channel"),
]


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """One rule, which finds a second call."""
    file = tmp_path / "rules.yaml"
    file.write_text("rules: [{id: again, kind: repeat, of: contact.started, count: 2, within: 7d}]")
    return file


@pytest.fixture(scope="module")
def past() -> list[Event | bytes]:
    """Some days of a retailer, more than an import makes durable at once, with bad lines here and there."""
    rows: list[Event | bytes] = [
        touchpoint.envelope() for touchpoint in Retailer(3, NOW, history=8 * DAY, rate=0.04).until(NOW)
    ]
    assert len(rows) > 17_000
    for place, (bad, _, _) in enumerate(BAD):
        rows.insert(2_000 * place, bad)
    return rows


def _read(file: Path) -> bytes:
    return file.read_bytes() if file.exists() else b""


def _moved_on(file: Path, before: bytes) -> bool:
    return _read(file) != before


def test_importing_twice_adds_nothing(
    touchline: Command, lines: Any, ask_all: Any, rules: Path, tmp_path: Path, with_store: Folder
) -> None:
    """A file that was imported is skipped; without its bookmark, all of its events are there already."""
    file = lines([_call(1), _call(2), *(bad for bad, _, _ in BAD)])
    data = with_store(tmp_path / "data")
    allowed = ("--data", data, "--rules", rules, "--most-refused", "80%")
    first = touchline("import", file, *allowed)
    assert first.exit_code == 0, first.output
    assert "1 file, 8 rows, 7 events" in first.stdout
    assert "2 stored, 0 were there already" in first.stdout
    assert "6 in quarantine" in first.stdout
    assert "1 friction in the store" in first.stdout
    before = ask_all(data, TABLES)
    assert [len(rows) for rows in before] == [2, 1, 1, 1, 6]

    second = touchline("import", file, *allowed)
    assert second.exit_code == 0, second.output
    assert f"{file}: imported before, nothing to do" in second.stdout
    assert ask_all(data, TABLES) == before

    (data / "imports.json").unlink()
    again = touchline("import", file, *allowed)
    assert again.exit_code == 0, again.output
    assert "0 stored, 2 were there already" in again.stdout
    assert ask_all(data, TABLES) == before


def test_the_commands_that_it_names_can_be_run(
    touchline: Command, lines: Any, rules: Path, tmp_path: Path, with_store: Folder
) -> None:
    """What an import says to look at next is there to be looked at."""
    data = with_store(tmp_path / "data")
    file = lines([_call(1), _call(2), b"{"])
    allowed = ("--most-refused", "50%")
    said = touchline("import", file, "--data", data, "--rules", rules, *allowed).stdout
    queries = re.findall(r"touchline query --data (\S+) '([^']+)'", said)
    assert len(queries) == 2
    for folder, sql in queries:
        shown = touchline("query", "--data", folder, sql)
        assert shown.exit_code == 0, shown.output
        assert "1 row" in shown.stdout


def test_bad_rows_are_in_quarantine_with_file_and_row(
    touchline: Command, lines: Any, ask: Any, tmp_path: Path, with_store: Folder
) -> None:
    """Each bad row is kept whole, with what is wrong, the file and the row; its neighbours are stored."""
    file = lines([_call(1), *(bad for bad, _, _ in BAD), _call(2)])
    data = with_store(tmp_path)
    said = touchline("import", file, "--data", data, "--json", "--most-refused", "80%")
    assert said.exit_code == 0, said.output
    assert orjson.loads(said.stdout)["quarantined"] == len(BAD)
    rows = ask(data, "SELECT * FROM quarantine FINAL")
    kept = {row["message"].partition(":")[0]: row for row in rows}
    for number, (bad, reason, field) in enumerate(BAD, 2):
        row = kept[f"events.jsonl, row {number}"]
        assert (row["reason"], row["field"].split(".")[0], row["producer"]) == (reason, field, "import")
        if isinstance(bad, bytes):
            assert row["body"] == bad.decode()
        else:
            assert orjson.loads(row["body"]) == bad
    assert [row["id"] for row in ask(data, "SELECT id FROM events ORDER BY id")] == ["call-1", "call-2"]


@pytest.mark.slow
def test_an_import_killed_and_taken_up_again_equals_one_go(
    touchline: Command,
    start: Any,
    wait: Callable[[Callable[[], object]], None],
    lines: Any,
    ask_all: Any,
    past: list[Event | bytes],
    tmp_path: Path,
) -> None:
    """Killed after each of its first portions, an import goes on where it was; the tables are the same."""
    file = lines(past, "past.jsonl.gz")
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    bookmarks = cut / "imports.json"
    for _ in range(2):
        before = _read(bookmarks)
        process = start("import", file, "--data", cut)
        wait(partial(_moved_on, bookmarks, before))
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=20)
        assert process.returncode == -signal.SIGKILL, "it ended before it was killed: nothing was tried"
        (bookmark,) = orjson.loads(bookmarks.read_bytes()).values()
        assert "done" not in bookmark or not bookmark["done"]
    last = touchline("import", file, "--data", cut)
    assert last.exit_code == 0, last.output
    assert re.search(r"past\.jsonl\.gz: continued at row [\d,]+", last.stdout)

    assert touchline("import", file, "--data", whole).exit_code == 0
    for resumed, once in zip(ask_all(cut, TABLES), ask_all(whole, TABLES), strict=True):
        assert resumed == once
        assert once


def test_a_store_that_another_import_holds(
    touchline: Command,
    start: Any,
    wait: Callable[[Callable[[], object]], None],
    lines: Any,
    past: list[Event | bytes],
    tmp_path: Path,
    with_store: Folder,
) -> None:
    """A second import into the same folder says which process has it, and puts nothing in."""
    data = with_store(tmp_path / "data")
    process = start("import", lines(past, "past.jsonl"), "--data", data)
    wait((data / "imports.json").exists)
    process.send_signal(signal.SIGSTOP)
    said = touchline("import", lines([_call(1)]), "--data", data)
    assert said.exit_code == 1
    assert f"process {process.pid} imports into {data}: wait until it ends" in said.stderr
    assert len(orjson.loads((data / "imports.json").read_bytes())) == 1


@pytest.mark.slow
def test_a_running_server_folds_what_is_imported(
    touchline: Command,
    start: Any,
    wait: Callable[[Callable[[], object]], None],
    lines: Any,
    ask: Any,
    rules: Path,
    tmp_path: Path,
) -> None:
    """While a server runs on the folder an import hands over to it, and its own rules have no place."""
    data = tmp_path / "data"
    file = lines([_call(1), _call(2), b"{"])
    server = start("up", "--data", data, "--port", "0", "--rules", rules)
    wait(lambda: find_server(data))
    refused = touchline("import", file, "--data", data, "--rules", rules)
    assert refused.exit_code == 2
    assert "leave --rules out" in refused.stderr

    said = touchline("import", file, "--data", data, "--most-refused", "50%")
    assert said.exit_code == 0, said.output
    assert "1 file, 3 rows, 2 events" in said.stdout
    assert "the server that runs on the data folder folds what was imported" in said.stdout
    wait(lambda: ask(data, "SELECT rule FROM current_frictions") == [{"rule": "again"}])
    wait(lambda: ask(data, "SELECT count() AS n FROM quarantine FINAL") == [{"n": 1}])
    server.send_signal(signal.SIGTERM)
    output, _ = server.communicate(timeout=60)
    assert server.returncode == 0, output
    (data / "imports.json").unlink()
    after = touchline("import", file, "--data", data, "--json", "--most-refused", "50%")
    assert orjson.loads(after.stdout)["duplicates"] == 2


MAPPING = """
events:
  - type: contact.started
    id: "{no}"
    time: at
    channel: phone
    identifiers: {account: who}
    data: {contact_id: no, reason: why}
"""


@pytest.mark.parametrize("name", ["calls.csv", "calls.csv.gz", "calls.parquet", "calls.ndjson"])
def test_mapped_files_of_every_kind(
    touchline: Command, lines: Any, ask: Any, tmp_path: Path, name: str, with_store: Folder
) -> None:
    """The same rows as CSV, packed, as Parquet or as NDJSON give the same events by one mapping."""
    rows = [{"no": str(n), "at": f"2025-10-09T10:0{n}:00Z", "who": "u-1", "why": "billing"} for n in range(3)]
    if name.endswith(".parquet"):
        file = tmp_path / name
        pyarrow.parquet.write_table(pa.Table.from_pylist(rows), file)
    elif ".csv" in name:
        file = lines([",".join(one).encode() for one in (rows[0], *(row.values() for row in rows))], name)
    else:
        file = lines(rows, name)
    (tmp_path / "calls.yaml").write_text(MAPPING)
    data = with_store(tmp_path / "data")
    said = touchline("import", file, "--map", tmp_path / "calls.yaml", "--data", data)
    assert said.exit_code == 0, said.output
    assert ask(
        data,
        "SELECT id, entity, JSONExtractString(data, 'reason') AS why FROM events ORDER BY id",
    ) == [{"id": f"calls:contact.started:{n}", "entity": "account:u-1", "why": "billing"} for n in range(3)]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["gone.jsonl"], 1, "there is no file gone.jsonl"),
        (["here.jsonl", "gone.jsonl"], 1, "there is no file gone.jsonl"),
        (["here.jsonl", "--map", "gone"], 1, "there is no mapping 'gone'"),
        (["here.jsonl", "--map", "gone.yaml"], 1, "cannot read the mapping gone.yaml: No such file"),
        (["here.csv"], 1, "here.csv needs a mapping from its columns to events"),
        (["here.txt"], 1, "here.txt: unknown extension"),
        (["here.jsonl", "--rules", "gone.yaml"], 1, "gone.yaml: cannot be read: No such file"),
        ([], 2, "name files, or a folder with --watch"),
    ],
)
def test_what_cannot_be_imported(
    touchline: Command, lines: Any, tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    """What is missing or does not fit is named at once, with an exit code, before anything is put in."""
    lines([_call(1)], "here.jsonl")
    lines([b"no,at", b"1,2"], "here.csv")
    lines([b"1"], "here.txt")
    said = touchline("import", *arguments, "--data", "data")
    assert said.exit_code == code, said.output
    assert message in said.stderr
    assert "━" not in said.stderr, "no bar of what was not begun"
    assert not (tmp_path / "data").exists()


def test_an_import_is_refused_while_workers_may_run(
    touchline: Command, lines: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With Kafka configured, an import is refused, because workers hold customers that it would change."""
    monkeypatch.setenv("TOUCHLINE_KAFKA", "127.0.0.1:9092")
    said = touchline("import", lines([_call(1)]), "--data", tmp_path / "data")
    assert said.exit_code == 2
    assert "start them again" in said.stderr
    assert not (tmp_path / "data").exists()


def test_json_says_what_was_done(
    touchline: Command, lines: Any, rules: Path, tmp_path: Path, with_store: Folder
) -> None:
    """A script reads counts, and nothing else is on standard output."""
    file = lines([_call(1), _call(1), _call(2)])
    said = touchline("import", file, "--data", with_store(tmp_path), "--rules", rules, "--json")
    assert said.exit_code == 0, said.output
    done = orjson.loads(said.stdout)
    assert done.pop("seconds") > 0
    assert done == {
        "files": 1,
        "rows": 3,
        "events": 3,
        "quarantined": 0,
        "withdrawn": 0,
        "unrefused": 0,
        "ambiguous": 0,
        "national": 0,
        "suppressed": 0,
        "stored": 2,
        "duplicates": 1,
        "conflicting": 0,
        "frictions": 1,
        "already": [],
        "empty": [],
        "resumed": {},
        "detected": {str(file): {}},
    }


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("import", "--watch", "no-such"), "--watch no-such: there is no such folder"),
        (("keys", "list", "--data", "no-such"), "--data no-such: there is no such folder"),
    ],
)
def test_a_missing_folder_is_named(touchline: Command, command: tuple[str, ...], said: str) -> None:
    """Nothing is said to go on in a folder that does not exist."""
    found = touchline(*command)
    assert (found.exit_code, found.stdout) == (2, "")
    assert said in found.stderr
